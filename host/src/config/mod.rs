//! What the operator decides: `fogbank.toml`, then `FOGBANK_*`, then flags, in order of growing weight.
//!
//! Every value is checked at start, and everything that is wrong is reported at once, each with where it was written.

mod check;
mod docker;
mod keys;
mod layers;
pub mod origin;
mod plugins;
pub mod units;

#[cfg(test)]
mod tests;

pub use keys::{KEYS, Key};
pub use layers::{ConfigErrors, Layers};
pub use origin::Origins;
pub use plugins::{Grants, PluginConfig};

use crate::capability::docker::DockerConfig;
use crate::plugin::manifest::Limits;
use crate::tenant::Quotas;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// The whole configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    pub tls: Tls,
    /// More names and addresses of the self-signed certificate.
    pub tls_names: Vec<String>,
    pub data: DataFolder,
    pub database: Database,
    /// Services from a folder, added to the embedded ones or in place of them.
    pub plugins_dir: Option<PathBuf>,
    /// Whether changes in `plugins_dir` are taken up while running.
    pub watch: bool,
    /// Requests to play before the server is ready.
    pub seed: Option<PathBuf>,
    pub log_format: LogFormat,
    /// Of `tracing_subscriber::EnvFilter`.
    pub log: String,
    pub default_project: String,
    /// Who may set `X-Forwarded-*`.
    pub trusted_proxies: Vec<IpAddr>,
    /// Who may call from a browser.
    pub cors_origins: Origins,
    /// Whether callers have to say who they are, and whether they are asked.
    pub auth: AuthMode,
    pub metrics: MetricsAccess,
    /// Who may do everything, as in a policy's members.
    pub administrators: Vec<String>,
    /// Bytes that stay free on the disk.
    pub disk_reserve: u64,
    pub limits: ServerLimits,
    /// Bounds of what a manifest may ask for.
    pub plugin_caps: Limits,
    /// Of tenants that have none of their own.
    pub quotas: Quotas,
    pub max_tenants: usize,
    /// Databases that are open at once.
    pub max_databases: usize,
    /// Whether services from `plugins_dir` get what they ask for, or only what is granted by name.
    pub explicit_grants: bool,
    /// The container engine.
    pub docker: DockerConfig,
    pub plugins: BTreeMap<String, PluginConfig>,
    /// What points every client here, whatever service it calls; see [`crate::plugin::manifest::template::fill`].
    pub env: BTreeMap<String, String>,
}

/// Where the data lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataFolder {
    /// Stays.
    At(PathBuf),
    /// A temporary folder, removed at the end.
    Ephemeral,
}

/// Who may read the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsAccess {
    Open,
    /// Programs on this machine while authentication is off, and administrators otherwise.
    Local,
    Administrators,
}

/// Whether connections are encrypted, and with which certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// Clear HTTP.
    Off,
    /// One that is made once and kept in the data folder.
    SelfSigned,
    /// The operator's, in PEM: the chain that begins with the server's own, and its key.
    Files { certificate: PathBuf, key: PathBuf },
}

/// What services' databases are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// One file for each tenant and service, in the data folder.
    Sqlite,
    /// The URL of a PostgreSQL server and database.
    Postgres(String),
}

/// What the log looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Human,
    Json,
}

/// Whether callers are asked who they are and whether they may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthMode {
    /// Any or no credential is accepted, and nobody is asked.
    Off,
    /// A request with a credential is verified and decided; one without is allowed everything.
    Optional,
    /// Each request is decided; one without a credential is anybody's.
    Required,
    /// As required, but everything is allowed, and what would have been refused is logged and counted.
    Audit,
}

/// What one server takes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLimits {
    /// Bytes of a request's head.
    pub max_head: usize,
    pub max_connections: usize,
    /// Until a connection has sent its request's head.
    pub header_timeout: Duration,
    /// How long a body may stand still.
    pub idle: Duration,
    /// Bytes of a body, whatever the route allows.
    pub max_body: u64,
    /// Requests at once, all tenants together.
    pub in_flight: usize,
    /// Requests of one caller in a second; as many may come at once.
    pub per_caller: Option<u32>,
    /// How long a stopping server waits for requests in hand.
    pub drain: Duration,
}

impl Config {
    /// Puts the layers together and checks the result.
    pub fn from_layers(layers: Layers) -> Result<Self, ConfigErrors> {
        check::config(layers)
    }

    /// What a service gets of what it asks for. `embedded` is whether it came in this binary.
    pub fn grants(&self, plugin: &str, embedded: bool) -> Grants {
        match self.plugins.get(plugin).and_then(|plugin| plugin.grant.clone()) {
            Some(listed) => Grants::Listed(listed),
            None if self.explicit_grants && !embedded => Grants::Listed(Default::default()),
            None => Grants::AsAsked,
        }
    }

    /// Whether the operator switched a service off.
    pub fn is_enabled(&self, plugin: &str) -> bool {
        self.plugins.get(plugin).is_none_or(|plugin| plugin.enabled)
    }
}
