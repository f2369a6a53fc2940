//! `fogbank:docker/docker` for the guest.

use super::archive::NewFile;
use super::error::DockerError;
use super::names::Owner;
use super::states::{Known, RunState};
use super::{Docker, exec, forwards, networks, spec};
use crate::capability::http::Body;
use crate::plugin::bindings::fogbank::docker::docker::{self as wit, Error, Host};
use crate::plugin::state::State;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::Result;
use wasmtime::component::Resource;

type Answer<T> = Result<std::result::Result<T, Error>>;

/// The longest that a guest may wait for a command or a container.
const LONGEST: Duration = Duration::from_secs(3600);

impl State {
    /// The capability, and whose things are meant.
    fn docker(&self) -> (Arc<Docker>, Owner) {
        let owner =
            Owner { tenant: Arc::clone(&self.scope.tenant.name), domain: Arc::clone(&self.scope.docker.domain) };
        let docker = Arc::clone(&self.scope.process.docker);
        docker.watch();
        (docker, owner)
    }

    /// Does something that may take its time: each call of the engine has a limit of its own.
    async fn with_docker<T, F>(&mut self, work: impl FnOnce(Arc<Docker>, Owner) -> F + Send) -> Answer<T>
    where
        F: Future<Output = std::result::Result<T, DockerError>> + Send,
        T: Send,
    {
        let (docker, owner) = self.docker();
        Ok(self.call.progress.during(work(docker, owner)).await.map_err(Error::from))
    }

    fn new_files(&self, files: Vec<wit::File>) -> std::result::Result<Vec<NewFile>, DockerError> {
        files.into_iter().map(|file| self.new_file(file)).collect()
    }

    fn new_file(&self, file: wit::File) -> std::result::Result<NewFile, DockerError> {
        let wit::File { path, mode, content } = file;
        let content = match content {
            wit::Content::Bytes(bytes) => bytes.into(),
            wit::Content::Asset(name) => {
                let asset = self.scope.assets.get(&name);
                asset.ok_or_else(|| DockerError::Other(format!("the manifest has no asset `{name}`")))?
            }
        };
        Ok(NewFile { path, mode, content })
    }
}

/// Gives an error of ours back to the guest.
macro_rules! attempt {
    ($outcome:expr) => {
        match $outcome {
            Ok(value) => value,
            Err(error) => return Ok(Err(Error::from(error))),
        }
    };
}

impl Host for State {
    async fn get_backend(&mut self) -> Result<wit::Backend> {
        Ok(match self.scope.process.docker.has_engine() {
            true => wit::Backend::Engine,
            false => wit::Backend::Records,
        })
    }

    async fn available(&mut self) -> Answer<()> {
        Ok(self.docker().0.available().map_err(Error::from))
    }

    #[tracing::instrument(level = "debug", name = "docker.ensure-image", skip(self))]
    async fn ensure_image(&mut self, name: String, pull: bool) -> Answer<String> {
        self.with_docker(|docker, _| async move { docker.ensure_image(&name, pull).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.import-image", skip(self, files))]
    async fn import_image(&mut self, name: String, files: Vec<wit::File>) -> Answer<()> {
        let files = attempt!(self.new_files(files));
        self.with_docker(|docker, owner| async move { docker.import_image(&owner, &name, &files).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.commit", skip(self))]
    async fn commit(&mut self, container: String, image: String) -> Answer<()> {
        self.with_docker(|docker, owner| async move { docker.commit(&owner, &container, &image).await }).await
    }

    async fn image_size(&mut self, image: String) -> Answer<Option<u64>> {
        self.with_docker(|docker, owner| async move { docker.image_size(&owner, &image).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.remove-image", skip(self))]
    async fn remove_image(&mut self, image: String) -> Answer<()> {
        self.with_docker(|docker, owner| async move { docker.remove_image(&owner, &image).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.create-network", skip(self))]
    async fn create_network(&mut self, name: String) -> Answer<wit::Network> {
        self.with_docker(|docker, owner| async move { docker.create_network(&owner, &name).await.map(Into::into) })
            .await
    }

    async fn get_network(&mut self, name: String) -> Answer<wit::Network> {
        self.with_docker(|docker, owner| async move { docker.own_network(&owner, &name).await.map(Into::into) }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.remove-network", skip(self))]
    async fn remove_network(&mut self, name: String) -> Answer<()> {
        self.with_docker(|docker, owner| async move { docker.remove_network(&owner, &name).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.connect", skip(self))]
    async fn connect(&mut self, container: String, network: String) -> Answer<()> {
        self.with_docker(|docker, owner| async move { docker.connect(&owner, &container, &network).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.disconnect", skip(self))]
    async fn disconnect(&mut self, container: String, network: String) -> Answer<()> {
        self.with_docker(|docker, owner| async move { docker.disconnect(&owner, &container, &network).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.create-volume", skip(self))]
    async fn create_volume(&mut self, name: String) -> Answer<()> {
        self.with_docker(|docker, owner| async move { docker.create_volume(&owner, &name).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.remove-volume", skip(self))]
    async fn remove_volume(&mut self, name: String) -> Answer<()> {
        self.with_docker(|docker, owner| async move { docker.remove_volume(&owner, &name).await }).await
    }

    async fn list_volumes(&mut self) -> Answer<Vec<String>> {
        self.with_docker(|docker, owner| async move { docker.list_volumes(&owner).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.create-container", skip_all, fields(name = new.name))]
    async fn create_container(&mut self, new: wit::NewContainer) -> Answer<()> {
        let granted = Arc::clone(&self.scope.docker);
        let most = self.scope.tenant.quotas.containers;
        let mut new = new;
        let files = attempt!(self.new_files(std::mem::take(&mut new.files)));
        let new = spec::NewContainer { files, ..new.into() };
        self.with_docker(|docker, owner| async move { docker.create(&owner, &granted, new, most).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.start-container", skip(self))]
    async fn start_container(&mut self, name: String) -> Answer<()> {
        self.with_docker(|docker, owner| async move { docker.start(&owner, &name).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.stop-container", skip(self))]
    async fn stop_container(&mut self, name: String) -> Answer<()> {
        self.with_docker(|docker, owner| async move { docker.stop(&owner, &name).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.kill-container", skip(self))]
    async fn kill_container(&mut self, name: String, signal: String) -> Answer<()> {
        self.with_docker(|docker, owner| async move { docker.kill(&owner, &name, &signal).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.pause-container", skip(self))]
    async fn pause_container(&mut self, name: String) -> Answer<()> {
        self.with_docker(|docker, owner| async move { docker.pause(&owner, &name).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.unpause-container", skip(self))]
    async fn unpause_container(&mut self, name: String) -> Answer<()> {
        self.with_docker(|docker, owner| async move { docker.unpause(&owner, &name).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.remove-container", skip(self))]
    async fn remove_container(&mut self, name: String) -> Answer<()> {
        self.with_docker(|docker, owner| async move { docker.remove(&owner, &name).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.wait-container", skip(self))]
    async fn wait_container(&mut self, name: String, timeout_ms: u64) -> Answer<i32> {
        let limit = Duration::from_millis(timeout_ms).min(LONGEST);
        self.with_docker(|docker, owner| async move { docker.wait(&owner, &name, limit).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.set-limits", skip(self))]
    async fn set_limits(&mut self, name: String, limits: wit::Limits) -> Answer<()> {
        self.with_docker(|docker, owner| async move { docker.set_limits(&owner, &name, limits.into()).await }).await
    }

    async fn states(&mut self, names: Vec<String>) -> Answer<Vec<Option<wit::Container>>> {
        let (docker, owner) = self.docker();
        let known = attempt!(docker.known().await.and_then(|()| docker.states(&owner, &names)));
        Ok(Ok(known.into_iter().map(|known| known.map(|known| shown(&known))).collect()))
    }

    async fn list_containers(&mut self, prefix: String) -> Answer<Vec<wit::Container>> {
        let (docker, owner) = self.docker();
        let known = attempt!(docker.known().await.and_then(|()| docker.list(&owner, &prefix)));
        Ok(Ok(known.iter().map(|known| shown(known)).collect()))
    }

    #[tracing::instrument(level = "debug", name = "docker.put-files", skip(self, files))]
    async fn put_files(&mut self, container: String, files: Vec<wit::File>) -> Answer<()> {
        let files = attempt!(self.new_files(files));
        self.with_docker(|docker, owner| async move { docker.put_files(&owner, &container, &files).await }).await
    }

    // What is run may hold secrets.
    #[tracing::instrument(level = "debug", name = "docker.exec", skip(self, command))]
    async fn exec(&mut self, container: String, command: wit::Command) -> Answer<wit::Outcome> {
        let wit::Command { arguments, environment, stdin, timeout_ms } = command;
        let timeout = Duration::from_millis(timeout_ms).min(LONGEST);
        let command = exec::Command { arguments, environment, stdin, timeout };
        let run = |docker: Arc<Docker>, owner| async move {
            let exec::Outcome { exit_code, stdout, stderr } = docker.exec(&owner, &container, command).await?;
            Ok(wit::Outcome { exit_code, stdout, stderr })
        };
        self.with_docker(run).await
    }

    #[tracing::instrument(level = "debug", name = "docker.logs", skip(self))]
    async fn logs(&mut self, container: String) -> Answer<Resource<Body>> {
        let logs = self.with_docker(|docker, owner| async move { docker.logs(&owner, &container).await }).await?;
        Ok(match logs {
            Ok(body) => Ok(self.table.push(body)?),
            Err(error) => Err(error),
        })
    }

    #[tracing::instrument(level = "debug", name = "docker.set-forwards", skip(self))]
    async fn set_forwards(&mut self, container: String, forwards: Vec<wit::Forward>) -> Answer<Vec<Option<String>>> {
        let wanted: Vec<_> = forwards
            .into_iter()
            .map(|wit::Forward { address, port, target_port }| forwards::Forward { address, port, target_port })
            .collect();
        self.with_docker(|docker, owner| async move { docker.set_forwards(&owner, &container, &wanted).await }).await
    }

    #[tracing::instrument(level = "debug", name = "docker.get-endpoint", skip(self))]
    async fn get_endpoint(&mut self, container: String) -> Answer<wit::Endpoint> {
        let get = |docker: Arc<Docker>, owner| async move {
            docker.endpoint(&owner, &container).await.map(|(url, token)| wit::Endpoint { url, token })
        };
        self.with_docker(get).await
    }

    async fn calling_container(&mut self) -> Result<Option<String>> {
        let calling = self.call.container.as_ref();
        Ok(calling.filter(|calling| calling.domain == self.scope.docker.domain).map(|calling| calling.name.to_string()))
    }
}

fn shown(known: &Known) -> wit::Container {
    let running = matches!(known.state, RunState::Running | RunState::Paused);
    let addresses = known.networks.iter().filter_map(|(name, address)| Some((name.clone(), (*address)?.to_string())));
    wit::Container {
        name: known.name.clone(),
        state: match known.state {
            RunState::Created => wit::State::Created,
            RunState::Running => wit::State::Running,
            RunState::Paused => wit::State::Paused,
            RunState::Stopped => wit::State::Stopped,
        },
        exit_code: known.exit_code,
        out_of_memory: known.out_of_memory,
        started_ms: known.started_ms,
        ended_ms: known.ended_ms,
        labels: known.labels.clone(),
        addresses: if running { addresses.collect() } else { Vec::new() },
    }
}

impl From<DockerError> for Error {
    fn from(error: DockerError) -> Self {
        match error {
            DockerError::Unavailable(why) => Error::Unavailable(why),
            DockerError::NotFound => Error::NotFound,
            DockerError::Conflict(what) => Error::Conflict(what),
            DockerError::InUse(what) => Error::InUse(what),
            DockerError::NotRunning => Error::NotRunning,
            DockerError::NoImage(how) => Error::NoImage(how),
            DockerError::NotAllowed(why) => Error::NotAllowed(why),
            DockerError::Quota(why) => Error::Quota(why),
            DockerError::NoSpace => Error::NoSpace,
            DockerError::Timeout => Error::Timeout,
            DockerError::Other(text) => Error::Other(text),
        }
    }
}

impl From<networks::Network> for wit::Network {
    fn from(network: networks::Network) -> Self {
        wit::Network { range: network.range, gateway: network.gateway.to_string() }
    }
}

impl From<wit::Limits> for spec::Limits {
    fn from(limits: wit::Limits) -> Self {
        let wit::Limits { memory_bytes, cpu_millis, processes } = limits;
        Self { memory_bytes, cpu_millis, processes }
    }
}

impl From<wit::NewContainer> for spec::NewContainer {
    /// All of it but the files.
    fn from(new: wit::NewContainer) -> Self {
        let mount = |wit::Mount { volume, path, read_only }| spec::Mount { volume, path, read_only };
        Self {
            name: new.name,
            image: match new.image {
                wit::ImageOf::Mapped(name) => spec::ImageOf::Mapped(name),
                wit::ImageOf::Own(name) => spec::ImageOf::Own(name),
            },
            command: new.command,
            environment: new.environment,
            labels: new.labels,
            hostname: new.hostname,
            networking: match new.networking {
                wit::Networking::None => spec::Networking::None,
                wit::Networking::Network(name) => spec::Networking::Network(name),
                wit::Networking::Container(name) => spec::Networking::Container(name),
            },
            dns: new.dns,
            dns_search: new.dns_search,
            mounts: new.mounts.into_iter().map(mount).collect(),
            files: Vec::new(),
            limits: new.limits.into(),
            administers_network: new.administers_network,
            stop_signal: new.stop_signal,
            stop_seconds: new.stop_seconds,
        }
    }
}
