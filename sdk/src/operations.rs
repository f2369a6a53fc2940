//! Durable work: long-running operations that a client sees, and background work that it does not.
//!
//! An operation is a row in the service's own database, written in the transaction that makes it necessary; the host calls the
//! service's [`crate::Runner`] until it has ended.
//!
//! Services whose manifests name the same `[operations] domain` see each other's operations in a tenant.

pub mod wire;

use serde::Serialize;

use crate::bindings::fogbank::operations::operations as wit;
use crate::db::Transaction;
use crate::error::{Code, Error as Failed};

pub use wit::{Error, Failure, Operation, ResultOf, State};

/// What the operations answer. `?` in a handler turns the error into one for the client.
pub type Result<T> = std::result::Result<T, Error>;

/// An operation to be started.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct New {
    kind: String,
    target: String,
    input: String,
    id: Option<String>,
    hidden: bool,
}

impl New {
    /// `kind` says what the runner has to do; `target` what the operation is about, which [`list`] finds it by.
    pub fn of(kind: &str, target: impl Into<String>) -> Self {
        Self { kind: kind.to_owned(), target: target.into(), ..Self::default() }
    }

    /// What the runner needs to know, as JSON.
    ///
    /// Errors: 500 for what cannot be written as JSON.
    pub fn input(mut self, input: &impl Serialize) -> crate::Result<Self> {
        self.input = text(input)?;
        Ok(self)
    }

    /// A name of the service's own choosing, which nobody else of its domain has; otherwise the host makes one.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Not shown by [`list`], and removed when it has ended.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }
}

/// Writes an operation in `transaction`: it exists, and will be run, when that is committed. Gives its id.
///
/// Errors: `exists`, where the id is taken; the database's.
pub fn start(transaction: &Transaction, operation: New) -> Result<String> {
    let New { kind, target, input, id, hidden } = operation;
    wit::start(transaction.raw(), &wit::NewOperation { kind, target, input, id, hidden })
}

/// An operation of this service or of another of its domain.
///
/// Errors: `not-found`; `unavailable`, where a service of the domain cannot be asked.
pub fn get(id: &str) -> Result<Operation> {
    wit::get(id)
}

/// Operations whose target begins with `prefix`, newest first, behind the operation `after`, at most `limit`.
///
/// Errors: the database's.
pub fn list(prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<Operation>> {
    wit::list(prefix, after, limit)
}

/// Says how far the work of this service's own operation is: 0 to 100, and the service's own account of it as JSON.
///
/// Errors: 409 after the end; 500 for what cannot be written as JSON.
pub fn progress(id: &str, percent: u32, metadata: &impl Serialize) -> crate::Result<()> {
    Ok(wit::progress(id, percent, &text(metadata)?)?)
}

/// Asks the runner to stop; it sees `cancel_requested` and decides.
///
/// Errors: `not-found`, `ended`.
pub fn cancel(id: &str) -> Result<()> {
    wit::cancel(id)
}

/// Removes an operation that has ended.
///
/// Errors: `not-found`.
pub fn delete(id: &str) -> Result<()> {
    wit::delete(id)
}

/// Reads an operation's `input` or `metadata`.
///
/// Errors: 500 for JSON of another shape, which the service itself wrote.
pub fn read<T: serde::de::DeserializeOwned>(text: &str) -> crate::Result<T> {
    let text = if text.is_empty() { "null" } else { text };
    serde_json::from_str(text).map_err(|error| Failed::internal(format!("an operation's JSON does not read: {error}")))
}

fn text(value: &impl Serialize) -> crate::Result<String> {
    serde_json::to_string(value).map_err(|error| Failed::internal(format!("not JSON: {error}")))
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found("The operation does not exist."),
            Error::Ended => Self::new(Code::FailedPrecondition, "operationEnded", "The operation has ended."),
            Error::Exists => Self::already_exists("An operation of this name already exists."),
            Error::Busy => Self::busy(),
            Error::NoSpace => {
                Self::new(Code::InsufficientStorage, "insufficientStorage", "There is no room on the disk.")
            }
            Error::Unavailable => Self::unavailable("Operations are not available."),
            Error::Other(log) => Self::internal(log),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f03_a_full_disk_is_507_and_a_conflict_is_tried_again() {
        assert_eq!(Failed::from(Error::NoSpace).http_status(), 507);
        assert!(Failed::from(Error::Busy).is_busy());
        assert_eq!(Failed::from(Error::Exists).http_status(), 409);
        assert!(!Failed::from(Error::Unavailable).is_busy());
    }
}
