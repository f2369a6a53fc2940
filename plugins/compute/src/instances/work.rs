//! What the runner does for instances. Each step may be done again: it looks at what there is and goes on from there.

use super::network::{self, Machine};
use super::state::State;
use super::{disks, going, guest};
use crate::{groups, machines};
use compute_api::operation::Input;
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use fogbank_sdk::operations::Operation;
use fogbank_sdk::{Code, Error, Outcome, Result, context, db, identity, log};
use serde_json::json;

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
/// Starts one again whose network is gone, since its nic was started anew.
pub const REJOIN: &str = "instance.rejoin";
/// Tells `vpc` of what has changed.
pub const PUSH: &str = "instance.push";
/// Makes the container of a running instance again, so that it has other disks or other limits.
pub const REPLACE: &str = "instance.replace";
/// Waits for the instances of a `bulkInsert`.
pub const BULK: &str = "instance.bulk";

/// The field of a row with why the instance could not be started, while it is undone.
const FAILURE: &str = "_failure";

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
        REJOIN => settle(&instance, machines::rejoin(&instance), State::Running, State::Running),
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
            going::discard(&input.payload)?;
            Ok(done())
        }
        _ => Err(compute_api::failure::not_found(path)),
    }
}

fn release(input: &Input) -> Result<Outcome> {
    if store::by_id(input.id)?.is_some() {
        return Ok(done());
    }
    let since = input.payload["since"].as_i64().unwrap_or_default();
    let age = context::now().millis() - since;
    // A request that an earlier process had in hand is not answered any more.
    if age < ABANDONED_MS && since >= context::started().millis() {
        return Ok(Outcome::AgainAfter((ABANDONED_MS - age).unsigned_abs()));
    }
    network::release(input.id)?;
    Ok(done())
}

fn start_new(instance: &Resource, input: &Input) -> Result<Outcome> {
    if let Some(failure) = failure(instance) {
        undo(instance, input)?;
        return Err(failure);
    }
    if State::of(instance) == State::Provisioning {
        enter(instance, State::Staging)?;
    }
    context::reach("compute.create.start")?;
    match prepared(instance).and_then(|()| machines::start(instance)) {
        Ok(()) => arrive(instance),
        Err(error) if error.http_status() >= 500 => Err(error),
        Err(error) => {
            log::warn!("{} cannot be started: {}", instance.path, error.message());
            // Undoing may take more than one step, and what is told in the end is the first error.
            let kept = json!({"reason": error.reason(), "message": error.message()});
            match change(instance, |instance| instance.set(FAILURE, kept.clone())) {
                // It was deleted meanwhile, and what was made for it may have been made since.
                Err(error) if error.code() == Code::NotFound => {}
                other => other?,
            }
            undo(instance, input)?;
            groups::reconcile::refused(instance, &error)?;
            Err(error)
        }
    }
}

/// Enters RUNNING, unless the instance is being deleted or is gone: what was started goes as well then.
fn arrive(instance: &Resource) -> Result<Outcome> {
    let there = db::transaction(|tx| {
        let now = store::find(tx, &instance.path)?.filter(|now| now.id == instance.id);
        let Some(mut now) = now.filter(|now| State::of(now) != State::Stopping) else { return Ok(false) };
        if matches!(State::of(&now), State::Provisioning | State::Staging) {
            State::Running.enter(&mut now);
            store::save(tx, &now)?;
        }
        Ok(true)
    })?;
    match there {
        true => Ok(done()),
        false => {
            machines::remove(instance)?;
            Err(compute_api::failure::not_found(&instance.path))
        }
    }
}

/// Why an instance that is being undone could not be started.
fn failure(instance: &Resource) -> Option<Error> {
    let kept = instance.body.get(FAILURE)?;
    let text = |field: &str| kept[field].as_str().unwrap_or_default();
    Some(Error::new(Code::FailedPrecondition, text("reason"), text("message")))
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
///
/// Errors: 5xx, to be tried again.
fn undo(instance: &Resource, input: &Input) -> Result<()> {
    machines::remove(instance)?;
    network::release(instance.id)?;
    forget(instance)?;
    going::discard(&input.payload)
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
    // Who deletes a machine wants its disk, where that stays, with what was written: that is tried until it goes.
    machines::keep(instance).map_err(|error| Error::unavailable(error.message()))?;
    machines::remove(instance)?;
    context::reach("compute.delete.release")?;
    network::release(instance.id)?;
    // An operation that was starting it may have made a container meanwhile; without a network no other follows.
    machines::remove(instance)?;
    forget(instance)?;
    going::discard(&input.payload)?;
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
