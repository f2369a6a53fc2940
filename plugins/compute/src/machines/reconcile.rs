//! Instances as their containers are: what is stopped or killed from outside does not run (F10), what has no instance goes (F09, F12).

use super::name;
use crate::instances::state::State;
use compute_api::store::{self, Resource};
use fogbank_sdk::db::{self, params};
use fogbank_sdk::docker::{self, Shown};
use fogbank_sdk::{Outcome, Result, Timestamp, log};

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

fn id(name: &str) -> Option<i64> {
    name.strip_prefix("vm-")?.parse().ok()
}

/// Writes what the container of an instance is.
fn one(id: i64) -> Result<()> {
    let shown = docker::state(&name(id))?;
    db::transaction(|tx| {
        let row = tx.query_one("SELECT path FROM resource WHERE id = $1 AND collection = 'instances'", params![id])?;
        let Some(path) = row.map(|row| row.get::<String>("path")).transpose()? else { return Ok(()) };
        let Some(path) = compute_api::path::Path::parse(&path) else { return Ok(()) };
        let Some(mut instance) = store::find(tx, &path)? else { return Ok(()) };
        match take(&mut instance, shown.as_ref()) {
            true => store::save(tx, &instance),
            false => Ok(()),
        }
    })
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
        assert_eq!((id("vm-17"), id("nic-17"), id("vm-x")), (Some(17), None, None));
    }
}
