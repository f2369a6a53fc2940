//! `plugin.toml`: everything about a service that can be known without running it.
//!
//! It is the only home of routes and permissions. Reading one reports all its problems at once.

mod access;
mod asset;
mod check;
mod docker;
mod glance;
mod include;
mod migrations;
pub mod pattern;
mod problem;
mod raw;
mod route;
pub mod template;

#[cfg(test)]
mod tests;

pub use access::{Access, ParentRule, Role};
pub use asset::Asset;
pub use docker::DockerNeeds;
pub use glance::Glance;
pub use migrations::{Migration, MigrationFiles};
pub use pattern::{HostPattern, PathPattern, Segment};
pub use problem::Problem;
pub use route::{ErrorForm, Method, Permission, Route};
pub use template::Template;

use super::package::{FolderPackage, Package};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Uses of one instance that a manifest may ask for.
pub const MAX_REUSE: u32 = 128;

/// A service, as its manifest describes it. Everything in it has been checked.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// `[a-z][a-z0-9-]{0,40}`, unique among the loaded services.
    pub name: Arc<str>,
    pub version: String,
    pub title: String,
    /// File name of the component, beside `plugin.toml`.
    pub component: String,
    pub contract: Contract,
    /// Uses of one instance; 0 for a fresh one for each request.
    pub reuse: u32,
    /// Paths below which unknown is 404 and nobody else's fallback is asked. Without a slash at the end.
    pub prefixes: Vec<String>,
    /// Host names that belong to the service, for clients and for peers.
    pub hosts: Vec<HostPattern>,
    pub capabilities: Capabilities,
    pub docker: DockerNeeds,
    pub limits: Limits,
    /// Its own, then those of the included files.
    pub routes: Vec<Arc<Route>>,
    /// Files with more routes and roles, relative to `plugin.toml`.
    pub includes: Vec<String>,
    pub assets: Vec<Asset>,
    pub schedules: Vec<Schedule>,
    /// Services that name the same domain see each other's operations.
    pub operations_domain: Option<Arc<str>>,
    /// Permissions, roles, and parents that follow from names.
    pub access: Access,
    /// Variables that point clients here; see [`template::fill`] for what is replaced in the values.
    pub env: BTreeMap<String, String>,
    /// Arguments of a Terraform provider that point it here.
    pub terraform: BTreeMap<String, String>,
    pub migrations: MigrationFiles,
}

/// How the component wants to be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contract {
    /// The world `service` of `fogbank:service`.
    Fogbank,
    /// `wasi:http/incoming-handler@0.2`, unmodified.
    WasiHttp,
}

/// Something that a service has to ask for, and that the operator has to grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    Files,
    Database,
    Operations,
    Identity,
    /// Making the signer of a request its caller.
    Signers,
    /// Seeing what other services are loaded.
    Catalog,
    /// Containers, networks and volumes.
    Docker,
    Peers,
}

impl Capability {
    /// Every capability, in the order in which they are printed.
    pub const ALL: [Capability; 8] = [
        Capability::Files,
        Capability::Database,
        Capability::Operations,
        Capability::Identity,
        Capability::Signers,
        Capability::Catalog,
        Capability::Docker,
        Capability::Peers,
    ];

    /// The name in manifests and configuration, which is that of its WIT package or interface.
    pub fn name(self) -> &'static str {
        match self {
            Capability::Files => "files",
            Capability::Database => "database",
            Capability::Operations => "operations",
            Capability::Identity => "identity",
            Capability::Signers => "signers",
            Capability::Catalog => "catalog",
            Capability::Docker => "docker",
            Capability::Peers => "peers",
        }
    }

    /// The capability of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.name() == name)
    }
}

/// What a service asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    pub asked: BTreeSet<Capability>,
    pub peers: PeerHosts,
}

/// The hosts that a service may call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PeerHosts {
    #[default]
    None,
    /// Every host name that some manifest claims.
    Claimed,
    /// These, lower case.
    Listed(BTreeSet<String>),
}

impl PeerHosts {
    /// Whether `host` (lower case, without port) may be called.
    pub fn allows(&self, host: &str) -> bool {
        match self {
            PeerHosts::None => false,
            PeerHosts::Claimed => true,
            PeerHosts::Listed(hosts) => hosts.contains(host),
        }
    }
}

/// What one call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of linear memory.
    pub memory: u64,
    /// Time on a processor.
    pub cpu: Duration,
    /// Time without progress of any body.
    pub wall: Duration,
    /// Bytes of a request's body.
    pub body: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 128 << 20, cpu: Duration::from_secs(5), wall: Duration::from_secs(60), body: 5 << 40 }
    }
}

impl Limits {
    /// The smaller of each of two limits: a manifest's, and what the operator allows.
    pub fn capped(&self, cap: &Limits) -> Limits {
        Limits {
            memory: self.memory.min(cap.memory),
            cpu: self.cpu.min(cap.cpu),
            wall: self.wall.min(cap.wall),
            body: self.body.min(cap.body),
        }
    }
}

/// Work that is due again and again, without a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub name: String,
    pub every: Duration,
    /// Whether it is also due when the service has been loaded.
    pub at_start: bool,
}

impl Manifest {
    /// Reads and checks `plugin.toml` in `folder` and the migrations beside it.
    pub fn load(folder: &Path) -> Result<Manifest, Vec<Problem>> {
        Self::read(&FolderPackage(folder.to_owned()))
    }

    /// Reads and checks the manifest of a package, with what it includes.
    pub fn read(package: &dyn Package) -> Result<Manifest, Vec<Problem>> {
        let place = package.place();
        let text = text(package, "plugin.toml").map_err(|why| vec![Problem::at(&place, why)])?;
        let mut problems = problem::Problems::new(&place, &text);
        let mut raw = raw::RawManifest::parse(&text, &mut problems);
        if let Some(raw) = &mut raw {
            include::read(package, raw, &mut problems);
        }
        let migrations = migrations::read(package, &mut problems);
        let manifest = raw.and_then(|raw| check::manifest(raw, migrations, &mut problems));
        problems.finish(manifest)
    }
}

/// The text of a file of the package; the error is the rest of a sentence about it.
fn text(package: &dyn Package, path: &str) -> Result<String, String> {
    match package.read(path) {
        Ok(Some(bytes)) => String::from_utf8(bytes.into_owned()).map_err(|_| "is not UTF-8".into()),
        Ok(None) => Err("there is no such file".into()),
        Err(error) => Err(format!("cannot be read: {error}")),
    }
}
