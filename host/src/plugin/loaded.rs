//! One version of one service, compiled and linked, ready to be instantiated.

use super::assets::Assets;
use super::bindings::exports::fogbank::identity::authority::GuestIndices as AuthorityIndices;
use super::bindings::exports::fogbank::operations::runner::GuestIndices;
use super::compile::Compiler;
use super::linker::{self, Grants};
use super::manifest::{Contract, Manifest, MigrationFiles};
use super::package::Package;
use super::registry::Policy;
use super::reuse::ReusePool;
use super::state::State;
use super::{contract, engine};
use crate::capability::database::{Migration, Migrations};
use crate::capability::docker::{DockerUse, Right};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wasmtime::Engine;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};
use wasmtime_wasi_http::p2::bindings::ProxyPre;

/// A service that can serve.
pub struct LoadedPlugin {
    pub manifest: Arc<Manifest>,
    pub name: Arc<str>,
    /// The first half of the digest of manifest, included files, component and assets: changes when one of them does.
    pub revision: String,
    pub settings: Arc<Map<String, Value>>,
    pub migrations: Arc<Migrations>,
    /// What the manifest's `[[asset]]` files hold.
    pub assets: Arc<Assets>,
    /// What it has of the container engine.
    pub docker: Arc<DockerUse>,
    /// Bytes of linear memory that an instance may have.
    pub memory: u64,
    pub(super) entry: Entry,
    pub(super) reuse: ReusePool,
    running: AtomicUsize,
}

/// How a call gets into the guest.
pub(super) enum Entry {
    /// The world `fogbank:service/service`.
    Fogbank {
        pre: InstancePre<State>,
        handle: ComponentExportIndex,
        runner: Option<GuestIndices>,
        authority: Option<AuthorityIndices>,
    },
    /// `wasi:http/incoming-handler@0.2`.
    WasiHttp(ProxyPre<State>),
}

/// Calls of one version that are under way; dropped, it counts down.
pub struct Running(Arc<LoadedPlugin>);

impl LoadedPlugin {
    /// Compiles and links `package`, whose manifest was read; of what it asks for, what `policy` allows is in force. The
    /// error has every problem found, each a sentence for the operator.
    pub async fn load(
        engine: &Engine,
        compiler: &Compiler,
        package: &dyn Package,
        manifest: Manifest,
        policy: Policy,
    ) -> Result<Arc<Self>, Vec<String>> {
        let one = |problem: String| vec![problem];
        let wasm = read_component(package, &manifest).map_err(one)?;
        contract::check(&wasm).map_err(one)?;
        let component = compiler.compile(engine, &wasm).await.map_err(one)?;
        let grants = Grants::of(manifest.capabilities.asked.intersection(&policy.granted).copied());
        let missing = linker::missing(engine, &component, grants);
        if !missing.is_empty() {
            return Err(missing);
        }
        let linker = linker::build(engine, grants).map_err(|error| one(format!("{error:#}")))?;
        let pre = linker.instantiate_pre(&component).map_err(|error| one(format!("does not link: {error:#}")))?;
        check_memory(&manifest)?;
        let assets = Assets::read(package, &manifest)?;
        let entry = Entry::find(&manifest, &component, pre).map_err(one)?;
        Ok(Arc::new(Self {
            name: Arc::clone(&manifest.name),
            revision: revision(package, &manifest, &wasm, &assets),
            reuse: ReusePool::new(manifest.reuse),
            settings: Arc::new(policy.settings),
            memory: manifest.limits.memory.min(policy.memory),
            migrations: Arc::new(migrations(&manifest.migrations).map_err(one)?),
            assets: Arc::new(assets),
            docker: Arc::new(docker_use(&manifest, &policy.docker_rights)),
            manifest: Arc::new(manifest),
            entry,
            running: AtomicUsize::new(0),
        }))
    }

    /// Whether it exports `fogbank:operations/runner`.
    pub fn has_runner(&self) -> bool {
        matches!(self.entry, Entry::Fogbank { runner: Some(_), .. })
    }

    /// Whether it exports `fogbank:identity/authority`.
    pub fn is_authority(&self) -> bool {
        matches!(self.entry, Entry::Fogbank { authority: Some(_), .. })
    }

    /// Drops what is kept of `tenant`, which is going away.
    pub fn forget_tenant(&self, tenant: &str) {
        self.reuse.forget(tenant);
    }

    /// Calls that are under way.
    pub fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Counts a call until the value is dropped.
    pub fn enter(self: &Arc<Self>) -> Running {
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(self))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The steps of both backends, side by side; the manifest's reader has seen to it that they have the same numbers.
fn migrations(files: &MigrationFiles) -> Result<Migrations, String> {
    let steps = files.sqlite.iter().zip(&files.postgres).map(|(sqlite, postgres)| Migration {
        version: i64::from(sqlite.number),
        name: sqlite.name.clone(),
        sqlite: sqlite.sql.clone(),
        postgres: postgres.sql.clone(),
    });
    Migrations::new(steps.collect())
}

fn read_component(package: &dyn Package, manifest: &Manifest) -> Result<Cow<'static, [u8]>, String> {
    match package.read(&manifest.component) {
        Ok(Some(wasm)) => Ok(wasm),
        Ok(None) => Err(format!("there is no {} beside plugin.toml", manifest.component)),
        Err(error) => Err(format!("{} cannot be read: {error}", manifest.component)),
    }
}

/// The first half of the digest of everything that makes up a version.
fn revision(package: &dyn Package, manifest: &Manifest, wasm: &[u8], assets: &Assets) -> String {
    let mut digest = Sha256::new();
    for file in std::iter::once("plugin.toml").chain(manifest.includes.iter().map(String::as_str)) {
        digest.update(package.read(file).ok().flatten().unwrap_or_default());
    }
    digest.update(wasm);
    assets.iter().for_each(|(_, bytes)| digest.update(bytes));
    hex::encode(&digest.finalize()[..16])
}

/// What the manifest asks for, as far as the operator allows it.
fn docker_use(manifest: &Manifest, allowed: &BTreeSet<Right>) -> DockerUse {
    let needs = &manifest.docker;
    DockerUse { domain: Arc::clone(&needs.domain), rights: needs.rights.intersection(allowed).copied().collect() }
}

fn check_memory(manifest: &Manifest) -> Result<(), Vec<String>> {
    if manifest.limits.memory > engine::MAX_MEMORY {
        return Err(vec![format!("limits.memory is more than this host's {} bytes", engine::MAX_MEMORY)]);
    }
    Ok(())
}

impl Entry {
    fn find(manifest: &Manifest, component: &Component, pre: InstancePre<State>) -> Result<Self, String> {
        if manifest.contract == Contract::WasiHttp {
            let pre = ProxyPre::new(pre).map_err(|error| format!("is no WASI HTTP 0.2 component: {error:#}"))?;
            return Ok(Self::WasiHttp(pre));
        }
        let handle = component.get_export_index(None, "handle").ok_or("exports no function `handle`")?;
        let runner = GuestIndices::new(&pre).ok();
        if runner.is_none() && !manifest.schedules.is_empty() {
            return Err("has schedules in plugin.toml and exports no fogbank:operations/runner".into());
        }
        let authority = AuthorityIndices::new(&pre).ok();
        Ok(Self::Fogbank { pre, handle, runner, authority })
    }
}
