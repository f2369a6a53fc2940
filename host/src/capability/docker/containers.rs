//! Running, changing and removing containers.

use super::Docker;
use super::archive::{Folders, NewFile, tar};
use super::client::Health;
use super::error::DockerError;
use super::names::Owner;
use super::spec;
use super::states::{Known, RunState};
use super::watch::Notice;
use crate::capability::context::clock::machine_now_ms;
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::{
    KillContainerOptionsBuilder, RemoveContainerOptionsBuilder, UploadToContainerOptionsBuilder,
};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often a container is looked for that the engine is removing already.
const LOOK: Duration = Duration::from_millis(50);

/// For so long after its start a container may miss the signal to stop, in milliseconds; and when it is said again.
const YOUNG_MS: u64 = 10_000;
const SAY_AGAIN: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

fn is_young(started_ms: u64) -> bool {
    machine_now_ms().saturating_sub(started_ms) < YOUNG_MS
}

impl Docker {
    /// The engine's id of a container of the owner's: known by its labels, not by its name.
    pub(super) async fn id_of(&self, owner: &Owner, name: &str) -> Result<Arc<str>, DockerError> {
        match self.states.get(owner, name) {
            Some(known) => {
                // What is known of an engine that is gone may be out of date.
                self.available().map(|()| Arc::clone(&known.id))
            }
            None => self.look_for(owner, name).await.map(|known| known.id),
        }
    }

    /// Asks the engine for a container that nothing is known of.
    async fn look_for(&self, owner: &Owner, name: &str) -> Result<Known, DockerError> {
        let ticket = self.states.ticket();
        let engine_name = self.installation.name(owner, name)?;
        let said = self.inspect(&engine_name).await?;
        let known = Known::read(&self.installation, said).filter(|known| (&known.owner, &*known.name) == (owner, name));
        let known = known.ok_or(DockerError::NotFound)?;
        self.note(ticket, known.clone());
        Ok(known)
    }

    pub(super) async fn inspect(&self, id: &str) -> Result<ContainerInspectResponse, DockerError> {
        self.client.quick(|engine| async move { Ok(engine.inspect_container(id, None).await?) }).await
    }

    /// Asks what a container does now, so that whoever looks next is told so.
    pub(super) async fn refresh(&self, id: &str) -> Result<(), DockerError> {
        let ticket = self.states.ticket();
        match self.inspect(id).await {
            Ok(said) => {
                if let Some(known) = Known::read(&self.installation, said) {
                    self.note(ticket, known);
                }
                Ok(())
            }
            Err(DockerError::NotFound) => {
                self.gone(id);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn gone(&self, id: &str) {
        if let Some(known) = self.forget(id) {
            self.heard(Notice::Changed(known.owner.clone(), BTreeSet::from([known.name.clone()])));
        }
    }

    /// Does something to a container of the owner's, at most for `limit`, and looks at it afterwards.
    async fn change<F>(
        &self,
        owner: &Owner,
        name: &str,
        limit: Duration,
        work: impl FnOnce(bollard::Docker, Arc<str>) -> F,
    ) -> Result<(), DockerError>
    where
        F: Future<Output = Result<(), DockerError>>,
    {
        let id = self.id_of(owner, name).await?;
        let outcome = self.client.call(limit, |engine| work(engine, Arc::clone(&id))).await;
        if outcome != Err(DockerError::NotFound) && matches!(self.client.health(), Health::Up(_)) {
            self.refresh(&id).await?;
        } else if outcome == Err(DockerError::NotFound) {
            self.gone(&id);
        }
        outcome
    }

    pub async fn start(&self, owner: &Owner, name: &str) -> Result<(), DockerError> {
        let start = |engine: bollard::Docker, id: Arc<str>| async move { Ok(engine.start_container(&id, None).await?) };
        self.change(owner, name, self.config.limits.call, start).await.map_err(|error| match error {
            // A container that it joins, a network that it is in: the engine calls all of it a conflict.
            DockerError::Conflict(why) => DockerError::Other(why),
            error => error,
        })
    }

    pub async fn stop(&self, owner: &Owner, name: &str) -> Result<(), DockerError> {
        let id = self.id_of(owner, name).await?;
        let known = self.states.by_id(&id);
        if known.as_ref().is_some_and(|known| known.state == RunState::Paused) {
            self.unpause(owner, name).await?;
        }
        let patience = Duration::from_secs(known.as_ref().map_or(10, |known| known.stop_seconds).into());
        let young = known.and_then(|known| known.started_ms).is_some_and(is_young);
        let stop = |engine: bollard::Docker, id: Arc<str>| async move { Ok(engine.stop_container(&id, None).await?) };
        tokio::select! {
            stopped = self.change(owner, name, self.config.limits.call + patience, stop) => stopped,
            never = self.say_again(&id), if young => match never {},
        }
    }

    /// Sends a container's signal to stop again: the kernel drops one that comes before the container's first process has said that it
    /// takes it.
    async fn say_again(&self, id: &str) -> Infallible {
        for pause in SAY_AGAIN {
            sleep(pause).await;
            if let Ok(said) = self.inspect(id).await {
                let signal = said.config.and_then(|config| config.stop_signal).unwrap_or_else(|| "SIGTERM".to_owned());
                let options = KillContainerOptionsBuilder::new().signal(&signal).build();
                let kill = |engine: bollard::Docker| async move { Ok(engine.kill_container(id, Some(options)).await?) };
                if let Err(error) = self.client.quick(kill).await {
                    tracing::debug!(%error, id, "it cannot be told to stop again");
                }
            }
        }
        std::future::pending().await
    }

    pub async fn kill(&self, owner: &Owner, name: &str, signal: &str) -> Result<(), DockerError> {
        let options = KillContainerOptionsBuilder::new().signal(signal).build();
        let kill =
            |engine: bollard::Docker, id: Arc<str>| async move { Ok(engine.kill_container(&id, Some(options)).await?) };
        self.change(owner, name, self.config.limits.call, kill).await
    }

    pub async fn pause(&self, owner: &Owner, name: &str) -> Result<(), DockerError> {
        let pause = |engine: bollard::Docker, id: Arc<str>| async move { Ok(engine.pause_container(&id).await?) };
        self.freeze(owner, name, RunState::Paused, pause).await
    }

    pub async fn unpause(&self, owner: &Owner, name: &str) -> Result<(), DockerError> {
        let unpause = |engine: bollard::Docker, id: Arc<str>| async move { Ok(engine.unpause_container(&id).await?) };
        self.freeze(owner, name, RunState::Running, unpause).await
    }

    /// Pauses, or goes on: fine where it is in that state, an error where it does not run at all.
    async fn freeze<F>(
        &self,
        owner: &Owner,
        name: &str,
        wanted: RunState,
        work: impl FnOnce(bollard::Docker, Arc<str>) -> F,
    ) -> Result<(), DockerError>
    where
        F: Future<Output = Result<(), DockerError>>,
    {
        let outcome = self.change(owner, name, self.config.limits.call, work).await;
        match self.states.get(owner, name).map(|known| known.state) {
            Some(state) if state == wanted => Ok(()),
            Some(RunState::Created | RunState::Stopped) => Err(DockerError::NotRunning),
            _ => outcome,
        }
    }

    /// Ends and removes a container; fine where it is not there.
    pub async fn remove(&self, owner: &Owner, name: &str) -> Result<(), DockerError> {
        match self.id_of(owner, name).await {
            Ok(id) => self.remove_id(&id).await,
            Err(error) => error.unless_gone(),
        }
    }

    /// Removes what has this id, with the volumes that have no name, and waits until it is gone.
    pub(super) async fn remove_id(&self, id: &str) -> Result<(), DockerError> {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        let remove = |engine: bollard::Docker| async move { Ok(engine.remove_container(id, Some(options)).await?) };
        match self.client.quick(remove).await {
            Ok(()) | Err(DockerError::NotFound) => {}
            // Somebody else is removing it.
            Err(DockerError::Conflict(_)) => self.wait_until_gone(id).await?,
            Err(error) => return Err(error),
        }
        self.gone(id);
        Ok(())
    }

    async fn wait_until_gone(&self, id: &str) -> Result<(), DockerError> {
        let looking = async {
            loop {
                match self.inspect(id).await {
                    Ok(_) => sleep(LOOK).await,
                    Err(error) => return error.unless_gone(),
                }
            }
        };
        timeout(self.config.limits.call, looking).await.unwrap_or(Err(DockerError::Timeout))
    }

    /// Waits for a container's end: its exit code.
    pub async fn wait(&self, owner: &Owner, name: &str, limit: Duration) -> Result<i32, DockerError> {
        self.id_of(owner, name).await?;
        let mut changes = self.states.changes();
        let ended = async {
            loop {
                let known = self.states.get(owner, name).ok_or(DockerError::NotFound)?;
                if known.state == RunState::Stopped {
                    return Ok(known.exit_code.unwrap_or_default());
                }
                tokio::select! {
                    _ = changes.changed() => {}
                    why = self.client.went_down() => return Err(DockerError::Unavailable(why.to_string())),
                }
            }
        };
        timeout(limit, ended).await.unwrap_or(Err(DockerError::Timeout))
    }

    pub async fn set_limits(&self, owner: &Owner, name: &str, limits: spec::Limits) -> Result<(), DockerError> {
        let body = limits.update();
        let update =
            |engine: bollard::Docker, id: Arc<str>| async move { Ok(engine.update_container(&id, body).await?) };
        self.change(owner, name, self.config.limits.call, update).await
    }

    pub async fn put_files(&self, owner: &Owner, name: &str, files: &[NewFile]) -> Result<(), DockerError> {
        let id = self.id_of(owner, name).await?;
        self.put(&id, files).await
    }

    pub(super) async fn put(&self, id: &str, files: &[NewFile]) -> Result<(), DockerError> {
        if files.is_empty() {
            return Ok(());
        }
        let archive = bollard::body_full(tar(files, Folders::Implied)?);
        let options = UploadToContainerOptionsBuilder::new().path("/").build();
        let put =
            |engine: bollard::Docker| async move { Ok(engine.upload_to_container(id, Some(options), archive).await?) };
        self.client.call(self.config.limits.transfer, put).await
    }

    /// The state of each, none for what is not there; does not wait for the engine.
    pub fn states(&self, owner: &Owner, names: &[String]) -> Result<Vec<Option<Arc<Known>>>, DockerError> {
        self.available()?;
        Ok(names.iter().map(|name| self.states.get(owner, name)).collect())
    }

    /// All of the owner's whose names begin with `prefix`; does not wait for the engine.
    pub fn list(&self, owner: &Owner, prefix: &str) -> Result<Vec<Arc<Known>>, DockerError> {
        self.available()?;
        Ok(self.states.list(owner, prefix))
    }
}
