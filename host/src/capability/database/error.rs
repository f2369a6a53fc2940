//! The ways in which a database says no, and how a driver's error becomes one of them.

use sqlx::error::DatabaseError;
use std::fmt;

/// The rule of the schema that a statement broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    Unique,
    ForeignKey,
    Check,
    NotNull,
    Other,
}

/// Why there is no answer. Texts are for the log: none of them may reach a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    Constraint(Constraint),
    /// Another transaction was in the way; the whole of this one can be run again.
    Busy,
    /// The statement, the transaction, or the wait for a connection ran out of time.
    Timeout,
    /// An answer would have had more rows than this.
    TooManyRows(u64),
    /// An answer would have had more bytes than this.
    TooManyBytes(u64),
    /// The statement is wrong, or not allowed.
    Invalid(String),
    /// The disk, or what the database may have of it, is full; nothing was written.
    NoSpace(String),
    /// The database does not answer.
    Unavailable(String),
    /// The database holds a migration that this version of the service does not have.
    Newer {
        migration: i64,
    },
    /// A migration failed, or is not the one that was applied; nothing of it is left.
    Migration {
        file: String,
        reason: String,
    },
    Other(String),
}

impl Error {
    /// A short word for metrics and the log.
    pub fn kind(&self) -> &'static str {
        match self {
            Error::Constraint(_) => "constraint",
            Error::Busy => "busy",
            Error::Timeout => "timeout",
            Error::TooManyRows(_) | Error::TooManyBytes(_) => "too-many-rows",
            Error::Invalid(_) => "invalid",
            Error::NoSpace(_) => "no-space",
            Error::Unavailable(_) => "unavailable",
            Error::Newer { .. } => "newer",
            Error::Migration { .. } => "migration",
            Error::Other(_) => "other",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Constraint(constraint) => write!(f, "constraint: {constraint:?}"),
            Error::Busy => f.write_str("another transaction was in the way"),
            Error::Timeout => f.write_str("out of time"),
            Error::TooManyRows(limit) => write!(f, "more than {limit} rows in one answer"),
            Error::TooManyBytes(limit) => write!(f, "more than {limit} bytes in one answer"),
            Error::Invalid(why) => write!(f, "invalid statement: {why}"),
            Error::NoSpace(why) => write!(f, "no room for the database: {why}"),
            Error::Unavailable(why) => write!(f, "the database does not answer: {why}"),
            Error::Newer { migration } => {
                write!(f, "the database was written by a newer version: it has migration {migration}")
            }
            Error::Migration { file, reason } => write!(f, "migration {file}: {reason}"),
            Error::Other(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(error) => database(&*error),
            E::Io(_) | E::Tls(_) | E::Protocol(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => {
                Error::Unavailable(error.to_string())
            }
            E::Configuration(_) => Error::Unavailable(error.to_string()),
            E::Encode(_) | E::Decode(_) | E::ColumnDecode { .. } | E::TypeNotFound { .. } => {
                Error::Invalid(error.to_string())
            }
            other => Error::Other(other.to_string()),
        }
    }
}

fn database(error: &dyn DatabaseError) -> Error {
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
        postgres(&code, error.to_string())
    } else {
        sqlite(code.parse().unwrap_or(0), error.to_string())
    }
}

/// By SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn postgres(code: &str, message: String) -> Error {
    match code {
        "23505" | "23P01" => Error::Constraint(Constraint::Unique),
        "23503" => Error::Constraint(Constraint::ForeignKey),
        "23514" => Error::Constraint(Constraint::Check),
        "23502" => Error::Constraint(Constraint::NotNull),
        "40001" | "40P01" | "55P03" => Error::Busy,
        // Out of statement_timeout, or out of the time that a transaction may idle.
        "57014" | "25P03" | "25P04" => Error::Timeout,
        "53100" => Error::NoSpace(message),
        // Out of connections, of memory; shutting down; gone.
        _ => match code.get(..2).unwrap_or_default() {
            "23" => Error::Constraint(Constraint::Other),
            // 55000: the database does not take connections now.
            "08" | "53" | "55" | "57" | "58" | "XX" | "28" | "3D" => Error::Unavailable(message),
            "22" | "25" | "26" | "42" | "0A" | "21" | "2B" | "34" => Error::Invalid(message),
            _ => Error::Other(message),
        },
    }
}

/// By extended result code: <https://www.sqlite.org/rescode.html>.
fn sqlite(code: i32, message: String) -> Error {
    use libsqlite3_sys as ffi;
    match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            return Error::Constraint(Constraint::Unique);
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => return Error::Constraint(Constraint::ForeignKey),
        ffi::SQLITE_CONSTRAINT_CHECK => return Error::Constraint(Constraint::Check),
        ffi::SQLITE_CONSTRAINT_NOTNULL => return Error::Constraint(Constraint::NotNull),
        _ => {}
    }
    // The low byte is the primary code.
    match code & 0xff {
        ffi::SQLITE_CONSTRAINT => Error::Constraint(Constraint::Other),
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => Error::Busy,
        ffi::SQLITE_INTERRUPT => Error::Timeout,
        ffi::SQLITE_FULL => Error::NoSpace(message),
        ffi::SQLITE_ERROR
        | ffi::SQLITE_AUTH
        | ffi::SQLITE_READONLY
        | ffi::SQLITE_MISMATCH
        | ffi::SQLITE_RANGE
        | ffi::SQLITE_TOOBIG => Error::Invalid(message),
        _ => Error::Unavailable(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_codes_have_their_meaning() {
        let of = |code| postgres(code, String::new());
        assert_eq!(of("23505"), Error::Constraint(Constraint::Unique));
        assert_eq!(of("23000"), Error::Constraint(Constraint::Other));
        assert_eq!(of("40001"), Error::Busy);
        assert_eq!(of("57014"), Error::Timeout);
        assert_eq!(of("53100"), Error::NoSpace(String::new()));
        assert_eq!(of("53300"), Error::Unavailable(String::new()));
        assert_eq!(of("57P01"), Error::Unavailable(String::new()));
        assert_eq!(of("55000"), Error::Unavailable(String::new()));
        assert_eq!(of("42601"), Error::Invalid(String::new()));
        assert_eq!(of(""), Error::Other(String::new()));
    }

    #[test]
    fn sqlite_codes_have_their_meaning() {
        let of = |code| sqlite(code, String::new());
        assert_eq!(of(2067), Error::Constraint(Constraint::Unique));
        assert_eq!(of(787), Error::Constraint(Constraint::ForeignKey));
        assert_eq!(of(517), Error::Busy, "SQLITE_BUSY_SNAPSHOT");
        assert_eq!(of(9), Error::Timeout);
        assert_eq!(of(13), Error::NoSpace(String::new()), "SQLITE_FULL");
        assert_eq!(of(14), Error::Unavailable(String::new()), "SQLITE_CANTOPEN");
    }
}
