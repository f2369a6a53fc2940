//! Making, running and removing containers.

use super::Docker;
use super::archive::{Folders, NewFile, tar};
use super::client::Health;
use super::error::DockerError;
use super::names::{Labels, Owner, SPEC};
use super::spec::{Made, NewContainer};
use super::states::{Known, RunState};
use super::watch::Notice;
use super::{DockerUse, spec};
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, KillContainerOptionsBuilder, RemoveContainerOptionsBuilder,
    UploadToContainerOptionsBuilder,
};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often a create is tried that is always overtaken by somebody else's.
const TRIES: u32 = 3;

/// How often a container is looked for that the engine is removing already.
const LOOK: Duration = Duration::from_millis(50);

/// What is to be done about a container that has the name already.
enum Found {
    /// It is as asked for.
    Same(Known),
    /// It is ours and differs, and does not run.
    Replace(String),
}

impl Docker {
    /// Makes a container, or gives the one that is there where it is as asked for. `most` is how many the tenant may have.
    pub async fn create(
        &self,
        owner: &Owner,
        granted: &DockerUse,
        new: NewContainer,
        most: Option<u32>,
    ) -> Result<(), DockerError> {
        self.mark(&owner.tenant).await?;
        let made = spec::make(self, owner, granted, &new).await?;
        let engine_name = self.installation.name(owner, &new.name)?;
        for _ in 0..TRIES {
            match self.found(owner, &new.name, &engine_name, &made.digest).await? {
                Some(Found::Same(known)) if known.was_started() => return Ok(()),
                // The process may have ended between making it and giving it its files.
                Some(Found::Same(known)) => return self.put(&known.id, &new.files).await,
                Some(Found::Replace(id)) => self.remove_id(&id).await?,
                None => {}
            }
            match self.create_once(owner, &engine_name, &new, &made, most).await {
                Err(DockerError::Conflict(_)) => {}
                outcome => return outcome,
            }
        }
        Err(DockerError::Conflict(format!("{engine_name} is made and removed by somebody else all the time")))
    }

    async fn create_once(
        &self,
        owner: &Owner,
        engine_name: &str,
        new: &NewContainer,
        made: &Made,
        most: Option<u32>,
    ) -> Result<(), DockerError> {
        let _room = self.room(owner, most)?;
        let options = CreateContainerOptionsBuilder::new().name(engine_name).build();
        let create = self.client.quick(|engine| async move {
            let created = engine.create_container(Some(options), made.body.clone()).await;
            Ok(created.map_err(|error| made.explain(error.into()))?.id)
        });
        let id = create.await?;
        if let Err(error) = self.put(&id, &new.files).await {
            // Without its files it would not be what was asked for.
            if let Err(also) = self.remove_id(&id).await {
                tracing::warn!(%also, engine_name, "a container without its files could not be removed");
            }
            return Err(error);
        }
        self.refresh(&id).await
    }

    /// What has the name already; an error where that is in the way (F08).
    async fn found(
        &self,
        owner: &Owner,
        name: &str,
        engine_name: &str,
        digest: &str,
    ) -> Result<Option<Found>, DockerError> {
        let ticket = self.states.ticket();
        let said = match self.inspect(engine_name).await {
            Ok(said) => said,
            Err(DockerError::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        let same = labels(&said).and_then(|labels| labels.get(SPEC)).is_some_and(|spec| spec == digest);
        let stranger = stranger(engine_name, &said);
        let Some(known) = Known::read(&self.installation, said) else { return Err(stranger) };
        if (&known.owner, &*known.name) != (owner, name) {
            return Err(stranger);
        }
        self.note(ticket, known.clone());
        match known.state {
            _ if same => Ok(Some(Found::Same(known))),
            RunState::Running | RunState::Paused => {
                Err(DockerError::Conflict(format!("{engine_name} runs, and is not as asked for")))
            }
            RunState::Created | RunState::Stopped => Ok(Some(Found::Replace(known.id.to_string()))),
        }
    }

    /// Counts one more container of the tenant until the value is dropped; refuses one too many (F18).
    fn room(&self, owner: &Owner, most: Option<u32>) -> Result<Room<'_>, DockerError> {
        let mut making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let pending = making.entry(Arc::clone(&owner.tenant)).or_default();
        let there = self.states.count(&owner.tenant) as u64 + u64::from(*pending);
        if let Some(most) = most.filter(|most| there >= u64::from(*most)) {
            return Err(DockerError::Quota(format!("The tenant may have {most} containers (quotas.containers).")));
        }
        *pending += 1;
        Ok(Room { docker: self, tenant: Arc::clone(&owner.tenant) })
    }

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
        let patience = Duration::from_secs(known.map_or(10, |known| known.stop_seconds).into());
        let stop = |engine: bollard::Docker, id: Arc<str>| async move { Ok(engine.stop_container(&id, None).await?) };
        self.change(owner, name, self.config.limits.call + patience, stop).await
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

    async fn put(&self, id: &str, files: &[NewFile]) -> Result<(), DockerError> {
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

fn labels(said: &ContainerInspectResponse) -> Option<&Labels> {
    said.config.as_ref()?.labels.as_ref()
}

/// The error for a container that has our name and is not ours; it is not touched.
fn stranger(engine_name: &str, said: &ContainerInspectResponse) -> DockerError {
    let id: String = said.id.as_deref().unwrap_or_default().chars().take(12).collect();
    DockerError::Conflict(format!(
        "the container {engine_name} ({id}) was not made by this Fogbank; rename it or remove it with `docker rm`"
    ))
}

/// A container that is being made.
struct Room<'a> {
    docker: &'a Docker,
    tenant: Arc<str>,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        let mut making = self.docker.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pending) = making.get_mut(&self.tenant) {
            *pending -= 1;
            if *pending == 0 {
                making.remove(&self.tenant);
            }
        }
    }
}
