//! The steps that make a service's schema, applied by the host: in order, each in a transaction of its own, once.

use super::config::Limits;
use super::connection::Connection;
use super::error::Error;
use super::sql;
use super::value::{Author, Backend, Mode, Statement, Value};
use sha2::{Digest, Sha256};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// One step, for both backends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Ascending, above zero.
    pub version: i64,
    pub name: String,
    pub sqlite: String,
    pub postgres: String,
}

impl Migration {
    fn sql(&self, backend: Backend) -> &str {
        match backend {
            Backend::Sqlite => &self.sqlite,
            Backend::Postgres => &self.postgres,
        }
    }

    fn checksum(&self, backend: Backend) -> String {
        hex::encode(Sha256::digest(self.sql(backend)))
    }

    fn file(&self) -> String {
        format!("{:04}_{}", self.version, self.name)
    }
}

/// All steps of one service, or of the host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migrations {
    list: Vec<Migration>,
}

impl Migrations {
    /// A list in order; the text names a step that is not.
    pub fn new(list: Vec<Migration>) -> Result<Self, String> {
        let mut last = 0;
        for migration in &list {
            if migration.version <= last {
                return Err(format!("migration {} comes after {last}", migration.file()));
            }
            last = migration.version;
        }
        Ok(Self { list })
    }

    /// The number of the last step; 0 where there is none.
    pub fn latest(&self) -> i64 {
        self.list.last().map_or(0, |migration| migration.version)
    }

    fn get(&self, version: i64) -> Option<&Migration> {
        self.list.iter().find(|migration| migration.version == version)
    }
}

/// Whose steps they are, in the table of what was applied.
const HOST: &str = "host";
const SERVICE: &str = "service";

const TABLE: &str = "CREATE TABLE IF NOT EXISTS fogbank_migrations (
    owner TEXT NOT NULL, version BIGINT NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_ms BIGINT NOT NULL,
    PRIMARY KEY (owner, version))";

/// A step that is not applied yet.
pub(super) struct Missing<'a> {
    owner: &'static str,
    migration: &'a Migration,
}

/// The steps that are missing, the host's own first; an error where what is applied does not go with the lists.
pub(super) async fn missing<'a>(
    connection: &mut Connection,
    host: &'a Migrations,
    service: &'a Migrations,
    limits: &Limits,
) -> Result<Vec<Missing<'a>>, Error> {
    let applied = applied(connection, limits).await?;
    let mut missing = Vec::new();
    for (owner, migrations) in [(HOST, host), (SERVICE, service)] {
        check(&applied, owner, migrations, connection.backend())?;
        let is_applied = |version| applied.iter().any(|step| step.owner == owner && step.version == version);
        let list = migrations.list.iter().filter(|migration| !is_applied(migration.version));
        missing.extend(list.map(|migration| Missing { owner, migration }));
    }
    Ok(missing)
}

/// Applies steps in order, on a connection that is used for nothing else.
pub(super) async fn apply(
    connection: &mut Connection,
    missing: Vec<Missing<'_>>,
    limits: &Limits,
) -> Result<(), Error> {
    if connection.backend() == Backend::Sqlite {
        // Tables are rebuilt with foreign keys off, and checked before the commit:
        // https://www.sqlite.org/lang_altertable.html#otheralter. The setting does nothing inside a transaction.
        let deadline = Instant::now() + limits.statement;
        connection.script(Author::Host, "PRAGMA foreign_keys = OFF", deadline).await?;
    }
    for step in missing {
        apply_one(connection, step.owner, step.migration, limits).await?;
    }
    Ok(())
}

struct Applied {
    owner: String,
    version: i64,
    checksum: String,
}

async fn applied(connection: &mut Connection, limits: &Limits) -> Result<Vec<Applied>, Error> {
    let exists = match connection.backend() {
        Backend::Sqlite => "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'fogbank_migrations'",
        Backend::Postgres => "SELECT count(to_regclass('fogbank_migrations'))",
    };
    let deadline = Instant::now() + limits.statement;
    let count = connection.run(Author::Host, exists.into(), limits, deadline).await?;
    if count.rows.cells != [Value::Integer(1)] {
        return Ok(Vec::new());
    }
    let list = "SELECT owner, version, checksum FROM fogbank_migrations ORDER BY version";
    let rows = connection.run(Author::Host, list.into(), limits, deadline).await?.rows;
    rows.iter().map(applied_from).collect()
}

fn applied_from(row: &[Value]) -> Result<Applied, Error> {
    match row {
        [Value::Text(owner), Value::Integer(version), Value::Text(checksum)] => {
            Ok(Applied { owner: owner.clone(), version: *version, checksum: checksum.clone() })
        }
        _ => Err(Error::Other("the table of migrations is not ours".into())),
    }
}

/// Refuses, before anything is touched, a database that does not go with the list.
fn check(applied: &[Applied], owner: &str, migrations: &Migrations, backend: Backend) -> Result<(), Error> {
    let mine = || applied.iter().filter(|step| step.owner == owner);
    for step in mine() {
        let known = migrations.get(step.version).ok_or(Error::Newer { migration: step.version })?;
        if known.checksum(backend) != step.checksum {
            let reason = "was changed after it was applied; add a new one instead".to_owned();
            return Err(Error::Migration { file: known.file(), reason });
        }
    }
    let last = mine().map(|step| step.version).max().unwrap_or(0);
    match migrations.list.iter().find(|one| one.version < last && !mine().any(|step| step.version == one.version)) {
        Some(late) => {
            let reason = format!("comes before {last:04}, which is applied already");
            Err(Error::Migration { file: late.file(), reason })
        }
        None => Ok(()),
    }
}

/// Another process may be doing the same on PostgreSQL: then the first attempt can collide, and the second sees
/// what the other did.
async fn apply_one(
    connection: &mut Connection,
    owner: &str,
    migration: &Migration,
    limits: &Limits,
) -> Result<(), Error> {
    let mut attempts = 3;
    loop {
        attempts -= 1;
        let result = attempt(connection, owner, migration, limits).await;
        if result.is_err() && !connection.recover().await {
            return result;
        }
        match result {
            Err(Error::Busy) if attempts > 0 => {}
            other => return other,
        }
    }
}

async fn attempt(
    connection: &mut Connection,
    owner: &str,
    migration: &Migration,
    limits: &Limits,
) -> Result<(), Error> {
    let deadline = Instant::now() + limits.migration;
    let failed = |reason: String| Error::Migration { file: migration.file(), reason };
    let backend = connection.backend();
    let text = migration.sql(backend);
    if owner == SERVICE {
        sql::check_migration(text, backend).map_err(&failed)?;
    }
    connection.begin(Mode::Write, deadline).await?;
    connection.script(Author::Host, TABLE, deadline).await.map_err(collided)?;
    if backend == Backend::Postgres {
        let limit = limits.migration.as_millis();
        let lock = format!("SET LOCAL statement_timeout = {limit}; LOCK TABLE fogbank_migrations");
        connection.script(Author::Host, &lock, deadline).await?;
    }
    if is_applied(connection, owner, migration, limits, deadline).await? {
        // Another process was first.
        return connection.commit(deadline).await;
    }
    let author = if owner == HOST { Author::Host } else { Author::Migration };
    connection.script(author, text, deadline).await.map_err(|error| match error {
        Error::Unavailable(_) | Error::Busy => error,
        other => failed(other.to_string()),
    })?;
    connection.run(Author::Host, record(owner, migration, backend), limits, deadline).await.map_err(collided)?;
    if backend == Backend::Sqlite {
        check_references(connection, limits, deadline).await.map_err(|error| failed(error.to_string()))?;
    }
    // Deferred constraints are checked here.
    connection.commit(deadline).await.map_err(|error| match error {
        Error::Constraint(_) => failed(error.to_string()),
        other => other,
    })
}

/// The foreign keys that SQLite did not look at meanwhile.
async fn check_references(connection: &mut Connection, limits: &Limits, deadline: Instant) -> Result<(), Error> {
    let check = "SELECT DISTINCT \"table\" FROM pragma_foreign_key_check LIMIT 1";
    let broken = connection.run(Author::Host, check.into(), limits, deadline).await?.rows;
    match broken.cells.first() {
        None => Ok(()),
        Some(table) => Err(Error::Invalid(format!("rows of {table:?} refer to what does not exist"))),
    }
}

/// What the host writes breaks a constraint only where another process wrote the same.
fn collided(error: Error) -> Error {
    if matches!(error, Error::Constraint(_)) { Error::Busy } else { error }
}

async fn is_applied(
    connection: &mut Connection,
    owner: &str,
    migration: &Migration,
    limits: &Limits,
    deadline: Instant,
) -> Result<bool, Error> {
    let sql = "SELECT version FROM fogbank_migrations WHERE owner = $1 AND version = $2";
    let statement = Statement::new(sql).bind(owner).bind(migration.version);
    Ok(!connection.run(Author::Host, statement, limits, deadline).await?.rows.is_empty())
}

fn record(owner: &str, migration: &Migration, backend: Backend) -> Statement {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64;
    let sql = "INSERT INTO fogbank_migrations (owner, version, name, checksum, applied_ms) VALUES ($1, $2, $3, $4, $5)";
    Statement::new(sql)
        .bind(owner)
        .bind(migration.version)
        .bind(migration.name.as_str())
        .bind(migration.checksum(backend))
        .bind(now)
}
