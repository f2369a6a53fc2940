//! Reading rows, inside a transaction or outside of one, by the same code; and what every kind of row has.

use fogbank_sdk::db::{self, Row, Transaction, Value};
use fogbank_sdk::{Error, Result, Timestamp};

/// How long what was deleted can be restored.
pub const KEPT_DAYS: i64 = 30;

/// Somewhere to read from.
pub trait Read {
    /// Reads rows.
    fn rows(&self, sql: &str, params: Vec<Value>) -> db::Result<Vec<Row>>;

    /// Reads the first row.
    fn row(&self, sql: &str, params: Vec<Value>) -> db::Result<Option<Row>> {
        Ok(self.rows(sql, params)?.into_iter().next())
    }
}

impl Read for Transaction {
    fn rows(&self, sql: &str, params: Vec<Value>) -> db::Result<Vec<Row>> {
        self.query(sql, params)
    }
}

/// No transaction: each query sees the latest state.
pub struct Outside;

impl Read for Outside {
    fn rows(&self, sql: &str, params: Vec<Value>) -> db::Result<Vec<Row>> {
        db::query(sql, params)
    }
}

/// Reads up to `limit` rows by `query`, which is given the limit; where so many are too large for one answer, fewer, and `limit` says
/// how many.
pub fn rows_within(limit: &mut usize, query: impl Fn(usize) -> db::Result<Vec<Row>>) -> db::Result<Vec<Row>> {
    loop {
        match query(*limit) {
            Err(db::Error::TooManyRows(_)) if *limit > 1 => *limit = (*limit / 8).max(1),
            rows => return rows,
        }
    }
}

/// Whether something is in use, or on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// In use.
    Active,
    /// Deleted, and can be restored until its time is over.
    DeleteRequested,
}

impl State {
    /// The name on the wire and in a row.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::DeleteRequested => "DELETE_REQUESTED",
        }
    }

    /// Reads the column `state`.
    ///
    /// Errors: 500 for anything that this service did not write.
    pub fn from_row(row: &Row) -> Result<Self> {
        match row.get::<String>("state")?.as_str() {
            "ACTIVE" => Ok(Self::Active),
            "DELETE_REQUESTED" => Ok(Self::DeleteRequested),
            other => Err(Error::internal(format!("a row is in the state {other}"))),
        }
    }
}

/// Reads a column of milliseconds.
///
/// Errors: 500 where there is none.
pub fn moment(row: &Row, column: &str) -> Result<Timestamp> {
    Ok(Timestamp::from_millis(row.get(column)?))
}

/// Reads a column of milliseconds that may be NULL.
pub fn optional_moment(row: &Row, column: &str) -> Result<Option<Timestamp>> {
    Ok(row.get::<Option<i64>>(column)?.map(Timestamp::from_millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_rows_are_read_where_they_are_large() {
        let read = |fits: usize| {
            let mut limit = 500;
            let rows = rows_within(&mut limit, |limit| match limit <= fits {
                true => Ok(vec![Row::new(vec![]); limit]),
                false => Err(db::Error::TooManyRows(fits as u64)),
            });
            (limit, rows.map(|rows| rows.len()).ok())
        };
        assert_eq!(read(1000), (500, Some(500)));
        assert_eq!(read(70), (62, Some(62)));
        assert_eq!(read(0), (1, None));
    }
}
