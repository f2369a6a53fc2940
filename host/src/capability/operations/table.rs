//! The table `fogbank_operations`, which the host keeps in each service's database.

use crate::capability::database::{Database, Error, Migration, Migrations, Rows, Statement, Value};

/// The host's tables in a service's database.
///
/// # Errors
/// A sentence, where they are not in order: a bug.
pub fn migrations() -> Result<Migrations, String> {
    let operations = Migration {
        version: 1,
        name: "operations".into(),
        sqlite: SCHEMA.replace("{bytes}", ""),
        postgres: SCHEMA.replace("{bytes}", "COLLATE \"C\""),
    };
    let caller = "ALTER TABLE fogbank_operations ADD COLUMN caller TEXT NOT NULL DEFAULT ''";
    let callers = Migration { version: 2, name: "callers".into(), sqlite: caller.into(), postgres: caller.into() };
    Migrations::new(vec![operations, callers])
}

/// For both backends; text that is ordered or is a key says {bytes}, so that it is compared by bytes on both.
const SCHEMA: &str = "
CREATE TABLE fogbank_operations (
    id TEXT {bytes} PRIMARY KEY,
    kind TEXT NOT NULL,
    target TEXT {bytes} NOT NULL,
    input TEXT NOT NULL,
    metadata TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'running', 'done')),
    percent BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    due_ms BIGINT NOT NULL,
    result TEXT,
    failure TEXT,
    cancel_requested BOOLEAN NOT NULL,
    hidden BOOLEAN NOT NULL
);
CREATE INDEX fogbank_operations_due ON fogbank_operations (due_ms) WHERE state <> 'done';
CREATE INDEX fogbank_operations_list ON fogbank_operations (created_ms, id);
";

const COLUMNS: &str = "id, kind, target, input, metadata, state, percent, attempts, created_ms, updated_ms, ended_ms, \
                       result, failure, cancel_requested, due_ms, hidden, caller";

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Pending,
    Running,
    Done,
}

/// Why an operation failed, as a client is told.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Failure {
    pub code: String,
    pub reason: String,
    pub message: String,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// JSON text, or an empty string.
    Success(String),
    Failure(Failure),
}

/// One row. Times are milliseconds since 1970 on the tenant's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub id: String,
    pub kind: String,
    pub target: String,
    pub input: String,
    pub metadata: String,
    pub state: State,
    pub percent: u32,
    pub attempts: u32,
    pub created_ms: u64,
    pub updated_ms: u64,
    pub ended_ms: Option<u64>,
    pub outcome: Option<Ended>,
    pub cancel_requested: bool,
    pub due_ms: u64,
    pub hidden: bool,
    /// Who started it; empty for somebody unknown.
    pub caller: String,
}

impl Row {
    /// Whether it has ended.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }
}

/// A new operation.
#[derive(Debug, Clone)]
pub struct New {
    pub id: String,
    pub kind: String,
    pub target: String,
    pub input: String,
    pub hidden: bool,
    pub caller: String,
}

/// The statement that writes a new operation, due at once.
pub fn insert(new: &New, now_ms: u64) -> Statement {
    let sql = "INSERT INTO fogbank_operations (id, kind, target, input, metadata, state, percent, attempts, \
               created_ms, updated_ms, due_ms, cancel_requested, hidden, caller) \
               VALUES ($1, $2, $3, $4, '', 'pending', 0, 0, $5, $6, $7, $8, $9, $10)";
    let now = now_ms as i64;
    let statement = Statement::new(sql).bind(new.id.as_str()).bind(new.kind.as_str());
    let statement = statement.bind(new.target.as_str()).bind(new.input.as_str());
    statement.bind(now).bind(now).bind(now).bind(false).bind(new.hidden).bind(new.caller.as_str())
}

/// The operation with this id.
pub async fn get(database: &Database, id: &str) -> Result<Option<Row>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM fogbank_operations WHERE id = $1");
    Ok(rows(&database.query_as_host(Statement::new(sql).bind(id)).await?)?.pop())
}

/// Visible operations whose target begins with `prefix`, newest first, behind the operation `after`, which need not be of this
/// database.
pub async fn list(database: &Database, prefix: &str, after: Option<&Row>, limit: u32) -> Result<Vec<Row>, Error> {
    let behind = after.map_or((i64::MAX, ""), |row| (row.created_ms as i64, row.id.as_str()));
    let sql = format!(
        "SELECT {COLUMNS} FROM fogbank_operations WHERE hidden = $1 AND substr(target, 1, CAST($2 AS INTEGER)) = $3 \
         AND (created_ms < $4 OR (created_ms = $5 AND id < $6)) ORDER BY created_ms DESC, id DESC LIMIT $7"
    );
    let statement = Statement::new(sql).bind(false).bind(prefix.chars().count() as i64).bind(prefix);
    let statement = statement.bind(behind.0).bind(behind.0).bind(behind.1).bind(i64::from(limit));
    rows(&database.query_as_host(statement).await?)
}

/// Operations that are due at `now_ms`, oldest first, and when the next one is.
pub async fn due(database: &Database, now_ms: u64, limit: u32) -> Result<(Vec<Row>, Option<u64>), Error> {
    let sql = format!("SELECT {COLUMNS} FROM fogbank_operations WHERE state <> 'done' ORDER BY due_ms, id LIMIT $1");
    let found = rows(&database.query_as_host(Statement::new(sql).bind(i64::from(limit))).await?)?;
    let next = found.iter().map(|row| row.due_ms).find(|due_ms| *due_ms > now_ms);
    Ok((found.into_iter().filter(|row| row.due_ms <= now_ms).collect(), next))
}

/// Notes that the runner is called for an operation; false where it has ended meanwhile.
pub async fn begin_step(database: &Database, id: &str, now_ms: u64) -> Result<bool, Error> {
    let sql = "UPDATE fogbank_operations SET state = 'running', attempts = attempts + 1, updated_ms = $1 \
               WHERE id = $2 AND state <> 'done'";
    changed(database, Statement::new(sql).bind(now_ms as i64).bind(id)).await
}

/// Notes that an operation is due again at `due_ms`.
pub async fn postpone(database: &Database, id: &str, due_ms: u64) -> Result<bool, Error> {
    let sql = "UPDATE fogbank_operations SET due_ms = $1 WHERE id = $2 AND state <> 'done'";
    changed(database, Statement::new(sql).bind(due_ms as i64).bind(id)).await
}

/// Ends an operation; a hidden one is gone then.
pub async fn end(database: &Database, row: &Row, ended: &Ended, now_ms: u64) -> Result<bool, Error> {
    if row.hidden {
        return changed(database, Statement::new("DELETE FROM fogbank_operations WHERE id = $1").bind(&*row.id)).await;
    }
    let (result, failure) = match ended {
        Ended::Success(result) => (Some(result.clone()), None),
        Ended::Failure(failure) => (None, serde_json::to_string(failure).ok()),
    };
    let sql = "UPDATE fogbank_operations SET state = 'done', percent = 100, ended_ms = $1, updated_ms = $2, \
               result = $3, failure = $4 WHERE id = $5 AND state <> 'done'";
    let now = now_ms as i64;
    changed(database, Statement::new(sql).bind(now).bind(now).bind(result).bind(failure).bind(&*row.id)).await
}

/// Notes how far an operation is; false where it has ended or does not exist.
pub async fn progress(database: &Database, id: &str, percent: u32, metadata: &str, now_ms: u64) -> Result<bool, Error> {
    let sql = "UPDATE fogbank_operations SET percent = $1, metadata = $2, updated_ms = $3 \
               WHERE id = $4 AND state <> 'done'";
    let statement = Statement::new(sql).bind(i64::from(percent.min(100))).bind(metadata);
    changed(database, statement.bind(now_ms as i64).bind(id)).await
}

/// Asks for an end, and makes the operation due.
pub async fn cancel(database: &Database, id: &str, now_ms: u64) -> Result<bool, Error> {
    let sql = "UPDATE fogbank_operations SET cancel_requested = $1, due_ms = $2, updated_ms = $3 \
               WHERE id = $4 AND state <> 'done'";
    let now = now_ms as i64;
    changed(database, Statement::new(sql).bind(true).bind(now).bind(now).bind(id)).await
}

/// Removes an operation that has ended.
pub async fn delete(database: &Database, id: &str) -> Result<bool, Error> {
    let sql = "DELETE FROM fogbank_operations WHERE id = $1 AND state = 'done'";
    changed(database, Statement::new(sql).bind(id)).await
}

async fn changed(database: &Database, statement: Statement) -> Result<bool, Error> {
    for _ in 0..10 {
        match database.execute_as_host(vec![statement.clone()]).await {
            Err(Error::Busy) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            outcome => return Ok(outcome?.first().is_some_and(|outcome| outcome.affected > 0)),
        }
    }
    Err(Error::Busy)
}

fn rows(rows: &Rows) -> Result<Vec<Row>, Error> {
    rows.iter().map(row).collect()
}

fn row(cells: &[Value]) -> Result<Row, Error> {
    let broken = |what: &str| Error::Other(format!("fogbank_operations holds an unexpected {what}"));
    let text = |index: usize| match cells.get(index) {
        Some(Value::Text(text)) => Ok(text.clone()),
        _ => Err(broken("text")),
    };
    let number = |index: usize| match cells.get(index) {
        Some(Value::Integer(number)) => Ok(u64::try_from(*number).unwrap_or(0)),
        _ => Err(broken("number")),
    };
    let boolean = |index: usize| match cells.get(index) {
        Some(Value::Boolean(value)) => Ok(*value),
        Some(Value::Integer(number)) => Ok(*number != 0),
        _ => Err(broken("boolean")),
    };
    let state = match &*text(5)? {
        "pending" => State::Pending,
        "running" => State::Running,
        _ => State::Done,
    };
    let outcome = match (text(11).ok(), text(12).ok()) {
        (_, Some(failure)) => Some(Ended::Failure(serde_json::from_str(&failure).map_err(|_| broken("failure"))?)),
        (Some(result), None) => Some(Ended::Success(result)),
        (None, None) => None,
    };
    Ok(Row {
        id: text(0)?,
        kind: text(1)?,
        target: text(2)?,
        input: text(3)?,
        metadata: text(4)?,
        state,
        percent: number(6)? as u32,
        attempts: number(7)? as u32,
        created_ms: number(8)?,
        updated_ms: number(9)?,
        ended_ms: number(10).ok(),
        outcome,
        cancel_requested: boolean(13)?,
        due_ms: number(14)?,
        hidden: boolean(15)?,
        caller: text(16)?,
    })
}

/// Runs at the beginning of a worker: what was running when the process ended runs again.
pub async fn recover(database: &Database) -> Result<(), Error> {
    let sql = "UPDATE fogbank_operations SET state = 'pending' WHERE state = 'running'";
    database.execute_as_host(vec![Statement::new(sql)]).await.map(|_| ())
}
