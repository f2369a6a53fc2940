//! The one task that listens to the engine: it finds it, lists what is ours, follows its events, and begins again when it is gone.

use super::Docker;
use super::error::DockerError;
use super::names::Owner;
use super::states::{Known, Ticket};
use bollard::errors::Error as Engine;
use bollard::models::EventMessage;
use bollard::query_parameters::{EventsOptionsBuilder, ListContainersOptionsBuilder};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// After the first look that failed; it doubles up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// How long events are collected before they are looked into.
const COLLECT: Duration = Duration::from_millis(20);

/// Containers that are looked into at once.
const AT_ONCE: usize = 8;

/// How long the list of containers may take.
const LIST: Duration = Duration::from_secs(20);

/// What matters of what happens to a container.
const EVENTS: [&str; 9] = ["create", "start", "die", "pause", "unpause", "destroy", "oom", "rename", "update"];

/// Something heard of containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The host has begun to hear from the engine: everybody has to look at all of theirs.
    All,
    /// These of a domain started, ended or went away.
    Changed(Owner, BTreeSet<String>),
}

/// Is told of containers.
pub trait Heard: Send + Sync {
    fn heard(&self, notice: Notice);
}

/// Follows the engine until the process stops.
pub async fn watch(docker: Arc<Docker>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let following = docker.stop.run_until_cancelled(follow(&docker, &mut pause));
        let Some(why) = following.await else { return };
        if docker.client.is_down(&why) {
            tracing::warn!(why = %why, "containers cannot be reached");
        }
        if docker.stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

type Events = BoxStream<'static, Result<EventMessage, Engine>>;

/// Finds the engine and follows it until it goes: why.
async fn follow(docker: &Arc<Docker>, pause: &mut Duration) -> DockerError {
    let (engine, mut events) = match begin(docker).await {
        Ok(begun) => begun,
        Err(why) => return why,
    };
    *pause = FIRST_PAUSE;
    tracing::info!("containers can be reached");
    docker.client.is_up(engine.clone());
    docker.open_endpoints().await;
    docker.heard(Notice::All);
    let pulse = docker.client.feel_the_pulse(&engine);
    tokio::select! {
        why = pulse => why,
        why = listen(docker, &engine, &mut events) => why,
    }
}

/// Connects, and lists what there is. Events are heard from before the list on, so that nothing is missed between the two.
async fn begin(docker: &Arc<Docker>) -> Result<(bollard::Docker, Events), DockerError> {
    let engine = docker.client.look().await?;
    let mut filter = docker.installation.filter_all(None);
    filter.insert("type".into(), vec!["container".into()]);
    filter.insert("event".into(), EVENTS.map(str::to_owned).to_vec());
    let options = EventsOptionsBuilder::new().filters(&filter).build();
    let events = engine.events(Some(options)).boxed();
    let late = |_| DockerError::Unavailable("it takes too long to list its containers".into());
    timeout(LIST, list(docker, &engine)).await.map_err(late)??;
    Ok((engine, events))
}

async fn list(docker: &Docker, engine: &bollard::Docker) -> Result<(), DockerError> {
    let options = ListContainersOptionsBuilder::new().all(true).filters(&docker.installation.filter_all(None)).build();
    let listed = engine.list_containers(Some(options)).await?;
    let ids: HashSet<String> = listed.into_iter().filter_map(|summary| summary.id).collect();
    docker.states.keep(&ids);
    look_into(docker, engine, ids).await;
    Ok(())
}

/// Reads events, and looks into what they name.
async fn listen(docker: &Arc<Docker>, engine: &bollard::Docker, events: &mut Events) -> DockerError {
    loop {
        let mut named = match events.next().await {
            Some(Ok(event)) => HashSet::from_iter(container_of(event)),
            Some(Err(error)) => return error.into(),
            None => return DockerError::Unavailable("it has closed the connection".into()),
        };
        docker.client.hear();
        let until = Instant::now() + COLLECT;
        while let Ok(Some(Ok(event))) = tokio::time::timeout_at(until, events.next()).await {
            named.extend(container_of(event));
        }
        look_into(docker, engine, named).await;
    }
}

fn container_of(event: EventMessage) -> Option<String> {
    event.actor.and_then(|actor| actor.id)
}

/// Asks for each container, writes down what is said, and tells the services of those that started, ended or went.
async fn look_into(docker: &Docker, engine: &bollard::Docker, ids: HashSet<String>) {
    let asked = stream::iter(ids).map(|id| async move { docker.look_at(engine, &id).await });
    let mut changed: BTreeMap<Owner, BTreeSet<String>> = BTreeMap::new();
    let mut asked = asked.buffer_unordered(AT_ONCE);
    while let Some(looked) = asked.next().await {
        if let Some(known) = looked {
            changed.entry(known.owner.clone()).or_default().insert(known.name.clone());
        }
    }
    for (owner, names) in changed {
        docker.heard(Notice::Changed(owner, names));
    }
}

impl Docker {
    pub(super) fn heard(&self, notice: Notice) {
        if let Some(heard) = self.heard.get() {
            heard.heard(notice);
        }
    }

    /// Asks for one container and writes down what is said; the container, if it started, ended or went by that.
    async fn look_at(&self, engine: &bollard::Docker, id: &str) -> Option<Arc<Known>> {
        let ticket = self.states.ticket();
        match timeout(self.config.limits.call, engine.inspect_container(id, None)).await {
            Ok(Ok(said)) => {
                let known = Known::read(&self.installation, said)?;
                self.states.put(ticket, known.clone()).then(|| Arc::new(known))
            }
            Ok(Err(Engine::DockerResponseServerError { status_code: 404, .. })) => self.forget(id),
            Ok(Err(error)) => {
                tracing::warn!(%error, id, "a container cannot be looked at");
                None
            }
            Err(_) => {
                tracing::warn!(id, "the engine takes too long to say what a container does");
                None
            }
        }
    }

    /// The container is gone, and what leads to it goes as well.
    pub(super) fn forget(&self, id: &str) -> Option<Arc<Known>> {
        let known = self.states.remove(id)?;
        self.forwards.close(&known.owner, &known.name);
        Some(known)
    }

    /// Writes down what the engine says of a container after something was done to it, and tells those whom it concerns.
    pub(super) fn note(&self, ticket: Ticket, known: Known) {
        let (owner, name) = (known.owner.clone(), known.name.clone());
        if self.states.put(ticket, known) {
            self.heard(Notice::Changed(owner, BTreeSet::from([name])));
        }
    }
}
