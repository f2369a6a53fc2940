//! What both services' runners do alike.

use crate::operation;
use fogbank_sdk::operations::Operation;
use fogbank_sdk::{Outcome, Result};

/// Ends an operation that has nothing left to do; any other is `own`'s.
pub fn run(work: &Operation, own: impl FnOnce(&Operation, &operation::Input) -> Result<Outcome>) -> Outcome {
    if work.kind == operation::DONE {
        return Outcome::Done(String::new());
    }
    operation::Input::of(work).and_then(|input| own(work, &input)).unwrap_or_else(Outcome::from)
}
