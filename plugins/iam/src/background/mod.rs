//! What is done on a schedule.

mod expiry;

use fogbank_sdk::{Outcome, Work, log};

/// Does one step of background work.
pub fn run(work: Work) -> Outcome {
    match work {
        Work::Schedule(name) if name == "expiry" => expiry::run().into(),
        other => {
            log::warn!("nobody knows this work: {other:?}");
            Outcome::Done(String::new())
        }
    }
}
