//! What the operator decides about databases.

use super::migrations::Migrations;
use super::observe::Observe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What [`super::Databases`] is made from.
#[derive(Clone)]
pub struct DatabasesConfig {
    /// `postgres://...` of a role that may create roles and schemas; none for SQLite.
    pub url: Option<String>,
    /// The data folder; SQLite files are `tenants/TENANT/PLUGIN/db.sqlite` below it.
    pub data_dir: PathBuf,
    /// The installation's secret, from which the passwords of PostgreSQL roles are made.
    pub secret: Vec<u8>,
    pub limits: Limits,
    /// The host's own tables in each database; applied before the service's migrations.
    pub host_migrations: Arc<Migrations>,
    /// Is told of every statement.
    pub observer: Arc<dyn Observe>,
}

/// Bounds of one database, and of all of them.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The longest that one statement may run.
    pub statement: Duration,
    /// The longest that a transaction may be open.
    pub transaction: Duration,
    /// The longest wait for a connection, and for the write lock; then the answer is `busy`.
    pub wait: Duration,
    /// The longest that a migration may run.
    pub migration: Duration,
    /// Rows of one answer.
    pub rows: u64,
    /// Bytes of one answer, and of one value.
    pub bytes: u64,
    /// Bytes of one statement's text.
    pub sql: usize,
    /// Statements of one batch.
    pub batch: usize,
    /// Connections that read, for each SQLite database.
    pub readers: usize,
    /// Connections for each PostgreSQL database.
    pub connections: usize,
    /// Connections to the PostgreSQL server, of all databases together.
    pub server_connections: usize,
    /// Databases open at a time.
    pub open: usize,
    /// A database that is not used for so long is closed.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            statement: Duration::from_secs(10),
            transaction: Duration::from_secs(20),
            wait: Duration::from_secs(5),
            migration: Duration::from_secs(600),
            rows: 20_000,
            bytes: 16 << 20,
            sql: 256 << 10,
            batch: 1_000,
            readers: 4,
            connections: 6,
            server_connections: 64,
            open: 256,
            idle: Duration::from_secs(60),
        }
    }
}
