//! What goes into a statement and what comes out: the common ground of both backends.

/// A parameter, or a cell of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    /// Bytes that it takes in an answer, for the limit on an answer's size; the fixed part counts as 8.
    pub fn size(&self) -> u64 {
        8 + match self {
            Value::Text(text) => text.len() as u64,
            Value::Bytes(bytes) => bytes.len() as u64,
            _ => 0,
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Integer(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Boolean(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::Double(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Value::Bytes(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// One statement of SQL and its parameters `$1`, `$2`, ...
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub sql: String,
    pub params: Vec<Value>,
}

impl Statement {
    /// A statement without parameters.
    pub fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), params: Vec::new() }
    }

    /// The same with one more parameter.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.params.push(value.into());
        self
    }
}

impl From<&str> for Statement {
    fn from(sql: &str) -> Self {
        Self::new(sql)
    }
}

/// What a SELECT or a RETURNING clause gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// Names of the columns; empty where there are no rows.
    pub columns: Vec<String>,
    /// Row by row.
    pub cells: Vec<Value>,
}

impl Rows {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.cells.len().checked_div(self.columns.len()).unwrap_or(0)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The rows, each as its cells.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, Value> {
        self.cells.chunks_exact(self.columns.len().max(1))
    }
}

/// What one statement did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Rows that an INSERT, UPDATE or DELETE touched.
    pub affected: u64,
    pub rows: Rows,
}

/// Which kind of database it is; the dialect that migrations are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Sees one state of the database throughout, and cannot write.
    Read,
    /// Takes the write lock at once where there is one.
    Write,
}

/// Who wrote a statement. A service's statements are confined; the host's own are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// A service: data only, no schema, nothing of the host's.
    Service,
    /// A service's migration: its schema, but no transactions, settings or other databases.
    Migration,
    /// The host itself; such SQL always names a table with the prefix [`super::RESERVED`] or is transaction control.
    Host,
}
