//! Operations that carry a change of a network to its machines.

use compute_api::operation::Input;
use fogbank_sdk::operations::Operation;
use fogbank_sdk::{Outcome, Result};

/// Does one step of an operation.
pub fn run(_: &Operation, _: &Input) -> Result<Outcome> {
    Ok(Outcome::Done(String::new()))
}
