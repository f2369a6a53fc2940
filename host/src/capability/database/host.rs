//! `fogbank:database/database` for the guest.

use super::{Backend, Error, Mode, Outcome, Rows, Statement, Transaction, Value};
use crate::plugin::bindings::fogbank::database::database as wit;
use crate::plugin::state::State;
use wasmtime::component::Resource;

type Answer<T> = wasmtime::Result<Result<T, wit::Error>>;

impl wit::Host for State {
    async fn backend(&mut self) -> wasmtime::Result<wit::Engine> {
        Ok(match self.scope.process.databases.backend() {
            Backend::Sqlite => wit::Engine::Sqlite,
            Backend::Postgres => wit::Engine::Postgres,
        })
    }

    #[tracing::instrument(level = "debug", name = "database.query", skip_all)]
    async fn query(&mut self, statement: wit::Statement) -> Answer<wit::Rows> {
        let outcome = match self.scope.database().await {
            Ok(database) => database.query(statement.into()).await,
            Err(error) => Err(error),
        };
        Ok(outcome.map(wit::Rows::from).map_err(wit::Error::from))
    }

    #[tracing::instrument(level = "debug", name = "database.execute", skip_all)]
    async fn execute(&mut self, statements: Vec<wit::Statement>) -> Answer<Vec<wit::Outcome>> {
        let outcome = match self.scope.database().await {
            Ok(database) => database.execute(own(statements)).await,
            Err(error) => Err(error),
        };
        Ok(outcome.map(wits).map_err(wit::Error::from))
    }

    #[tracing::instrument(level = "debug", name = "database.begin", skip_all)]
    async fn begin(&mut self, mode: wit::Mode) -> Answer<Resource<Transaction>> {
        let mode = match mode {
            wit::Mode::Read => Mode::Read,
            wit::Mode::Write => Mode::Write,
        };
        let begun = match self.scope.database().await {
            Ok(database) => database.begin(mode).await,
            Err(error) => Err(error),
        };
        match begun {
            Ok(transaction) => Ok(Ok(self.table.push(transaction)?)),
            Err(error) => Ok(Err(error.into())),
        }
    }
}

impl wit::HostTransaction for State {
    #[tracing::instrument(level = "debug", name = "database.query", skip_all)]
    async fn query(&mut self, transaction: Resource<Transaction>, statement: wit::Statement) -> Answer<wit::Rows> {
        let outcome = self.table.get_mut(&transaction)?.query(statement.into()).await;
        Ok(outcome.map(wit::Rows::from).map_err(wit::Error::from))
    }

    #[tracing::instrument(level = "debug", name = "database.execute", skip_all)]
    async fn execute(
        &mut self,
        transaction: Resource<Transaction>,
        statements: Vec<wit::Statement>,
    ) -> Answer<Vec<wit::Outcome>> {
        let outcome = self.table.get_mut(&transaction)?.execute(own(statements)).await;
        Ok(outcome.map(wits).map_err(wit::Error::from))
    }

    #[tracing::instrument(level = "debug", name = "database.commit", skip_all)]
    async fn commit(&mut self, transaction: Resource<Transaction>) -> Answer<()> {
        let committed = self.table.get_mut(&transaction)?.commit().await;
        Ok(committed.map_err(wit::Error::from))
    }

    async fn drop(&mut self, transaction: Resource<Transaction>) -> wasmtime::Result<()> {
        self.table.delete(transaction)?;
        Ok(())
    }
}

fn own(statements: Vec<wit::Statement>) -> Vec<Statement> {
    statements.into_iter().map(Statement::from).collect()
}

fn wits(outcomes: Vec<Outcome>) -> Vec<wit::Outcome> {
    let outcome = |outcome: Outcome| wit::Outcome { affected: outcome.affected, rows: outcome.rows.into() };
    outcomes.into_iter().map(outcome).collect()
}

impl From<wit::Statement> for Statement {
    fn from(statement: wit::Statement) -> Self {
        let value = |value| match value {
            wit::Value::Null => Value::Null,
            wit::Value::Boolean(value) => Value::Boolean(value),
            wit::Value::Integer(value) => Value::Integer(value),
            wit::Value::Double(value) => Value::Double(value),
            wit::Value::Text(value) => Value::Text(value),
            wit::Value::Bytes(value) => Value::Bytes(value),
        };
        Statement { sql: statement.sql, params: statement.params.into_iter().map(value).collect() }
    }
}

impl From<Rows> for wit::Rows {
    fn from(rows: Rows) -> Self {
        let value = |value| match value {
            Value::Null => wit::Value::Null,
            Value::Boolean(value) => wit::Value::Boolean(value),
            Value::Integer(value) => wit::Value::Integer(value),
            Value::Double(value) => wit::Value::Double(value),
            Value::Text(value) => wit::Value::Text(value),
            Value::Bytes(value) => wit::Value::Bytes(value),
        };
        wit::Rows { columns: rows.columns, cells: rows.cells.into_iter().map(value).collect() }
    }
}

impl From<Error> for wit::Error {
    fn from(error: Error) -> Self {
        use super::Constraint;
        let constraint = |constraint| match constraint {
            Constraint::Unique => wit::Constraint::Unique,
            Constraint::ForeignKey => wit::Constraint::ForeignKey,
            Constraint::Check => wit::Constraint::Check,
            Constraint::NotNull => wit::Constraint::NotNull,
            Constraint::Other => wit::Constraint::Other,
        };
        match error {
            Error::Constraint(kind) => wit::Error::Constraint(constraint(kind)),
            Error::Busy => wit::Error::Busy,
            Error::Timeout => wit::Error::Timeout,
            Error::TooManyRows(limit) | Error::TooManyBytes(limit) => wit::Error::TooManyRows(limit),
            Error::Invalid(why) => wit::Error::Invalid(why),
            Error::Unavailable(why) => {
                tracing::error!("the database does not answer: {why}");
                wit::Error::Unavailable
            }
            Error::Newer { migration } => {
                tracing::error!(migration, "the database was written by a newer version of the service");
                wit::Error::Newer
            }
            Error::Migration { file, reason } => wit::Error::Other(format!("{file}: {reason}")),
            Error::Other(why) => wit::Error::Other(why),
        }
    }
}
