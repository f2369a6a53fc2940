//! A connection to a SQLite file.

mod gate;
mod raw;
mod rules;

use super::config::Limits;
use super::error::Error;
use super::value::{Author, Outcome, Statement, Value};
use futures_util::{StreamExt, TryStreamExt};
use gate::Gate;
use raw::HardLimits;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteRow, SqliteSynchronous,
};
use sqlx::{
    Arguments, AssertSqlSafe, Column, ConnectOptions, Connection as _, Either, Executor, Row, TypeInfo, ValueRef,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Steps of SQLite's virtual machine between two looks at the clock: some tens of microseconds.
const STEPS_BETWEEN_LOOKS: i32 = 2_000;

/// Statements that a connection keeps compiled.
const COMPILED: usize = 256;

/// Rows that the thread may be ahead of whoever reads them: enough for a page, so that the two rarely wait for each
/// other, and few, since nobody has counted their bytes yet.
const ROWS_AHEAD: usize = 256;

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

/// Opens connections to one file.
#[derive(Debug, Clone)]
pub struct SqliteSource {
    pub path: PathBuf,
    pub access: Access,
    pub limits: Limits,
}

impl SqliteSource {
    /// A connection, with everything that has to hold on it in force.
    pub async fn connect(&self) -> Result<SqliteLink, Error> {
        let mut connection = self.options().connect().await?;
        let gate = Arc::new(Gate::default());
        let mut handle = connection.lock_handle().await?;
        let limits = HardLimits { length: self.limits.bytes, sql: self.limits.sql.max(4 << 20) };
        raw::confine(&mut handle, &gate, limits)?;
        let clock = Arc::clone(&gate);
        handle.set_progress_handler(STEPS_BETWEEN_LOOKS, move || !clock.is_over());
        drop(handle);
        Ok(SqliteLink { connection, gate })
    }

    fn options(&self) -> SqliteConnectOptions {
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(self.limits.wait)
            .statement_cache_capacity(COMPILED)
            .row_buffer_size(ROWS_AHEAD)
            // As on PostgreSQL.
            .pragma("case_sensitive_like", "ON")
            .pragma("journal_size_limit", "67108864")
            .thread_name(|number| format!("sqlite-{number}"))
            .disable_statement_logging();
        match self.access {
            Access::Write => options.create_if_missing(true).journal_mode(SqliteJournalMode::Wal),
            Access::Read => options.pragma("query_only", "ON"),
        }
    }
}

/// One connection. sqlx runs it on a thread of its own, in the order in which things are sent to it.
pub struct SqliteLink {
    connection: SqliteConnection,
    gate: Arc<Gate>,
}

impl SqliteLink {
    /// Runs one statement; `changes` says whether it is one that touches rows.
    pub async fn run(
        &mut self,
        author: Author,
        statement: Statement,
        changes: bool,
        limits: &Limits,
        deadline: Instant,
    ) -> Result<Outcome, Error> {
        self.gate.arm(author, deadline);
        let query = sqlx::query_with(AssertSqlSafe(statement.sql), arguments(statement.params)?);
        let mut stream = self.connection.fetch_many(query);
        let mut outcome = Outcome::default();
        let (mut size, mut finished) = (0, false);
        while let Some(step) = stream.next().await {
            match step? {
                Either::Left(done) => {
                    finished = true;
                    outcome.affected += if changes { done.rows_affected() } else { 0 };
                }
                Either::Right(row) => {
                    take_row(&row, &mut outcome, &mut size)?;
                    super::check_size(&outcome, size, limits)?;
                }
            }
        }
        // A thread that dies closes the stream just as a thread that is done does, but for the last word.
        if finished { Ok(outcome) } else { Err(Error::Unavailable("the connection's thread is gone".into())) }
    }

    /// Runs a script of any number of statements, without parameters.
    pub async fn script(&mut self, author: Author, sql: &str, deadline: Instant) -> Result<(), Error> {
        self.gate.arm(author, deadline);
        let mut steps = self.connection.fetch_many(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())));
        while steps.try_next().await?.is_some() {}
        Ok(())
    }

    /// Ends what still runs and what is still open; whether the connection is good for more.
    pub async fn recover(&mut self, limit: Duration) -> bool {
        self.gate.interrupt();
        let quiet = self.connection.ping().await;
        self.gate.release();
        if quiet.is_err() {
            return false;
        }
        // An interrupted write has ended its transaction already; then this says so, and that is well.
        let _ = self.script(Author::Host, "ROLLBACK", Instant::now() + limit).await;
        match self.connection.lock_handle().await {
            Ok(mut handle) => !raw::in_transaction(&mut handle),
            Err(_) => false,
        }
    }

    /// Closes it and waits until its thread has let go of the file.
    pub async fn close(self) {
        let _ = self.connection.close().await;
    }
}

fn arguments(params: Vec<Value>) -> Result<SqliteArguments, Error> {
    let mut arguments = SqliteArguments::default();
    for param in params {
        let added = match param {
            Value::Null => arguments.add(None::<i64>),
            Value::Boolean(value) => arguments.add(value),
            Value::Integer(value) => arguments.add(value),
            Value::Double(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
        };
        added.map_err(|error| Error::Invalid(error.to_string()))?;
    }
    Ok(arguments)
}

fn take_row(row: &SqliteRow, outcome: &mut Outcome, size: &mut u64) -> Result<(), Error> {
    if outcome.rows.columns.is_empty() {
        outcome.rows.columns = row.columns().iter().map(|column| column.name().to_owned()).collect();
    }
    for index in 0..row.len() {
        let cell = cell(row, index)?;
        *size += cell.size();
        outcome.rows.cells.push(cell);
    }
    Ok(())
}

/// By the value's own type, but for columns that are declared BOOLEAN.
fn cell(row: &SqliteRow, index: usize) -> Result<Value, Error> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    Ok(match raw.type_info().name() {
        "INTEGER" if row.column(index).type_info().name() == "BOOLEAN" => {
            Value::Boolean(row.try_get_unchecked::<i64, _>(index)? != 0)
        }
        "INTEGER" => Value::Integer(row.try_get_unchecked(index)?),
        "REAL" => Value::Double(row.try_get_unchecked(index)?),
        "TEXT" => Value::Text(row.try_get_unchecked(index)?),
        _ => Value::Bytes(row.try_get_unchecked(index)?),
    })
}

/// Copies a database, as it is at this moment, to a file that does not exist yet.
pub async fn copy(path: &Path, destination: &Path) -> Result<(), Error> {
    let options = SqliteConnectOptions::new().filename(path).disable_statement_logging();
    let mut connection = options.connect().await?;
    let copied = sqlx::query("VACUUM INTO $1").bind(destination.to_string_lossy().into_owned());
    copied.execute(&mut connection).await?;
    Ok(connection.close().await?)
}
