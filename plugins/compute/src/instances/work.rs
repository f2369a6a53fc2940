//! What the runner does for instances. Each step may be done again: it looks at what there is and goes on from there.

use super::network::{self, Machine};
use super::state::State;
use super::{disks, guest};
use crate::{groups, machines};
use compute_api::operation::Input;
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use fogbank_sdk::operations::Operation;
use fogbank_sdk::{Code, Error, Outcome, Result, context, db, identity, log};

/// Starts an instance that was written.
pub const CREATE: &str = "instance.create";
/// Gives back what an id without an instance has.
pub const RELEASE: &str = "instance.release";
/// Removes an instance.
pub const DELETE: &str = "instance.delete";
/// Starts one that does not run.
pub const START: &str = "instance.start";
/// Stops one.
pub const STOP: &str = "instance.stop";
/// Freezes one.
pub const SUSPEND: &str = "instance.suspend";
/// Thaws one.
pub const RESUME: &str = "instance.resume";
/// Starts one again at once.
pub const RESET: &str = "instance.reset";
/// Tells `vpc` of what has changed.
pub const PUSH: &str = "instance.push";
/// Makes the container of a running instance again, so that it has other disks or other limits.
pub const REPLACE: &str = "instance.replace";
/// Waits for the instances of a `bulkInsert`.
pub const BULK: &str = "instance.bulk";

/// A reservation without an instance is given back when it is that old, in milliseconds: no request takes longer.
const ABANDONED_MS: i64 = 120_000;

/// Does what an operation asks for.
pub fn run(operation: &Operation, input: &Input) -> Result<Outcome> {
    if operation.kind == RELEASE {
        return release(input);
    }
    if operation.kind == BULK {
        return super::bulk::wait(operation, input);
    }
    let path = input.path()?;
    let Some(instance) = find(&path, input.id)? else { return gone(operation, input, &path) };
    match operation.kind.as_str() {
        CREATE => start_new(&instance, input),
        DELETE => delete(&instance, input),
        START => settle(
            &instance,
            prepared(&instance).and_then(|()| machines::start(&instance)),
            State::Running,
            State::Terminated,
        ),
        STOP => stop(&instance),
        SUSPEND => settle(&instance, machines::suspend(&instance), State::Suspended, State::Running),
        RESUME => settle(&instance, machines::resume(&instance), State::Running, State::Suspended),
        RESET => settle(&instance, machines::reset(&instance), State::Running, State::Running),
        REPLACE => replace(&instance),
        PUSH => push(&instance),
        other => Err(Error::internal(format!("nobody does {other}"))),
    }
}

fn find(path: &Path, id: i64) -> Result<Option<Resource>> {
    Ok(store::by_id(id)?.filter(|instance| instance.path.collection == path.collection))
}

/// An instance that was deleted before its turn came.
fn gone(operation: &Operation, input: &Input, path: &Path) -> Result<Outcome> {
    match operation.kind.as_str() {
        DELETE => {
            network::release(input.id)?;
            disks::discard(&input.payload)?;
            Ok(done())
        }
        _ => Err(compute_api::failure::not_found(path)),
    }
}

fn release(input: &Input) -> Result<Outcome> {
    if store::by_id(input.id)?.is_some() {
        return Ok(done());
    }
    let age = context::now().millis() - input.payload["since"].as_i64().unwrap_or_default();
    if age < ABANDONED_MS {
        return Ok(Outcome::AgainAfter((ABANDONED_MS - age).unsigned_abs()));
    }
    network::release(input.id)?;
    Ok(done())
}

fn start_new(instance: &Resource, input: &Input) -> Result<Outcome> {
    if State::of(instance) == State::Provisioning {
        enter(instance, State::Staging)?;
    }
    context::reach("compute.create.start")?;
    match prepared(instance).and_then(|()| machines::start(instance)) {
        Ok(()) => {
            enter(instance, State::Running)?;
            Ok(done())
        }
        Err(error) if error.http_status() >= 500 => Err(error),
        Err(error) => {
            log::warn!("{} cannot be started: {}", instance.path, error.message());
            undo(instance, input)?;
            groups::reconcile::refused(instance, &error)?;
            Err(error)
        }
    }
}

/// What stands on its disks is there before it starts.
fn prepared(instance: &Resource) -> Result<()> {
    for attached in disks::attached(instance) {
        let Some(disk) = disks::source(attached) else { continue };
        crate::disks::make(&disk)?;
        match attached["boot"] == true {
            true => crate::disks::fold(&disk)?,
            false => crate::disks::lay_out(&disk)?,
        }
    }
    Ok(())
}

/// Leaves nothing of an instance that could not be started.
fn undo(instance: &Resource, input: &Input) -> Result<()> {
    machines::remove(instance)?;
    network::release(instance.id)?;
    forget(instance)?;
    disks::discard(&input.payload)
}

/// Removes the row, and what only the instance had.
fn forget(instance: &Resource) -> Result<()> {
    db::transaction(|tx| {
        guest::forget(tx, instance.id)?;
        match store::find(tx, &instance.path)?.filter(|found| found.id == instance.id) {
            Some(found) => store::remove(tx, &found.path),
            None => Ok(()),
        }
    })?;
    Ok(identity::forget(&instance.path.full_name())?)
}

fn stop(instance: &Resource) -> Result<Outcome> {
    machines::stop(instance)?;
    network::stop(instance.id)?;
    refresh(instance)?;
    enter(instance, State::Terminated)?;
    groups::reconcile::after(instance)?;
    Ok(done())
}

/// Goes on to `next`, or back to `before` where the step has failed for good.
fn settle(instance: &Resource, step: Result<()>, next: State, before: State) -> Result<Outcome> {
    match step {
        Ok(()) => {
            refresh(instance)?;
            enter(instance, next)?;
            Ok(done())
        }
        Err(error) if error.http_status() >= 500 => Err(error),
        Err(error) => {
            enter(instance, before)?;
            Err(error)
        }
    }
}

fn delete(instance: &Resource, input: &Input) -> Result<Outcome> {
    machines::keep(instance)?;
    machines::remove(instance)?;
    context::reach("compute.delete.release")?;
    network::release(instance.id)?;
    forget(instance)?;
    disks::discard(&input.payload)?;
    groups::reconcile::after(instance)?;
    Ok(done())
}

fn replace(instance: &Resource) -> Result<Outcome> {
    prepared(instance)?;
    if State::of(instance) == State::Running {
        machines::replace(instance)?;
    }
    let interfaces = Machine::of(instance).update()?;
    keep(instance, interfaces)?;
    Ok(done())
}

fn push(instance: &Resource) -> Result<Outcome> {
    let interfaces = Machine::of(instance).update()?;
    keep(instance, interfaces)?;
    Ok(done())
}

/// Takes over what `vpc` says of the interfaces: an ephemeral address comes and goes.
fn refresh(instance: &Resource) -> Result<()> {
    match network::interfaces(instance.id, &instance.path.project)? {
        Some(interfaces) => keep(instance, interfaces),
        None => Ok(()),
    }
}

fn keep(instance: &Resource, interfaces: serde_json::Value) -> Result<()> {
    if !interfaces.is_array() {
        return Ok(());
    }
    change(instance, |instance| instance.set("networkInterfaces", interfaces.clone()))
}

fn enter(instance: &Resource, state: State) -> Result<()> {
    change(instance, |instance| state.enter(instance))
}

fn change(instance: &Resource, edit: impl Fn(&mut Resource)) -> Result<()> {
    db::transaction(|tx| {
        let Some(mut now) = store::find(tx, &instance.path)?.filter(|now| now.id == instance.id) else {
            return Err(Error::new(Code::NotFound, "notFound", format!("'{}' was deleted meanwhile", instance.path)));
        };
        edit(&mut now);
        store::save(tx, &now)
    })
}

fn done() -> Outcome {
    Outcome::Done(String::new())
}
