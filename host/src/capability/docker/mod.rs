//! `fogbank:docker`: containers, networks and volumes of a container engine, those of one domain in one tenant. Granted with
//! `docker = true`; `[docker]` of the manifest names the domain, and what of [`Right`] the service asks for.
//!
//! - [`client`]: whether the engine answers, and calls that end whatever it does.
//! - [`names`]: what things are called at the engine, and the labels by which they are known again.
//! - [`states`], [`watch`]: what is known of containers, and how it is heard.
//! - [`create`], [`containers`], [`spec`], [`networks`], [`ranges`], [`images`], [`volumes`], [`archive`], [`exec`]: what services do.
//! - [`forwards`], [`endpoint`]: ways between the host and containers.

mod archive;
pub mod client;
mod config;
mod containers;
mod create;
mod endpoint;
mod error;
mod exec;
mod forwards;
mod host;
mod images;
mod names;
mod networks;
mod ranges;
mod spec;
mod states;
mod tenants;
mod volumes;
mod watch;

pub use config::{Backend, DockerConfig, DockerLimits, ImagePolicy, Right};
pub use endpoint::{Calling, Door};
pub use error::DockerError;
pub use ranges::Pool;
pub use watch::{Heard, Notice};

use crate::capability::docker::client::Client;
use endpoint::Endpoints;
use forwards::Forwards;
use names::Installation;
use states::States;
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use tokio::sync::Mutex as AsyncMutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What of the capability a service has: from its manifest, as far as the operator allows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerUse {
    /// Services that name the same one share what they make.
    pub domain: Arc<str>,
    pub rights: BTreeSet<Right>,
}

/// The capability in this process.
pub struct Docker {
    pub config: DockerConfig,
    client: Client,
    installation: Installation,
    states: States,
    /// Where it keeps what has to outlive the process.
    folder: PathBuf,
    /// Held while a network is made: the engine lets two have one name.
    making_network: AsyncMutex<()>,
    /// Images that are being pulled, by the engine's names.
    pulls: Mutex<HashMap<String, Arc<AsyncMutex<()>>>>,
    /// Containers that are being made, by tenant.
    making: Mutex<HashMap<Arc<str>, u32>>,
    forwards: Forwards,
    endpoints: Endpoints,
    heard: OnceLock<Arc<dyn Heard>>,
    watching: OnceLock<()>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Docker {
    /// The capability, which has not looked for an engine yet. `folder` is its own, `secret` the data folder's.
    pub fn new(config: DockerConfig, secret: &[u8], folder: PathBuf) -> Self {
        let client = Client::new(client::host(config.host.as_deref()), config.limits);
        if config.backend == Backend::Records {
            client.is_down(&records_only());
        }
        Self {
            client,
            installation: Installation::of(secret),
            states: States::default(),
            endpoints: Endpoints::new(folder.join("endpoints.json")),
            folder,
            making_network: AsyncMutex::default(),
            pulls: Mutex::default(),
            making: Mutex::default(),
            forwards: Forwards::default(),
            heard: OnceLock::new(),
            watching: OnceLock::new(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            config,
        }
    }

    /// Whether there is an engine by the operator's decision.
    pub fn has_engine(&self) -> bool {
        self.config.backend == Backend::Engine
    }

    /// Looks for the engine from now on, and listens to it. Once is enough.
    pub fn watch(self: &Arc<Self>) {
        if self.has_engine() && self.watching.set(()).is_ok() {
            self.tasks.spawn(watch::watch(Arc::clone(self)));
        }
    }

    /// Waits until it is known whether the engine answers, for as long as one may be silent.
    pub async fn first_word(&self) {
        if self.has_engine() {
            self.client.first_word().await;
        }
    }

    /// Who is told what is heard of containers.
    pub fn tell(&self, heard: Arc<dyn Heard>) {
        // Set once, at start.
        let _ = self.heard.set(heard);
    }

    /// Whether the engine answers, as last heard.
    pub fn available(&self) -> Result<(), DockerError> {
        self.client.available()
    }

    /// Waits until the engine has been looked for, which it is right after the start.
    pub async fn known(&self) -> Result<(), DockerError> {
        self.client.known().await.map(|_| ())
    }

    /// Ends everything that was started. Containers go on.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

fn records_only() -> DockerError {
    DockerError::Unavailable("this server keeps machines as records (compute = metadata)".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// The capability with an engine that is not there.
    pub fn docker(folder: &Path) -> Arc<Docker> {
        with(folder, Backend::Engine)
    }

    fn with(folder: &Path, backend: Backend) -> Arc<Docker> {
        let config = DockerConfig {
            backend,
            host: Some("unix:///nowhere/docker.sock".into()),
            images: ImagePolicy::default(),
            pool: Pool::parse("198.18.0.0/15").expect("a pool"),
            rights: BTreeSet::new(),
            limits: DockerLimits::default(),
        };
        Arc::new(Docker::new(config, b"secret", folder.join("docker")))
    }

    #[tokio::test]
    async fn f07_without_an_engine_everything_says_so_at_once_and_a_tenant_can_go() {
        let folder = tempfile::tempdir().expect("folder");
        let docker = docker(folder.path());
        docker.watch();
        let began = std::time::Instant::now();
        let owner = states::tests::owner("blue");
        let gone = |outcome: Result<(), DockerError>| matches!(outcome, Err(DockerError::Unavailable(why)) if why.contains("/nowhere/"));
        assert!(gone(docker.remove(&owner, "a").await));
        assert!(gone(docker.start(&owner, "a").await));
        assert!(gone(docker.available()));
        assert!(gone(docker.states(&owner, &[]).map(|_| ())));
        assert!(gone(docker.create_volume(&owner, "v").await));
        assert!(docker.remove_tenant("blue").await.is_ok(), "it has made nothing");
        tokio::fs::create_dir_all(folder.path().join("docker/tenants")).await.expect("a folder");
        tokio::fs::write(folder.path().join("docker/tenants/blue"), b"").await.expect("a mark");
        assert!(gone(docker.remove_tenant("blue").await), "it has made something");
        assert!(began.elapsed() < std::time::Duration::from_secs(1), "{:?}", began.elapsed());
        docker.shutdown().await;
    }

    #[tokio::test]
    async fn records_stand_for_an_engine_only_where_the_operator_says_so() {
        let folder = tempfile::tempdir().expect("folder");
        let records = with(folder.path(), Backend::Records);
        records.watch();
        assert!(!records.has_engine());
        assert!(matches!(records.available(), Err(DockerError::Unavailable(why)) if why.contains("records")));
        assert!(records.remove_volume(&states::tests::owner("blue"), "v").await.is_err());
        records.shutdown().await;
    }
}
