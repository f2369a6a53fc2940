//! What is done in the background, by the kind of the operation: its part before the dot says whose it is.

use crate::{disks, instances};
use compute_api::operation::Input;
use fogbank_sdk::operations::Operation;
use fogbank_sdk::{Error, Outcome, Result};

/// Does one step of an operation.
///
/// Errors: what the operation fails with; an error that may pass is tried again.
pub fn run(operation: &Operation, input: &Input) -> Result<Outcome> {
    match operation.kind.split_once('.').map(|(part, _)| part) {
        Some("instance") => instances::work::run(operation, input),
        Some("disk") => disks::run(operation, input),
        _ => Err(Error::internal(format!("nobody does {}", operation.kind))),
    }
}
