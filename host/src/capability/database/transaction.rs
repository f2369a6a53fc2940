//! A transaction that a service holds open across several calls.

use super::config::Limits;
use super::error::Error;
use super::pool::Lease;
use super::value::{Author, Mode, Outcome, Rows, Statement};
use super::watch::Watch;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::task::JoinHandle;

/// Serializable; rolled back when it is dropped, at its deadline, and by a statement that fails.
pub struct Transaction {
    slot: Arc<Slot>,
    deadline: Instant,
    limits: Limits,
    watch: Watch,
    /// Rolls it back at the deadline, also while the service is busy with something else.
    timer: JoinHandle<()>,
}

/// Where the connection is between two statements.
struct Slot(Mutex<State>);

enum State {
    Ready(Lease),
    /// A statement has the connection.
    Running,
    /// Why there is no transaction any more.
    Over(Error),
}

impl Slot {
    fn swap(&self, state: State) -> State {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), state)
    }
}

impl Transaction {
    /// Opens a transaction on a connection.
    pub(super) async fn begin(
        mut lease: Lease,
        mode: Mode,
        limits: &Limits,
        watch: Watch,
        began: Instant,
    ) -> Result<Self, Error> {
        let deadline = began + limits.transaction;
        let opened = lease.begin(mode, deadline.min(Instant::now() + limits.wait.max(limits.statement))).await;
        watch.tell("begin", began, 0, opened.as_ref().err());
        opened?;
        let slot = Arc::new(Slot(Mutex::new(State::Ready(lease))));
        let timer = tokio::spawn(end_at(Arc::clone(&slot), deadline));
        Ok(Self { slot, deadline, limits: limits.clone(), watch, timer })
    }

    /// Runs one statement of the service and gives its rows.
    pub async fn query(&mut self, statement: Statement) -> Result<Rows, Error> {
        let outcomes = self.run("query", Author::Service, vec![statement]).await?;
        Ok(outcomes.into_iter().next().unwrap_or_default().rows)
    }

    /// Runs statements of the service in order.
    pub async fn execute(&mut self, statements: Vec<Statement>) -> Result<Vec<Outcome>, Error> {
        self.run("execute", Author::Service, statements).await
    }

    /// Runs statements of the host in order, on its own tables.
    pub async fn execute_as_host(&mut self, statements: Vec<Statement>) -> Result<Vec<Outcome>, Error> {
        self.run("execute", Author::Host, statements).await
    }

    async fn run(
        &mut self,
        call: &'static str,
        author: Author,
        statements: Vec<Statement>,
    ) -> Result<Vec<Outcome>, Error> {
        check_batch(&statements, &self.limits)?;
        let mut lease = self.take()?;
        let began = Instant::now();
        let result = run_all(&mut lease, author, statements, &self.limits, self.deadline).await;
        let rows = result.as_ref().map_or(0, |outcomes| outcomes.iter().map(|outcome| outcome.rows.len()).sum());
        self.watch.tell(call, began, rows, result.as_ref().err());
        match &result {
            Ok(_) if Instant::now() < self.deadline => drop(self.slot.swap(State::Ready(lease))),
            Ok(_) => drop(self.slot.swap(State::Over(Error::Timeout))),
            Err(_) => drop(self.slot.swap(State::Over(over("failed")))),
        }
        result
    }

    /// Makes it last. The transaction is over whatever the result is.
    pub async fn commit(&mut self) -> Result<(), Error> {
        let mut lease = self.take()?;
        let began = Instant::now();
        let result = lease.commit(began + self.limits.statement).await;
        self.slot.swap(State::Over(over("was committed")));
        self.watch.tell("commit", began, 0, result.as_ref().err());
        result
    }

    /// Undoes it, and waits until it is undone.
    pub async fn rollback(&mut self) -> Result<(), Error> {
        let mut lease = self.take()?;
        let began = Instant::now();
        let undone = lease.recover().await;
        self.slot.swap(State::Over(over("was rolled back")));
        self.watch.tell("rollback", began, 0, None);
        if undone { Ok(()) } else { Err(Error::Unavailable("the connection was lost".into())) }
    }

    fn take(&self) -> Result<Lease, Error> {
        match self.slot.swap(State::Running) {
            State::Ready(lease) => Ok(lease),
            State::Running => Err(over("was left in the middle of a statement")),
            State::Over(error) => {
                self.slot.swap(State::Over(error.clone()));
                Err(error)
            }
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.timer.abort();
        // The lease, if it is there, rolls back on its way to the pool.
        drop(self.slot.swap(State::Over(over("is over"))));
    }
}

fn over(how: &str) -> Error {
    Error::Invalid(format!("the transaction {how}"))
}

async fn end_at(slot: Arc<Slot>, deadline: Instant) {
    tokio::time::sleep_until(deadline.into()).await;
    let mut state = slot.0.lock().unwrap_or_else(PoisonError::into_inner);
    // A statement that runs has the same deadline, and ends the transaction itself.
    if matches!(*state, State::Ready(_)) {
        *state = State::Over(Error::Timeout);
    }
}

pub(super) fn check_batch(statements: &[Statement], limits: &Limits) -> Result<(), Error> {
    if statements.len() > limits.batch {
        return Err(Error::Invalid(format!("more than {} statements in one call", limits.batch)));
    }
    Ok(())
}

/// Runs statements in order until one fails.
pub(super) async fn run_all(
    lease: &mut Lease,
    author: Author,
    statements: Vec<Statement>,
    limits: &Limits,
    deadline: Instant,
) -> Result<Vec<Outcome>, Error> {
    let mut outcomes = Vec::with_capacity(statements.len());
    for statement in statements {
        let end = deadline.min(Instant::now() + limits.statement);
        outcomes.push(lease.run(author, statement, limits, end).await?);
    }
    Ok(outcomes)
}
