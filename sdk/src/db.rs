//! The service's own database: `$1` parameters, one statement a call, the same on SQLite and PostgreSQL.
//!
//! Each function crosses to the host once, which is what a metadata request's time is made of: prefer one [`execute`] with several
//! statements to several calls.

mod row;
mod transaction;
mod value;

use crate::bindings::fogbank::database::database as wit;
use crate::error::{Code, Error as Failure};

pub use row::{Outcome, Row};
pub use transaction::{Transaction, read, transaction};
pub use value::{FromValue, Json, Value};
pub use wit::{Constraint, Engine, Error, Statement};

/// What the database answers. `?` in a handler turns the error into one for the client.
pub type Result<T> = std::result::Result<T, Error>;

/// Parameters of a statement: `params![name, 5, None::<i64>, Json(&labels)]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {{
        let values: ::std::vec::Vec<$crate::db::Value> = ::std::vec![$($crate::db::Value::from($value)),*];
        values
    }};
}
#[doc(inline)]
pub use crate::params;

/// One statement with its parameters, for [`execute`].
pub fn stmt(sql: impl Into<String>, params: Vec<Value>) -> Statement {
    Statement { sql: sql.into(), params: params.into_iter().map(Value::into_wit).collect() }
}

/// Reads rows, outside a transaction.
///
/// Errors: [`Error`]; `busy` is tried again here.
pub fn query(sql: &str, params: Vec<Value>) -> Result<Vec<Row>> {
    let statement = stmt(sql, params);
    transaction::retry(|| wit::query(&statement), |error| matches!(error, Error::Busy)).map(row::rows)
}

/// Reads the first row.
///
/// Errors: as [`query`].
pub fn query_one(sql: &str, params: Vec<Value>) -> Result<Option<Row>> {
    query(sql, params).map(|rows| rows.into_iter().next())
}

/// Runs the statements in order, all or none, in one crossing.
///
/// Errors: [`Error`]; `busy` is tried again here, since nothing was written.
pub fn execute(statements: Vec<Statement>) -> Result<Vec<Outcome>> {
    let outcomes = transaction::retry(|| wit::execute(&statements), |error| matches!(error, Error::Busy))?;
    Ok(outcomes.into_iter().map(Outcome::from).collect())
}

/// Which database it is, for the few statements that have to differ.
pub fn backend() -> Engine {
    wit::backend()
}

impl Error {
    /// Whether a row of that key exists.
    pub fn is_unique(&self) -> bool {
        matches!(self, Self::Constraint(Constraint::Unique))
    }

    /// Whether a row refers to one that is not there, or is referred to.
    pub fn is_foreign_key(&self) -> bool {
        matches!(self, Self::Constraint(Constraint::ForeignKey))
    }
}

impl From<Error> for Failure {
    /// What a client is told where the handler has nothing better to say. No SQL text and no message of a driver leaves.
    fn from(error: Error) -> Self {
        match error {
            Error::Busy => Self::busy(),
            Error::Timeout => Self::deadline("The database took too long."),
            Error::NoSpace => {
                Self::new(Code::InsufficientStorage, "insufficientStorage", "There is no room on the disk.")
            }
            Error::Unavailable => Self::unavailable("The database is not available."),
            Error::Newer => Self::unavailable("The records were written by a newer version of this service."),
            Error::TooManyRows(limit) => Self::internal(format!("more than {limit} rows or bytes in one answer")),
            Error::Constraint(Constraint::Unique) => Self::already_exists("The resource already exists."),
            Error::Constraint(kind) => {
                crate::log::warn!("a constraint was violated: {kind:?}");
                Self::new(Code::Aborted, "conflict", "The request conflicts with the state of the resource.")
            }
            Error::Invalid(log) | Error::Other(log) => Self::internal(log),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f30_no_sql_reaches_a_client() {
        for error in [Error::Invalid("near \"SELEC\"".into()), Error::Other("/var/db.sqlite".into())] {
            let failure = Failure::from(error);
            assert_eq!((failure.http_status(), failure.message()), (500, "Internal error."));
        }
    }

    #[test]
    fn f24_busy_is_503_and_known_as_such() {
        let failure = Failure::from(Error::Busy);
        assert!(failure.is_busy() && failure.http_status() == 503);
        assert!(!Failure::from(Error::Unavailable).is_busy());
        assert_eq!(Failure::from(Error::Constraint(Constraint::Unique)).http_status(), 409);
        assert_eq!(Failure::from(Error::NoSpace).http_status(), 507);
    }
}
