//! `fogbank:operations/operations` for the guest.

use super::table::{self, Ended, New, Row};
use super::worker::{Step, StepOutcome};
use crate::capability::database::{Error as DatabaseError, Transaction};
use crate::plugin::bindings::exports::fogbank::operations::runner;
use crate::plugin::bindings::fogbank::operations::operations as wit;
use crate::plugin::state::{Scope, State};
use std::time::Duration;
use wasmtime::component::Resource;

/// Rows of one answer of `list`.
const PAGE: u32 = 1_000;

impl wit::Host for State {
    async fn start(
        &mut self,
        transaction: Resource<Transaction>,
        new: wit::NewOperation,
    ) -> wasmtime::Result<Result<String, wit::Error>> {
        let id = new.id.unwrap_or_else(|| format!("operation-{}", uuid::Uuid::now_v7().simple()));
        let now_ms = self.scope.tenant.clock.now_ms();
        let row = New { id, kind: new.kind, target: new.target, input: new.input, hidden: new.hidden };
        let statement = table::insert(&row, now_ms);
        let transaction = self.table.get_mut(&transaction)?;
        let written = transaction.execute_as_host(vec![statement]).await;
        self.started_operation = true;
        Ok(written.map(|_| row.id).map_err(wit::Error::from))
    }

    async fn get(&mut self, id: String) -> wasmtime::Result<Result<wit::Operation, wit::Error>> {
        Ok(find(&self.scope, &id).await)
    }

    async fn list(
        &mut self,
        target_prefix: String,
        after: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<wit::Operation>, wit::Error>> {
        let database = match self.scope.database().await {
            Ok(database) => database,
            Err(error) => return Ok(Err(error.into())),
        };
        let rows = table::list(&database, &target_prefix, after.as_deref(), limit.min(PAGE)).await;
        Ok(rows.map(|rows| rows.into_iter().map(wit::Operation::from).collect()).map_err(wit::Error::from))
    }

    async fn progress(
        &mut self,
        id: String,
        percent: u32,
        metadata: String,
    ) -> wasmtime::Result<Result<(), wit::Error>> {
        let now_ms = self.scope.tenant.clock.now_ms();
        let database = match self.scope.database().await {
            Ok(database) => database,
            Err(error) => return Ok(Err(error.into())),
        };
        let changed = table::progress(&database, &id, percent, &metadata, now_ms).await;
        Ok(self::changed(&self.scope, &id, changed).await)
    }

    async fn cancel(&mut self, id: String) -> wasmtime::Result<Result<(), wit::Error>> {
        let now_ms = self.scope.tenant.clock.now_ms();
        let database = match self.scope.database().await {
            Ok(database) => database,
            Err(error) => return Ok(Err(error.into())),
        };
        let changed = table::cancel(&database, &id, now_ms).await;
        self.started_operation = true;
        Ok(self::changed(&self.scope, &id, changed).await)
    }

    async fn delete(&mut self, id: String) -> wasmtime::Result<Result<(), wit::Error>> {
        let database = match self.scope.database().await {
            Ok(database) => database,
            Err(error) => return Ok(Err(error.into())),
        };
        match table::delete(&database, &id).await {
            Ok(true) => Ok(Ok(())),
            Ok(false) => Ok(match find(&self.scope, &id).await {
                Ok(_) => Err(wit::Error::Other("the operation has not ended".into())),
                Err(error) => Err(error),
            }),
            Err(error) => Ok(Err(error.into())),
        }
    }
}

async fn find(scope: &Scope, id: &str) -> Result<wit::Operation, wit::Error> {
    let database = scope.database().await?;
    table::get(&database, id).await?.map(wit::Operation::from).ok_or(wit::Error::NotFound)
}

async fn changed(scope: &Scope, id: &str, changed: Result<bool, DatabaseError>) -> Result<(), wit::Error> {
    match changed? {
        true => Ok(()),
        false => find(scope, id).await.and(Err(wit::Error::Ended)),
    }
}

impl From<DatabaseError> for wit::Error {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Unavailable(_)
            | DatabaseError::NoSpace(_)
            | DatabaseError::Busy
            | DatabaseError::Timeout => wit::Error::Unavailable,
            other => wit::Error::Other(other.to_string()),
        }
    }
}

impl From<Row> for wit::Operation {
    fn from(row: Row) -> Self {
        wit::Operation {
            id: row.id,
            kind: row.kind,
            target: row.target,
            input: row.input,
            metadata: row.metadata,
            state: match row.state {
                table::State::Pending => wit::State::Pending,
                table::State::Running => wit::State::Running,
                table::State::Done => wit::State::Done,
            },
            percent: row.percent,
            attempts: row.attempts,
            created_ms: row.created_ms,
            updated_ms: row.updated_ms,
            ended_ms: row.ended_ms,
            outcome: row.outcome.map(|ended| match ended {
                Ended::Success(result) => wit::ResultOf::Success(result),
                Ended::Failure(failure) => wit::ResultOf::Failure(wit::Failure {
                    code: failure.code,
                    reason: failure.reason,
                    message: failure.message,
                }),
            }),
            cancel_requested: row.cancel_requested,
        }
    }
}

impl From<Step> for runner::Work {
    fn from(step: Step) -> Self {
        match step {
            Step::Operation(row) => runner::Work::Operation(row.into()),
            Step::Schedule(name) => runner::Work::Schedule(name),
            Step::Containers(names) => runner::Work::Containers(names),
        }
    }
}

impl From<runner::Outcome> for StepOutcome {
    fn from(outcome: runner::Outcome) -> Self {
        match outcome {
            runner::Outcome::Done(result) => StepOutcome::Done(result),
            runner::Outcome::AgainAfter(millis) => StepOutcome::AgainAfter(Duration::from_millis(millis)),
            runner::Outcome::Failed(failure) => StepOutcome::Failed(table::Failure {
                code: failure.code,
                reason: failure.reason,
                message: failure.message,
            }),
        }
    }
}
