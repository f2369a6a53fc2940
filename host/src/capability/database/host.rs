//! `fogbank:database/database` for the guest.

use super::{Backend, Constraint, Database, Error, Mode, Outcome, Rows, Statement, Transaction, Value};
use crate::plugin::bindings::fogbank::database::database as wit;
use crate::plugin::state::{CallContext, Scope, State};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::Result;
use wasmtime::component::Resource;

/// What a guest is answered, in what wasmtime is answered.
type Answer<T> = Result<std::result::Result<T, wit::Error>>;

/// The longest that a call waits for its database to be opened; a migration goes on without it.
const OPENING: Duration = Duration::from_secs(30);

/// Gives an error of ours back to the guest.
macro_rules! attempt {
    ($outcome:expr) => {
        match $outcome {
            Ok(value) => value,
            Err(error) => return Ok(Err(wit::Error::from(error))),
        }
    };
}

/// The database of the store's scope.
async fn open(scope: &Scope, call: &CallContext) -> std::result::Result<Arc<Database>, Error> {
    let opened = match tokio::time::timeout(OPENING, scope.database()).await {
        Ok(opened) => opened,
        Err(_elapsed) => Err(Error::Unavailable("it is still being opened".into())),
    };
    opened.inspect_err(|error| {
        let (tenant, plugin) = (&*scope.tenant.name, &*scope.plugin);
        tracing::error!(tenant, plugin, request = &*call.request_id, %error, "the database does not open");
    })
}

impl wit::Host for State {
    async fn backend(&mut self) -> Result<wit::Engine> {
        Ok(match self.scope.process.databases.backend() {
            Backend::Sqlite => wit::Engine::Sqlite,
            Backend::Postgres => wit::Engine::Postgres,
        })
    }

    #[tracing::instrument(level = "debug", name = "database.query", skip_all)]
    async fn query(&mut self, statement: wit::Statement) -> Answer<wit::Rows> {
        let database = attempt!(open(&self.scope, &self.call).await);
        Ok(Ok(attempt!(database.query(statement.into()).await).into()))
    }

    #[tracing::instrument(level = "debug", name = "database.execute", skip_all)]
    async fn execute(&mut self, statements: Vec<wit::Statement>) -> Answer<Vec<wit::Outcome>> {
        let database = attempt!(open(&self.scope, &self.call).await);
        let statements = statements.into_iter().map(Statement::from).collect();
        let outcomes = attempt!(database.execute(statements).await);
        Ok(Ok(outcomes.into_iter().map(wit::Outcome::from).collect()))
    }

    #[tracing::instrument(level = "debug", name = "database.begin", skip_all)]
    async fn begin(&mut self, mode: wit::Mode) -> Answer<Resource<Transaction>> {
        let mode = match mode {
            wit::Mode::Read => Mode::Read,
            wit::Mode::Write => Mode::Write,
        };
        let database = attempt!(open(&self.scope, &self.call).await);
        let transaction = attempt!(database.begin(mode).await);
        Ok(Ok(self.table.push(transaction)?))
    }
}

impl wit::HostTransaction for State {
    #[tracing::instrument(level = "debug", name = "database.query", skip_all)]
    async fn query(&mut self, transaction: Resource<Transaction>, statement: wit::Statement) -> Answer<wit::Rows> {
        let transaction = self.table.get_mut(&transaction)?;
        Ok(Ok(attempt!(transaction.query(statement.into()).await).into()))
    }

    #[tracing::instrument(level = "debug", name = "database.execute", skip_all)]
    async fn execute(
        &mut self,
        transaction: Resource<Transaction>,
        statements: Vec<wit::Statement>,
    ) -> Answer<Vec<wit::Outcome>> {
        let transaction = self.table.get_mut(&transaction)?;
        let statements = statements.into_iter().map(Statement::from).collect();
        let outcomes = attempt!(transaction.execute(statements).await);
        Ok(Ok(outcomes.into_iter().map(wit::Outcome::from).collect()))
    }

    #[tracing::instrument(level = "debug", name = "database.commit", skip_all)]
    async fn commit(&mut self, transaction: Resource<Transaction>) -> Answer<()> {
        let transaction = self.table.get_mut(&transaction)?;
        attempt!(transaction.commit().await);
        Ok(Ok(()))
    }

    async fn drop(&mut self, transaction: Resource<Transaction>) -> Result<()> {
        self.table.delete(transaction)?;
        Ok(())
    }
}

impl From<wit::Value> for Value {
    fn from(value: wit::Value) -> Self {
        match value {
            wit::Value::Null => Value::Null,
            wit::Value::Boolean(value) => Value::Boolean(value),
            wit::Value::Integer(value) => Value::Integer(value),
            wit::Value::Double(value) => Value::Double(value),
            wit::Value::Text(value) => Value::Text(value),
            wit::Value::Bytes(value) => Value::Bytes(value),
        }
    }
}

impl From<Value> for wit::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => wit::Value::Null,
            Value::Boolean(value) => wit::Value::Boolean(value),
            Value::Integer(value) => wit::Value::Integer(value),
            Value::Double(value) => wit::Value::Double(value),
            Value::Text(value) => wit::Value::Text(value),
            Value::Bytes(value) => wit::Value::Bytes(value),
        }
    }
}

impl From<wit::Statement> for Statement {
    fn from(statement: wit::Statement) -> Self {
        Self { sql: statement.sql, params: statement.params.into_iter().map(Value::from).collect() }
    }
}

impl From<Rows> for wit::Rows {
    fn from(rows: Rows) -> Self {
        Self { columns: rows.columns, cells: rows.cells.into_iter().map(wit::Value::from).collect() }
    }
}

impl From<Outcome> for wit::Outcome {
    fn from(outcome: Outcome) -> Self {
        Self { affected: outcome.affected, rows: outcome.rows.into() }
    }
}

impl From<Error> for wit::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Constraint(constraint) => wit::Error::Constraint(constraint.into()),
            Error::Busy => wit::Error::Busy,
            Error::Timeout => wit::Error::Timeout,
            Error::TooManyRows(limit) | Error::TooManyBytes(limit) => wit::Error::TooManyRows(limit),
            Error::Invalid(why) => wit::Error::Invalid(why),
            Error::NoSpace(_) => wit::Error::NoSpace,
            // What the driver or the server says of itself stands in the host's log.
            Error::Unavailable(_) | Error::Migration { .. } => wit::Error::Unavailable,
            Error::Newer { .. } => wit::Error::Newer,
            Error::Other(_) => wit::Error::Other("see the host's log".into()),
        }
    }
}

impl From<Constraint> for wit::Constraint {
    fn from(constraint: Constraint) -> Self {
        match constraint {
            Constraint::Unique => wit::Constraint::Unique,
            Constraint::ForeignKey => wit::Constraint::ForeignKey,
            Constraint::Check => wit::Constraint::Check,
            Constraint::NotNull => wit::Constraint::NotNull,
            Constraint::Other => wit::Constraint::Other,
        }
    }
}
