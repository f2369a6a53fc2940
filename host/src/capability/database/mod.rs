//! `fogbank:database`: a relational database for each tenant and service, on SQLite or PostgreSQL.
//!
//! - [`Databases`] belongs to the process; [`Database`] is one that is open; [`Transaction`] spans several calls.
//! - [`value`] is the common ground of both backends; [`sql`] decides which statements a service may run.
//! - [`connection`] and [`pool`] know both backends, [`sqlite`] and [`postgres`] one each.
//! - [`migrations`] are applied by the host when a database is opened, before anybody uses it.
//!
//! A service that asks for `database` in its manifest gets one database a tenant. On SQLite what confines it is the
//! authorizer, which sees every statement as it is compiled, a limit of no attached files, and read-only connections
//! for what reads; on PostgreSQL it is a login role that owns one schema and has no rights elsewhere.

mod config;
mod connection;
#[expect(clippy::module_inception, reason = "one database among `databases`; there is no better name")]
mod database;
mod databases;
mod error;
mod host;
pub mod mark;
mod migrations;
mod observe;
mod place;
mod pool;
mod postgres;
mod sql;
mod sqlite;
#[doc(hidden)]
pub mod testing;
#[cfg(test)]
mod tests;
mod transaction;
mod value;
mod watch;

pub use config::{DatabasesConfig, Limits};
pub use database::Database;
pub use databases::Databases;
pub use error::{Constraint, Error};
pub use migrations::{Migration, Migrations};
pub use observe::{Observe, Sample, Unobserved};
pub use sql::RESERVED;
pub use transaction::Transaction;
pub use value::{Backend, Mode, Outcome, Rows, Statement, Value};

/// Refuses an answer as soon as it is too large.
fn check_size(outcome: &Outcome, bytes: u64, limits: &Limits) -> Result<(), Error> {
    if outcome.rows.len() as u64 > limits.rows {
        return Err(Error::TooManyRows(limits.rows));
    }
    if bytes > limits.bytes {
        return Err(Error::TooManyBytes(limits.bytes));
    }
    Ok(())
}
