//! Work without a request, on the plugin's schedules. Each run does a bounded piece and says whether there is more, so
//! that it can be stopped and repeated at any point.

mod expiry;
pub mod lifecycle;
mod sweep;

use crate::removals;
use fogbank_sdk::{Outcome, Result, Work, log};

/// How soon a schedule that has more to do goes on, in milliseconds.
const SOON: u64 = 10;

/// Does one piece of the work of a schedule.
pub fn run(work: Work) -> Outcome {
    let Work::Schedule(name) = work else { return Outcome::Done(String::new()) };
    match piece(&name) {
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
