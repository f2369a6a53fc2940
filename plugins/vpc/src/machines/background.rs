//! Work in the background: a change of a network is carried to its machines, and nics are brought to what the rows say.
//!
//! An operation of the kind [`PUSH`] finds the machines that the change is about. Where there are more than a few of them each has
//! an operation of its own, so that they are told side by side, and the first waits until none is left.

use super::{bridges, nic, row};
use crate::effects::PUSH;
use crate::networks::peerings;
use compute_api::operation::Input;
use compute_api::path::Path;
use compute_api::store;
use fogbank_sdk::db::{self, Transaction};
use fogbank_sdk::docker;
use fogbank_sdk::operations::{self, Operation};
use fogbank_sdk::{Code, Error, Outcome, Result};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// An operation that brings one machine's nic to what the rows say.
const APPLY: &str = "apply";

/// So many machines are told by the operation of the change itself.
const FEW: usize = 2;

/// How soon an operation looks again whether others are through, in milliseconds.
const AGAIN: u64 = 100;

/// Does one step of an operation.
pub fn run(work: &Operation, input: &Input) -> Result<Outcome> {
    if !docker::has_engine() {
        return Ok(done());
    }
    match work.kind.as_str() {
        PUSH => push(work, input),
        APPLY => revive(input.id).map(|()| done()),
        other => Err(Error::internal(format!("{other} is no kind of operation"))),
    }
}

fn done() -> Outcome {
    Outcome::Done(String::new())
}

fn push(work: &Operation, input: &Input) -> Result<Outcome> {
    let networks = input.payload["networks"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let networks: Vec<Path> = networks.filter_map(Path::parse).collect();
    let stale = nic::stale(&db::read(|tx| machines(tx, &networks))?)?;
    if stale.len() > FEW {
        if work.metadata.is_empty() {
            for id in &stale {
                begin(*id)?;
            }
            operations::progress(&work.id, 50, &json!({"machines": stale.len()}))?;
        }
        return Ok(Outcome::AgainAfter(AGAIN));
    }
    for id in stale {
        there(nic::apply(id))?;
    }
    bridges::tidy()?;
    Ok(done())
}

/// The machines that run on networks or on those that they are connected to.
fn machines(tx: &Transaction, networks: &[Path]) -> Result<BTreeSet<i64>> {
    let mut affected: BTreeSet<Path> = networks.iter().cloned().collect();
    for path in networks {
        if let Some(network) = store::find(tx, path)? {
            affected.extend(peerings::connected(tx, &network)?.into_iter().map(|peer| peer.path));
        }
    }
    let mut machines = BTreeSet::new();
    for network in affected {
        let all = row::of_network(tx, &network)?;
        machines.extend(all.into_iter().filter(|machine| machine.running).map(|machine| machine.id));
    }
    Ok(machines)
}

fn begin(id: i64) -> Result<()> {
    db::transaction(|tx| {
        let Some(machine) = row::find(tx, id)? else { return Ok(()) };
        let input = Input { kind: APPLY.to_owned(), target: machine.path.to_string(), id, payload: Value::Null };
        let operation = operations::New::of(APPLY, format!("internal/{}", machine.path)).input(&input)?.hidden();
        operations::start(tx, operation)?;
        Ok(())
    })
}

/// Brings a machine's nic to what the rows say: running with its configuration, or gone.
fn revive(id: i64) -> Result<()> {
    let running = || Ok::<bool, Error>(row::get(id)?.is_some_and(|machine| machine.running));
    if running()? {
        match nic::runs(id)? {
            true => there(nic::apply(id)).map(drop)?,
            false => {
                nic::forget(id)?;
                there(nic::start(id)).map(drop)?;
            }
        }
    }
    // It may have been stopped meanwhile, by one who found nothing to remove.
    if running()? { Ok(()) } else { nic::remove(id) }
}

/// Nothing for what is not there or does not run.
fn there<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Err(error) if matches!(error.code(), Code::NotFound | Code::ConditionNotMet) => Ok(None),
        other => other.map(Some),
    }
}

/// What the engine tells of containers: nics that ended are started again, and all are looked at when the host has begun to hear
/// from the engine.
///
/// Errors: the engine's.
pub fn heard(names: &[String]) -> Result<()> {
    if !docker::has_engine() {
        return Ok(());
    }
    if !names.is_empty() {
        for id in names.iter().filter_map(|name| nic::machine_of(name)) {
            let known = row::get(id)?.is_some_and(|machine| machine.running);
            if known && nic::is_down(id)? {
                begin(id)?;
            }
        }
        return Ok(());
    }
    let wanted: BTreeSet<i64> = db::read(row::running)?.into_iter().map(|machine| machine.id).collect();
    for shown in docker::list("nic-")? {
        let left = nic::machine_of(&shown.name).filter(|id| !wanted.contains(id));
        if left.is_some() {
            docker::remove(&shown.name)?;
        }
    }
    wanted.into_iter().try_for_each(begin)?;
    bridges::tidy()
}
