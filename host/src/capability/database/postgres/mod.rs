//! A connection to a PostgreSQL server, in the role that owns one schema.

pub mod names;
pub mod server;

use super::config::Limits;
use super::error::Error;
use super::value::{Author, Outcome, Statement, Value};
use futures_util::{StreamExt, TryStreamExt};
use server::Server;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgConnection, PgRow, PgTypeInfo, Postgres};
use sqlx::{
    Arguments, AssertSqlSafe, Column, ConnectOptions, Connection as _, Either, Encode, Executor, Row, Type, TypeInfo,
    ValueRef,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;

/// Opens connections of one role.
#[derive(Clone)]
pub struct PostgresSource {
    pub server: Arc<Server>,
    pub identity: names::Identity,
    pub limits: Limits,
}

impl PostgresSource {
    /// A connection. The role and its schema are made where they do not exist.
    pub async fn connect(&self) -> Result<PostgresLink, Error> {
        let place = self.server.place(self.limits.wait).await?;
        let options = self.server.options_for(&self.identity, &self.limits);
        let mut connection = match options.connect().await {
            Err(error) if is_stranger(&error) => {
                self.server.provide(&self.identity).await?;
                options.connect().await?
            }
            other => other?,
        };
        let about = "SELECT pg_backend_pid(), to_regnamespace(current_user::text) IS NOT NULL";
        let (process, has_schema): (i32, bool) = sqlx::query_as(about).fetch_one(&mut connection).await?;
        if !has_schema {
            // Roles outlive a database that was dropped and made again.
            self.server.provide(&self.identity).await?;
        }
        Ok(PostgresLink { connection, process, server: Arc::clone(&self.server), _place: place })
    }
}

/// Whether the server does not know the role, or knows it by another password.
fn is_stranger(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("28P01" | "28000" | "42501"))
}

/// One connection.
pub struct PostgresLink {
    connection: PgConnection,
    process: i32,
    server: Arc<Server>,
    /// Its share of what the server can bear.
    _place: OwnedSemaphorePermit,
}

impl PostgresLink {
    /// Whether the server is still there.
    pub async fn is_alive(&mut self, limit: Duration) -> bool {
        matches!(tokio::time::timeout(limit, self.connection.ping()).await, Ok(Ok(())))
    }

    /// Runs one statement; `changes` says whether it is one that touches rows.
    pub async fn run(
        &mut self,
        statement: Statement,
        changes: bool,
        limits: &Limits,
        deadline: Instant,
    ) -> Result<Outcome, Error> {
        let work = self.stream(statement, changes, limits);
        // The server has its own limit; this one is for a server that no longer answers.
        let patience = tokio::time::Instant::from_std(deadline);
        tokio::time::timeout_at(patience, work).await.unwrap_or(Err(Error::Timeout))
    }

    async fn stream(&mut self, statement: Statement, changes: bool, limits: &Limits) -> Result<Outcome, Error> {
        let sql = with_signature(statement.sql, &statement.params);
        let query = sqlx::query_with(AssertSqlSafe(sql), arguments(statement.params)?);
        let mut stream = self.connection.fetch_many(query);
        let mut outcome = Outcome::default();
        let mut size = 0;
        while let Some(step) = stream.next().await {
            match step? {
                Either::Left(done) => outcome.affected += if changes { done.rows_affected() } else { 0 },
                Either::Right(row) => {
                    take_row(&row, &mut outcome, &mut size)?;
                    super::check_size(&outcome, size, limits)?;
                }
            }
        }
        Ok(outcome)
    }

    /// Runs a script of any number of statements, without parameters.
    pub async fn script(&mut self, _author: Author, sql: &str, deadline: Instant) -> Result<(), Error> {
        let mut steps = self.connection.fetch_many(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())));
        let work = async {
            while steps.try_next().await?.is_some() {}
            Ok(())
        };
        tokio::time::timeout_at(tokio::time::Instant::from_std(deadline), work).await.unwrap_or(Err(Error::Timeout))
    }

    /// Ends the transaction that is open; whether the connection is good for more. One that was left in the middle of
    /// a statement (not `quiet`) is not: the server is told to end it, so that its locks are free at once.
    pub async fn recover(&mut self, quiet: bool, limit: Duration) -> bool {
        if quiet && self.script(Author::Host, "ROLLBACK", Instant::now() + limit).await.is_ok() {
            return true;
        }
        if let Err(error) = self.server.terminate(self.process).await {
            tracing::warn!(%error, "a connection could not be ended");
        }
        false
    }

    /// Says good-bye to the server.
    pub async fn close(self) {
        let _ = self.connection.close().await;
    }
}

/// sqlx keeps compiled statements by their text alone, and PostgreSQL compiles them for types: the types of the
/// parameters become part of the text.
fn with_signature(mut sql: String, params: &[Value]) -> String {
    if params.is_empty() {
        return sql;
    }
    sql.reserve(params.len() + 6);
    // A line of its own: the text may end in a comment.
    sql.push_str("\n/*");
    sql.extend(params.iter().map(|param| match param {
        Value::Null => 'n',
        Value::Boolean(_) => 'l',
        Value::Integer(_) => 'i',
        Value::Double(_) => 'd',
        Value::Text(_) => 't',
        Value::Bytes(_) => 'b',
    }));
    sql.push_str("*/");
    sql
}

/// A NULL whose type the server works out from where it stands.
struct UntypedNull;

impl Type<Postgres> for UntypedNull {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, Postgres> for UntypedNull {
    fn encode_by_ref(&self, _buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(IsNull::Yes)
    }
}

fn arguments(params: Vec<Value>) -> Result<PgArguments, Error> {
    let mut arguments = PgArguments::default();
    for param in params {
        let added = match param {
            Value::Null => arguments.add(UntypedNull),
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

fn take_row(row: &PgRow, outcome: &mut Outcome, size: &mut u64) -> Result<(), Error> {
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

fn cell(row: &PgRow, index: usize) -> Result<Value, Error> {
    if row.try_get_raw(index)?.is_null() {
        return Ok(Value::Null);
    }
    let column = row.column(index);
    Ok(match column.type_info().name() {
        "INT8" => Value::Integer(row.try_get_unchecked(index)?),
        "INT4" => Value::Integer(row.try_get_unchecked::<i32, _>(index)?.into()),
        "INT2" => Value::Integer(row.try_get_unchecked::<i16, _>(index)?.into()),
        "BOOL" => Value::Boolean(row.try_get_unchecked(index)?),
        "FLOAT8" => Value::Double(row.try_get_unchecked(index)?),
        "FLOAT4" => Value::Double(row.try_get_unchecked::<f32, _>(index)?.into()),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" => Value::Text(row.try_get_unchecked(index)?),
        "BYTEA" => Value::Bytes(row.try_get_unchecked(index)?),
        other => return Err(Error::Invalid(format!("column {} is {other}; cast it", column.name()))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_compiled_for_each_list_of_types() {
        let signed = |params: &[Value]| with_signature("SELECT $1 -- why".into(), params);
        assert_eq!(signed(&[]), "SELECT $1 -- why");
        assert_eq!(signed(&[1.into(), Value::Null]), "SELECT $1 -- why\n/*in*/");
    }
}
