//! Instances as their containers are: what is stopped or killed from outside does not run (F10), what has no instance goes (F09, F12).

use super::name;
use crate::instances::state::State;
use crate::instances::{network, work};
use compute_api::operation::{self, Input};
use compute_api::store::{self, Resource};
use fogbank_sdk::db::{self, Transaction, params};
use fogbank_sdk::docker::{self, Shown};
use fogbank_sdk::{Error, Outcome, Result, Timestamp, log};

/// The field of a row with the start of the nic that the machine was last brought into the network of.
const REJOINED: &str = "_rejoined";

/// Puts the status that the containers have into instances. Where the engine does not answer, they stay as they were last seen.
pub fn observe(instances: &mut [Resource]) -> Result<()> {
    if instances.is_empty() || !docker::has_engine() {
        return Ok(());
    }
    let names: Vec<String> = instances.iter().map(|instance| name(instance.id)).collect();
    let states = match docker::states(&names) {
        Ok(states) => states,
        Err(docker::Error::Unavailable(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for (instance, shown) in instances.iter_mut().zip(states) {
        take(instance, shown.as_ref());
    }
    Ok(())
}

/// Changes the status of an instance that says something else than its container; gives whether it did.
fn take(instance: &mut Resource, shown: Option<&Shown>) -> bool {
    let Some(next) = seen(State::of(instance), shown.map(|shown| shown.state)) else { return false };
    instance.set("status", next.name());
    let since = |at: Option<u64>| {
        at.and_then(|at| i64::try_from(at).ok()).map(|at| Timestamp::from_millis(at).to_rfc3339_with_offset())
    };
    let (field, at) = match next {
        State::Terminated => ("lastStopTimestamp", since(shown.and_then(|shown| shown.ended_ms))),
        State::Running => ("lastStartTimestamp", since(shown.and_then(|shown| shown.started_ms))),
        _ => return true,
    };
    if let Some(at) = at {
        instance.set(field, at);
    }
    true
}

/// What an instance is, where its container is something else. What is on its way is left to the operation that is doing it.
fn seen(said: State, container: Option<docker::State>) -> Option<State> {
    let is = match container {
        Some(docker::State::Running) => State::Running,
        Some(docker::State::Paused) => State::Suspended,
        Some(docker::State::Created | docker::State::Stopped) | None => State::Terminated,
    };
    match said {
        State::Running | State::Terminated | State::Suspended if said != is => Some(is),
        _ => None,
    }
}

/// Containers have started, ended or gone; none named: all are to be looked at.
pub fn containers(names: &[String]) -> Outcome {
    let result = match names {
        [] => all(),
        names => names.iter().filter_map(|name| id(name)).try_for_each(one),
    };
    result.map_or_else(Outcome::from, |()| Outcome::Done(String::new()))
}

/// The instance of a machine's container, or of its nic.
fn id(name: &str) -> Option<i64> {
    name.strip_prefix("vm-").or_else(|| name.strip_prefix("nic-"))?.parse().ok()
}

/// Writes what the container of an instance is.
fn one(id: i64) -> Result<()> {
    let states = docker::states(&[name(id), network::nic(id)])?;
    let [shown, nic] = states.try_into().map_err(|_| Error::internal("the engine's states are not those asked for"))?;
    db::transaction(|tx| {
        let row = tx.query_one("SELECT path FROM resource WHERE id = $1 AND collection = 'instances'", params![id])?;
        let Some(path) = row.map(|row| row.get::<String>("path")).transpose()? else { return Ok(()) };
        let Some(path) = compute_api::path::Path::parse(&path) else { return Ok(()) };
        let Some(mut instance) = store::find(tx, &path)? else { return Ok(()) };
        let before = instance.clone();
        take(&mut instance, shown.as_ref());
        if let Some(since) = cut_off(&instance, shown.as_ref(), nic.as_ref()) {
            instance.set(REJOINED, since);
            rejoin(tx, &instance)?;
        }
        if instance == before { Ok(()) } else { store::save(tx, &instance) }
    })
}

/// When the nic of a running machine was started, if that was after the machine was: the network that the machine is in is gone.
fn cut_off(instance: &Resource, machine: Option<&Shown>, nic: Option<&Shown>) -> Option<u64> {
    let running = |shown: Option<&Shown>| shown.filter(|shown| shown.state == docker::State::Running)?.started_ms;
    let (machine, nic) = (running(machine)?, running(nic)?);
    let known = instance.body.get(REJOINED).and_then(serde_json::Value::as_u64);
    (State::of(instance) == State::Running && nic > machine && known != Some(nic)).then_some(nic)
}

/// What the real service does with a machine whose host fails: it is started again, or stopped where its owner wants that.
/// <https://cloud.google.com/compute/docs/instances/host-maintenance-overview#hosterror>
fn rejoin(tx: &Transaction, instance: &Resource) -> Result<()> {
    log::warn!("{} has lost its network, since its nic was started anew", instance.path);
    let restart = instance.body.get("scheduling").is_none_or(|scheduling| scheduling["automaticRestart"] != false);
    let (kind, what) = match restart {
        true => (work::REJOIN, "compute.instances.automaticRestart"),
        false => (work::STOP, "compute.instances.hostError"),
    };
    let input = Input {
        kind: what.to_owned(),
        target: instance.path.to_string(),
        id: instance.id,
        payload: serde_json::Value::Null,
    };
    operation::begin(tx, kind, &instance.path.scope, &input, &instance.path).map(drop)
}

/// Looks at all instances, and removes containers that are of none.
fn all() -> Result<()> {
    if !docker::has_engine() {
        return Ok(());
    }
    let rows = db::query("SELECT id FROM resource WHERE collection = 'instances'", params![])?;
    let ids = rows.iter().map(|row| row.get("id")).collect::<std::result::Result<Vec<i64>, _>>()?;
    for shown in docker::list("vm-")? {
        if id(&shown.name).is_some_and(|id| !ids.contains(&id)) {
            log::warn!("{} is of no instance and is removed", shown.name);
            docker::remove(&shown.name)?;
        }
    }
    ids.into_iter().try_for_each(one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use docker::State as Container;

    #[test]
    fn f10_an_instance_is_what_its_container_is() {
        assert_eq!(seen(State::Running, Some(Container::Stopped)), Some(State::Terminated));
        assert_eq!(seen(State::Running, None), Some(State::Terminated));
        assert_eq!(seen(State::Running, Some(Container::Paused)), Some(State::Suspended));
        assert_eq!(seen(State::Terminated, Some(Container::Running)), Some(State::Running));
        assert_eq!(seen(State::Running, Some(Container::Running)), None);
    }

    #[test]
    fn what_is_on_its_way_is_left_to_its_operation() {
        for state in [State::Provisioning, State::Staging, State::Stopping, State::Suspending] {
            assert_eq!(seen(state, None), None);
        }
    }

    #[test]
    fn only_names_of_machines_are_of_instances() {
        assert_eq!((id("vm-17"), id("nic-17"), id("vm-x")), (Some(17), Some(17), None));
    }

    #[test]
    fn f10_a_machine_whose_nic_was_started_anew_is_cut_off_once() {
        let shown = |started_ms: u64| Shown {
            name: String::new(),
            state: Container::Running,
            exit_code: None,
            out_of_memory: false,
            started_ms: Some(started_ms),
            ended_ms: None,
            labels: Vec::new(),
            addresses: Vec::new(),
        };
        let path = compute_api::path::Path::parse("projects/p/zones/us-central1-a/instances/w1").unwrap();
        let mut instance = Resource::new(path, serde_json::Map::new()).unwrap();
        State::Running.enter(&mut instance);
        let (early, late) = (shown(1000), shown(2000));
        assert_eq!(cut_off(&instance, Some(&late), Some(&early)), None);
        assert_eq!(cut_off(&instance, Some(&early), Some(&late)), Some(2000));
        assert_eq!(cut_off(&instance, Some(&early), None), None);
        instance.set(REJOINED, 2000);
        assert_eq!(cut_off(&instance, Some(&early), Some(&late)), None, "that is being done");
    }
}
