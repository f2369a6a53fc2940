//! Making containers: what has the name already is adopted, replaced, or in the way (F08).

use super::Docker;
use super::DockerUse;
use super::error::DockerError;
use super::names::{Labels, Owner, SPEC};
use super::spec::{self, Made, NewContainer};
use super::states::{Known, RunState};
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::CreateContainerOptionsBuilder;
use std::sync::{Arc, PoisonError};

/// How often a create is tried that is always overtaken by somebody else's.
const TRIES: u32 = 3;

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
