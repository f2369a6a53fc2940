//! How an instance comes to be, so that a failure at any step leaves either an instance or nothing.
//!
//! First a hidden operation is written that gives back, later, what an id without an instance still has at `vpc`. Then `vpc` finds
//! addresses for the id. Then one transaction writes the instance, its disks and the operation that starts it; where that fails,
//! the addresses are given back at once.

use super::disks::{self, Made};
use super::draft::Draft;
use super::going;
use super::network::{self, Machine};
use super::state::State;
use super::work;
use crate::machines;
use crate::projects::quota::Limits;
use crate::reservations::consume;
use compute_api::call::Call;
use compute_api::operation::{self, Input, Then};
use compute_api::store::{self, Resource};
use compute_api::{change, failure};
use fogbank_sdk::db::{self, Transaction};
use fogbank_sdk::{Error, Result, context, log, operations};
use serde_json::{Map, Value, json};

/// Makes an instance; gives the name of the operation.
///
/// Errors: see [`super::insert::insert`].
pub fn create(call: &Call, draft: Draft) -> Result<String> {
    machines::require_available()?;
    change::require_elsewhere(&without_interfaces(&draft))?;
    let limits = Limits::now()?;
    let mut instance = Resource::new(draft.path, draft.body)?;
    if let Some(operation) = announce(call, &instance, limits)? {
        return Ok(operation);
    }
    reserve(&mut instance)?;
    let written = db::transaction(|tx| {
        if let Some(operation) = operation::repeated(tx, call)? {
            return Ok((operation, false));
        }
        let (instance, made) = write(tx, &instance, limits)?;
        let mut payload = going::noted(&made);
        payload[operation::SHOWN] = crate::disks::warnings(&made);
        let then = Then::Run(work::CREATE, payload);
        Ok((operation::start(tx, call, &instance.path, instance.id, then)?, true))
    });
    settle(instance.id, written)
}

/// Makes an instance that no request asked for in so many words; gives the name of its operation, which shows `shown` as well.
///
/// Errors: as [`create`].
pub fn create_for(draft: Draft, shown: &Value) -> Result<String> {
    machines::require_available()?;
    let limits = Limits::now()?;
    let mut instance = Resource::new(draft.path, draft.body)?;
    db::transaction(|tx| announce_in(tx, &instance, limits))?;
    reserve(&mut instance)?;
    let written = db::transaction(|tx| {
        let (instance, made) = write(tx, &instance, limits)?;
        let mut payload = going::noted(&made);
        payload[operation::SHOWN] = shown.clone();
        let input = Input { kind: "insert".to_owned(), target: instance.path.to_string(), id: instance.id, payload };
        Ok((operation::begin(tx, work::CREATE, &instance.path.scope, &input, &instance.path)?, true))
    });
    settle(instance.id, written)
}

/// What is refused before anything is done, and the operation that cleans up.
fn announce(call: &Call, instance: &Resource, limits: Limits) -> Result<Option<String>> {
    db::transaction(|tx| {
        if let Some(operation) = operation::repeated(tx, call)? {
            return Ok(Some(operation));
        }
        announce_in(tx, instance, limits).map(|()| None)
    })
}

fn announce_in(tx: &Transaction, instance: &Resource, limits: Limits) -> Result<()> {
    if store::find(tx, &instance.path)?.is_some() {
        return Err(failure::already_exists(&instance.path));
    }
    limits.require(tx, &instance.path.project, 1)?;
    let input = Input {
        kind: String::new(),
        target: instance.path.to_string(),
        id: instance.id,
        payload: json!({"since": context::now().millis()}),
    };
    let place = format!("reservations/{}", instance.id);
    let new = operations::New::of(work::RELEASE, place).input(&input)?.id(release_of(instance.id));
    operations::start(tx, new.hidden())?;
    Ok(())
}

/// The name of the operation that gives back what an id without an instance has.
fn release_of(id: i64) -> String {
    format!("release-{id}")
}

fn reserve(instance: &mut Resource) -> Result<()> {
    context::reach("compute.create.reserve")?;
    let interfaces = match Machine::of(instance).reserve() {
        Err(error) if network::holder(&error).is_some_and(|other| is_left(other).unwrap_or_default()) => {
            network::release(network::holder(&error).unwrap_or_default())?;
            Machine::of(instance).reserve()?
        }
        other => other?,
    };
    if !interfaces.is_array() {
        return Err(Error::internal("vpc gave no interfaces"));
    }
    instance.set("networkInterfaces", interfaces);
    Ok(())
}

/// Whether what has the name at `vpc` is of no instance, and was reserved by a process that has ended.
fn is_left(other: i64) -> Result<bool> {
    if store::by_id(other)?.is_some() {
        return Ok(false);
    }
    let input = Input::of(&operations::get(&release_of(other))?)?;
    Ok(input.payload["since"].as_i64().is_some_and(|since| since < context::started().millis()))
}

fn write(tx: &Transaction, instance: &Resource, limits: Limits) -> Result<(Resource, Vec<Made>)> {
    let mut instance = instance.clone();
    if store::find(tx, &instance.path)?.is_some() {
        return Err(failure::already_exists(&instance.path));
    }
    limits.require(tx, &instance.path.project, 1)?;
    consume::take(tx, &mut instance)?;
    let made = disks::make(tx, &mut instance)?;
    State::Provisioning.enter(&mut instance);
    change::require_here(tx, &instance.body)?;
    store::insert(tx, &instance)?;
    context::reach("compute.create.commit")?;
    Ok((instance, made))
}

/// Gives the addresses back where there is no instance that has them.
fn settle(id: i64, written: Result<(String, bool)>) -> Result<String> {
    let kept = matches!(written, Ok((_, true)));
    if !kept && let Err(error) = network::release(id) {
        log::warn!("the addresses of {id} are given back later: {}", error.message());
    }
    written.map(|(operation, _)| operation)
}

/// Links to networks are looked at by `vpc` when it reserves.
fn without_interfaces(draft: &Draft) -> Map<String, Value> {
    let mut body = draft.body.clone();
    body.remove("networkInterfaces");
    body
}
