//! Work without a request, on the plugin's schedules. Each run does a bounded piece and says whether there is more, so
//! that it can be stopped and repeated at any point.

mod expiry;
pub mod lifecycle;
mod sweep;

use crate::folders::delete_recursive::{self, DELETE_RECURSIVE};
use crate::folders::rename::{self, RENAME};
use crate::removals;
use fogbank_sdk::operations::Operation;
use fogbank_sdk::{Error, Outcome, Result, Work, log};

/// How soon a schedule that has more to do goes on, in milliseconds.
const SOON: u64 = 10;

/// Does one piece of the work of an operation or a schedule.
pub fn run(work: Work) -> Outcome {
    match work {
        Work::Operation(operation) => step(&operation),
        Work::Schedule(name) => turn(&name),
        _ => Outcome::Done(String::new()),
    }
}

fn step(operation: &Operation) -> Outcome {
    match operation.kind.as_str() {
        RENAME => rename::work(operation).into(),
        DELETE_RECURSIVE => match delete_recursive::work(operation) {
            Ok(true) => Outcome::Done(String::new()),
            Ok(false) => Outcome::AgainAfter(SOON),
            Err(error) => error.into(),
        },
        other => Error::unimplemented(other).into(),
    }
}

fn turn(name: &str) -> Outcome {
    match piece(name) {
        Ok(true) => Outcome::AgainAfter(SOON),
        Ok(false) => Outcome::Done(String::new()),
        Err(error) => {
            log::warn!("the schedule {name} is tried again later: {error}");
            error.into()
        }
    }
}

/// Gives whether there is more to do.
fn piece(schedule: &str) -> Result<bool> {
    match schedule {
        "lifecycle" => lifecycle::run(),
        "soft-delete" => expiry::run(),
        "uploads" => expiry::uploads(),
        "removals" => removals::work_off(),
        "sweep" => sweep::run(),
        other => {
            log::warn!("there is no schedule {other}");
            Ok(false)
        }
    }
}
