//! One tenant's and service's database, open.

use super::config::Limits;
use super::connection::Source;
use super::error::Error;
use super::migrations::{self, Migrations};
use super::pool::{Lease, Pool};
use super::sql;
use super::transaction::{self, Transaction};
use super::value::{Author, Backend, Mode, Outcome, Rows, Statement};
use super::watch::Watch;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A database that is open. Shared by all requests of the tenant to the service.
pub struct Database {
    /// Connections for what only reads.
    readers: Arc<Pool>,
    /// Connections for what writes; the same pool on PostgreSQL, one connection on SQLite.
    writers: Arc<Pool>,
    limits: Limits,
    watch: Watch,
    /// The last migration that is applied.
    version: AtomicI64,
    used: Mutex<Instant>,
}

impl Database {
    /// Opens a database. Nothing is sent to it before its first use.
    pub(super) fn new(readers: Arc<Pool>, writers: Arc<Pool>, watch: Watch) -> Self {
        let limits = writers.source().limits().clone();
        let used = Mutex::new(Instant::now());
        Self { readers, writers, limits, watch, version: AtomicI64::new(0), used }
    }

    /// Which kind of database it is.
    pub fn backend(&self) -> Backend {
        match self.writers.source() {
            Source::Sqlite(_) => Backend::Sqlite,
            Source::Postgres(_) => Backend::Postgres,
        }
    }

    /// Runs one statement of the service that only reads, outside a transaction.
    pub async fn query(&self, statement: Statement) -> Result<Rows, Error> {
        self.read(Author::Service, statement).await
    }

    /// Runs one statement of the host that only reads.
    pub async fn query_as_host(&self, statement: Statement) -> Result<Rows, Error> {
        self.read(Author::Host, statement).await
    }

    async fn read(&self, author: Author, statement: Statement) -> Result<Rows, Error> {
        self.touch();
        let mut lease = self.lease(&self.readers, "query").await?;
        let began = Instant::now();
        let result = lease.run(author, statement, &self.limits, began + self.limits.statement).await;
        let rows = result.as_ref().map_or(0, |outcome| outcome.rows.len());
        self.watch.tell("query", began, rows, result.as_ref().err());
        Ok(result?.rows)
    }

    /// Runs statements of the service in order in one serializable transaction: all of them or none.
    pub async fn execute(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, Error> {
        self.write(Author::Service, statements).await
    }

    /// Runs statements of the host, on its own tables, in one serializable transaction.
    pub async fn execute_as_host(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, Error> {
        self.write(Author::Host, statements).await
    }

    async fn write(&self, author: Author, statements: Vec<Statement>) -> Result<Vec<Outcome>, Error> {
        self.touch();
        transaction::check_batch(&statements, &self.limits)?;
        // A wrong statement costs no transaction.
        for statement in &statements {
            sql::check_for(author, &statement.sql, self.backend()).map_err(Error::Invalid)?;
        }
        if self.backend() == Backend::Sqlite {
            // There is one writer: `busy` means that the wait for it was long enough.
            return self.write_once(author, statements).await;
        }
        let began = Instant::now();
        let mut attempt = 0;
        loop {
            let result = self.write_once(author, statements.clone()).await;
            if result != Err(Error::Busy) || began.elapsed() > self.limits.wait {
                return result;
            }
            // Nothing was written, and nobody has seen an answer: the whole batch is run again.
            attempt = (attempt + 1).min(6);
            tokio::time::sleep(Duration::from_millis(rand::random::<u64>() % (2 << attempt))).await;
        }
    }

    async fn write_once(&self, author: Author, statements: Vec<Statement>) -> Result<Vec<Outcome>, Error> {
        let mut lease = self.lease(&self.writers, "execute").await?;
        let began = Instant::now();
        let deadline = began + self.limits.transaction;
        let alone = statements.len() == 1 && self.backend() == Backend::Sqlite;
        let result = if alone {
            // On SQLite one statement is a transaction by itself, and serializable since there is one writer.
            transaction::run_all(&mut lease, author, statements, &self.limits, deadline).await
        } else {
            self.batch(&mut lease, author, statements, deadline).await
        };
        let rows = result.as_ref().map_or(0, |outcomes| outcomes.iter().map(|outcome| outcome.rows.len()).sum());
        self.watch.tell("execute", began, rows, result.as_ref().err());
        result
    }

    async fn batch(
        &self,
        lease: &mut Lease,
        author: Author,
        statements: Vec<Statement>,
        deadline: Instant,
    ) -> Result<Vec<Outcome>, Error> {
        lease.begin(Mode::Write, deadline).await?;
        let outcomes = transaction::run_all(lease, author, statements, &self.limits, deadline).await?;
        lease.commit(deadline).await?;
        Ok(outcomes)
    }

    async fn lease(&self, pool: &Arc<Pool>, call: &'static str) -> Result<Lease, Error> {
        let began = Instant::now();
        let lease = pool.acquire(self.limits.wait).await;
        if let Err(error) = &lease {
            self.watch.tell(call, began, 0, Some(error));
        }
        lease
    }

    /// Opens a transaction that lasts until it is committed, dropped, or out of time.
    pub async fn begin(&self, mode: Mode) -> Result<Transaction, Error> {
        self.touch();
        let pool = match mode {
            Mode::Read => &self.readers,
            Mode::Write => &self.writers,
        };
        let lease = self.lease(pool, "begin").await?;
        Transaction::begin(lease, mode, &self.limits, self.watch.clone(), Instant::now()).await
    }

    /// Applies what is missing, the host's own first. Nothing is touched where the database has a migration that is
    /// not in the lists. Whoever asks for a connection meanwhile waits.
    pub(super) async fn migrate(&self, host: &Migrations, service: &Migrations) -> Result<(), Error> {
        let mut lease = self.writers.acquire(self.limits.wait).await?;
        let missing = migrations::missing(&mut lease, host, service, &self.limits).await?;
        drop(lease);
        if !missing.is_empty() {
            let wait = self.limits.transaction + self.limits.wait;
            let mut connection = self.writers.source().connect().await?;
            let _writers = self.writers.keep_out(wait).await?;
            let one_pool = Arc::ptr_eq(&self.readers, &self.writers);
            let _readers = if one_pool { None } else { Some(self.readers.keep_out(wait).await?) };
            migrations::apply(&mut connection, missing, &self.limits).await?;
            connection.close().await;
        }
        self.version.fetch_max(service.latest(), Ordering::AcqRel);
        Ok(())
    }

    /// The last migration of the service that is applied.
    pub fn version(&self) -> i64 {
        self.version.load(Ordering::Acquire)
    }

    /// Whether no connection is in use, and how long nothing was asked.
    pub(super) fn idle_for(&self) -> Option<Duration> {
        let quiet = self.readers.is_full() && self.writers.is_full();
        quiet.then(|| self.used.lock().unwrap_or_else(PoisonError::into_inner).elapsed())
    }

    /// Whether every connection is back in its pool, with no transaction open on it.
    pub fn is_quiet(&self) -> bool {
        self.idle_for().is_some()
    }

    fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Closes all connections; those in use are waited for, but not for long.
    pub(super) async fn close(&self) {
        let wait = self.limits.wait;
        self.readers.close(wait).await;
        self.writers.close(wait).await;
    }
}
