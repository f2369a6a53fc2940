//! What is done in the background, by the kind of the operation: its part before the dot says whose it is.

use crate::{balancing, disks, groups, instances, machine_images, policies};
use compute_api::operation::Input;
use fogbank_sdk::operations::Operation;
use fogbank_sdk::{Error, Outcome, Result, log};

/// Does one step of an operation.
///
/// Errors: what the operation fails with; an error that may pass is tried again.
pub fn run(operation: &Operation, input: &Input) -> Result<Outcome> {
    step(operation, input).inspect_err(|error| {
        if error.http_status() >= 500 {
            log::warn!("{} of {} is tried again: {}", operation.kind, input.target, error.message());
        }
    })
}

fn step(operation: &Operation, input: &Input) -> Result<Outcome> {
    match operation.kind.split_once('.').map(|(part, _)| part) {
        // Nothing to do: requests wait in its name.
        Some("metadata") => Ok(Outcome::AgainAfter(24 * 60 * 60 * 1000)),
        Some("instance") => instances::work::run(operation, input),
        Some("saved") => machine_images::run(operation, input),
        Some("disk") => disks::run(operation, input),
        Some("claim") => balancing::claims::run(operation, input),
        Some("group") => groups::reconcile::run(operation, input),
        _ => Err(Error::internal(format!("nobody does {}", operation.kind))),
    }
}

/// Does what the manifest's schedules ask for.
///
/// Errors: those that may pass.
pub fn schedule(name: &str) -> Result<Outcome> {
    match name {
        "groups" => groups::reconcile::all()?,
        "snapshots" => policies::carry_out()?,
        other => return Err(Error::internal(format!("nobody does the schedule {other}"))),
    }
    Ok(Outcome::Done(String::new()))
}

/// Groups heal what the container engine has told of.
///
/// Errors: those that may pass.
pub fn after_containers(outcome: Outcome) -> Outcome {
    match groups::reconcile::all() {
        Err(error) => Outcome::from(error),
        Ok(()) => outcome,
    }
}
