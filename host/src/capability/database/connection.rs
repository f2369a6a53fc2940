//! A connection to either backend, and how to open one.

use super::config::Limits;
use super::error::Error;
use super::postgres::{PostgresLink, PostgresSource};
use super::sql::{self, Shape};
use super::sqlite::{SqliteLink, SqliteSource};
use super::value::{Author, Backend, Mode, Outcome, Statement, Value};
use std::time::{Duration, Instant};

/// How much longer than the deadline a backend that enforces it itself may take to say so.
const GRACE: Duration = Duration::from_secs(2);

/// The longest that ending a transaction may take before the connection is given up.
const RECOVERY: Duration = Duration::from_secs(5);

/// Parameters of one statement; the lower one of the backends' limits.
const MOST_PARAMS: usize = 32_766;

/// Opens connections.
#[derive(Clone)]
pub enum Source {
    Sqlite(SqliteSource),
    Postgres(PostgresSource),
}

impl Source {
    pub fn limits(&self) -> &Limits {
        match self {
            Source::Sqlite(source) => &source.limits,
            Source::Postgres(source) => &source.limits,
        }
    }

    /// A connection that is ready for statements.
    pub async fn connect(&self) -> Result<Connection, Error> {
        let link = match self {
            Source::Sqlite(source) => Link::Sqlite(source.connect().await?),
            Source::Postgres(source) => Link::Postgres(source.connect().await?),
        };
        Ok(Connection { link, quiet: true, open: false })
    }
}

enum Link {
    Sqlite(SqliteLink),
    Postgres(PostgresLink),
}

/// A connection that knows whether it was left in the middle of something.
pub struct Connection {
    link: Link,
    /// No statement runs, as far as is known.
    quiet: bool,
    /// A transaction is open.
    open: bool,
}

impl Connection {
    pub fn backend(&self) -> Backend {
        match self.link {
            Link::Sqlite(_) => Backend::Sqlite,
            Link::Postgres(_) => Backend::Postgres,
        }
    }

    /// Whether the next user may have it as it is.
    pub fn is_clean(&self) -> bool {
        self.quiet && !self.open
    }

    /// Whether it is worth giving out after a pause. SQLite's are always; a server may have gone meanwhile.
    pub async fn is_alive(&mut self) -> bool {
        match &mut self.link {
            Link::Sqlite(_) => true,
            Link::Postgres(link) => link.is_alive(GRACE).await,
        }
    }

    /// Runs one statement. Dropping the future leaves the connection unclean.
    pub async fn run(
        &mut self,
        author: Author,
        statement: Statement,
        limits: &Limits,
        deadline: Instant,
    ) -> Result<Outcome, Error> {
        let shape = shape_of(author, &statement, self.backend(), limits)?;
        self.quiet = false;
        let result = match &mut self.link {
            Link::Sqlite(link) => {
                let work = link.run(author, statement, shape.changes, limits, deadline);
                until(deadline + GRACE, work).await
            }
            Link::Postgres(link) => {
                let work = link.run(statement, shape.changes, limits, deadline);
                until(deadline + GRACE, work).await
            }
        };
        self.settle(result, deadline)
    }

    /// Runs a script of the host's, or a migration.
    pub async fn script(&mut self, author: Author, sql: &str, deadline: Instant) -> Result<(), Error> {
        self.quiet = false;
        let result = match &mut self.link {
            Link::Sqlite(link) => until(deadline + GRACE, link.script(author, sql, deadline)).await,
            Link::Postgres(link) => until(deadline + GRACE, link.script(author, sql, deadline)).await,
        };
        self.settle(result, deadline)
    }

    /// After an answer, the connection is quiet again; after most errors too, since the statement has ended.
    fn settle<T>(&mut self, result: Result<T, Error>, deadline: Instant) -> Result<T, Error> {
        self.quiet = match &result {
            Ok(_) => true,
            Err(Error::TooManyRows(_) | Error::TooManyBytes(_) | Error::Unavailable(_)) => false,
            // A time-out that the backend itself reports is the end of its statement; ours is not.
            Err(Error::Timeout) => Instant::now() < deadline,
            Err(_) => true,
        };
        result
    }

    /// Opens a serializable transaction.
    pub async fn begin(&mut self, mode: Mode, deadline: Instant) -> Result<(), Error> {
        let sql = match (self.backend(), mode) {
            (Backend::Sqlite, Mode::Read) => "BEGIN",
            (Backend::Sqlite, Mode::Write) => "BEGIN IMMEDIATE",
            (Backend::Postgres, Mode::Read) => "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY",
            (Backend::Postgres, Mode::Write) => "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE",
        };
        self.open = true;
        self.control(sql, deadline).await
    }

    /// Makes what was done since [`Connection::begin`] last.
    pub async fn commit(&mut self, deadline: Instant) -> Result<(), Error> {
        let result = self.control("COMMIT", deadline).await;
        self.open = result.is_err();
        result
    }

    async fn control(&mut self, sql: &'static str, deadline: Instant) -> Result<(), Error> {
        let limits = Limits::default();
        self.run(Author::Host, Statement::new(sql), &limits, deadline).await.map(drop)
    }

    /// Makes it clean: what runs is ended, what is open is rolled back. Whether that was possible.
    pub async fn recover(&mut self) -> bool {
        let quiet = self.quiet;
        let work = async {
            match &mut self.link {
                Link::Sqlite(link) => link.recover(RECOVERY).await,
                Link::Postgres(link) => link.recover(quiet, RECOVERY).await,
            }
        };
        let recovered = tokio::time::timeout(RECOVERY * 2, work).await.unwrap_or(false);
        self.quiet = recovered;
        self.open = !recovered;
        recovered
    }

    /// Closes it in good order.
    pub async fn close(self) {
        match self.link {
            Link::Sqlite(link) => link.close().await,
            Link::Postgres(link) => link.close().await,
        }
    }
}

async fn until<T>(deadline: Instant, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout_at(deadline.into(), work).await.unwrap_or(Err(Error::Timeout))
}

/// Checks a statement against the author's rules and the limits.
fn shape_of(author: Author, statement: &Statement, backend: Backend, limits: &Limits) -> Result<Shape, Error> {
    let shape = sql::check_for(author, &statement.sql, backend).map_err(Error::Invalid)?;
    if author == Author::Host {
        return Ok(shape);
    }
    if statement.sql.len() > limits.sql {
        return Err(Error::Invalid(format!("longer than {} bytes", limits.sql)));
    }
    let given = statement.params.len();
    if given > MOST_PARAMS || given != shape.params as usize {
        return Err(Error::Invalid(format!("has {} parameters and was given {given}", shape.params)));
    }
    for param in &statement.params {
        check_param(param, limits)?;
    }
    Ok(shape)
}

/// Refuses what one backend would store and the other would not.
fn check_param(param: &Value, limits: &Limits) -> Result<(), Error> {
    match param {
        Value::Text(text) if text.contains('\0') => Err(Error::Invalid("text with a NUL".into())),
        Value::Double(number) if number.is_nan() => Err(Error::Invalid("a double that is no number".into())),
        other if other.size() > limits.bytes => Err(Error::TooManyBytes(limits.bytes)),
        _ => Ok(()),
    }
}
