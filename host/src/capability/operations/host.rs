//! `fogbank:operations/operations` for the guest.

use super::domain::{self, Home};
use super::table::{self, Ended, New, Row};
use super::worker::{Step, StepOutcome};
use crate::capability::database::{Constraint, Error as DatabaseError, Transaction};
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
        if let Some(id) = &new.id
            && let Err(error) = claim(&self.scope, id).await
        {
            return Ok(Err(error));
        }
        let id = new.id.unwrap_or_else(|| format!("operation-{}", uuid::Uuid::now_v7().simple()));
        let now_ms = self.scope.tenant.clock.now_ms();
        let caller = self.call.caller.address().to_owned();
        let row = New { id, kind: new.kind, target: new.target, input: new.input, hidden: new.hidden, caller };
        let statement = table::insert(&row, now_ms);
        let transaction = self.table.get_mut(&transaction)?;
        let written = transaction.execute_as_host(vec![statement]).await;
        self.started_operation = true;
        Ok(written.map(|_| row.id).map_err(wit::Error::from))
    }

    async fn get(&mut self, id: String) -> wasmtime::Result<Result<wit::Operation, wit::Error>> {
        Ok(found(&self.scope, &id).await.map(|(_, row)| row.into()))
    }

    async fn list(
        &mut self,
        target_prefix: String,
        after: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<wit::Operation>, wit::Error>> {
        let rows = domain::list(&self.scope, &target_prefix, after.as_deref(), limit.min(PAGE)).await;
        Ok(rows.map(|rows| rows.into_iter().map(wit::Operation::from).collect()).map_err(wit::Error::from))
    }

    async fn progress(
        &mut self,
        id: String,
        percent: u32,
        metadata: String,
    ) -> wasmtime::Result<Result<(), wit::Error>> {
        Ok(progress(&self.scope, &id, percent, &metadata).await)
    }

    async fn cancel(&mut self, id: String) -> wasmtime::Result<Result<(), wit::Error>> {
        Ok(cancel(&self.scope, &id).await)
    }

    async fn delete(&mut self, id: String) -> wasmtime::Result<Result<(), wit::Error>> {
        Ok(delete(&self.scope, &id).await)
    }
}

async fn found(scope: &Scope, id: &str) -> Result<(Home, Row), wit::Error> {
    domain::find(scope, id).await?.ok_or(wit::Error::NotFound)
}

/// The id is the service's own choice: nobody else of the domain may have it, nor be about to.
async fn claim(scope: &Scope, id: &str) -> Result<(), wit::Error> {
    let is_free = scope.process.operation_claims.claim(scope, id) && !domain::is_taken(scope, id).await?;
    if is_free { Ok(()) } else { Err(wit::Error::Exists) }
}

async fn progress(scope: &Scope, id: &str, percent: u32, metadata: &str) -> Result<(), wit::Error> {
    let database = scope.database().await?;
    if table::progress(&database, id, percent, metadata, scope.tenant.clock.now_ms()).await? {
        return Ok(());
    }
    match table::get(&database, id).await? {
        Some(_) => Err(wit::Error::Ended),
        None => Err(wit::Error::NotFound),
    }
}

async fn cancel(scope: &Scope, id: &str) -> Result<(), wit::Error> {
    let (home, _) = found(scope, id).await?;
    if !table::cancel(&home.database, id, scope.tenant.clock.now_ms()).await? {
        return Err(wit::Error::Ended);
    }
    if let Some(workers) = scope.process.workers.get() {
        workers.nudge(&scope.tenant.name, &home.plugin);
    }
    Ok(())
}

async fn delete(scope: &Scope, id: &str) -> Result<(), wit::Error> {
    let (home, _) = found(scope, id).await?;
    match table::delete(&home.database, id).await? {
        true => Ok(()),
        false => Err(wit::Error::Other("the operation has not ended".into())),
    }
}

impl From<DatabaseError> for wit::Error {
    fn from(error: DatabaseError) -> Self {
        match error {
            // The one key of the table is the id.
            DatabaseError::Constraint(Constraint::Unique) => wit::Error::Exists,
            DatabaseError::Busy => wit::Error::Busy,
            DatabaseError::NoSpace(_) => wit::Error::NoSpace,
            DatabaseError::Unavailable(_) | DatabaseError::Timeout => wit::Error::Unavailable,
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
            user: row.caller,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f03_a_full_disk_is_told_from_a_database_that_is_away() {
        let of = |error: DatabaseError| wit::Error::from(error);
        assert!(matches!(of(DatabaseError::NoSpace("full".into())), wit::Error::NoSpace));
        assert!(matches!(of(DatabaseError::Unavailable("gone".into())), wit::Error::Unavailable));
        assert!(matches!(of(DatabaseError::Busy), wit::Error::Busy));
        assert!(matches!(of(DatabaseError::Constraint(Constraint::Unique)), wit::Error::Exists));
    }
}
