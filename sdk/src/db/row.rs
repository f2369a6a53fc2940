//! What a statement gives.

use std::rc::Rc;

use super::value::{FromValue, Value};
use super::{Error, Result, wit};

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    columns: Rc<[String]>,
    cells: Vec<Value>,
}

/// What one statement of a batch did.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Rows that an INSERT, UPDATE or DELETE touched.
    pub affected: u64,
    /// What a SELECT or a RETURNING clause gave.
    pub rows: Vec<Row>,
}

impl Row {
    /// A row for unit tests.
    pub fn new(cells: Vec<(&str, Value)>) -> Self {
        let (columns, cells): (Vec<_>, _) = cells.into_iter().map(|(name, value)| (name.to_owned(), value)).unzip();
        Self { columns: columns.into(), cells }
    }

    /// The value of a column.
    ///
    /// Errors: `other` for a column that is not there or holds another kind.
    pub fn get<T: FromValue>(&self, column: &str) -> Result<T> {
        let value = self.cells[self.position(column)?].clone();
        T::from_value(value).map_err(|error| named(column, error))
    }

    /// The value of a column, moved out: what is left is NULL. Saves copying long texts.
    ///
    /// Errors: as [`Self::get`].
    pub fn take<T: FromValue>(&mut self, column: &str) -> Result<T> {
        let at = self.position(column)?;
        let value = std::mem::replace(&mut self.cells[at], Value::Null);
        T::from_value(value).map_err(|error| named(column, error))
    }

    /// The names of the columns in order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    fn position(&self, column: &str) -> Result<usize> {
        let at = self.columns.iter().position(|name| name == column);
        at.ok_or_else(|| Error::Other(format!("no column {column}")))
    }
}

fn named(column: &str, error: Error) -> Error {
    match error {
        Error::Other(what) => Error::Other(format!("{column}: {what}")),
        error => error,
    }
}

/// Cuts the host's flat answer into rows.
pub(super) fn rows(raw: wit::Rows) -> Vec<Row> {
    let columns: Rc<[String]> = raw.columns.into();
    if columns.is_empty() {
        return Vec::new();
    }
    let mut cells = raw.cells.into_iter().map(Value::from);
    let mut rows = Vec::with_capacity(cells.len() / columns.len());
    while cells.len() >= columns.len() {
        let cells = cells.by_ref().take(columns.len()).collect();
        rows.push(Row { columns: Rc::clone(&columns), cells });
    }
    rows
}

impl From<wit::Outcome> for Outcome {
    fn from(raw: wit::Outcome) -> Self {
        Self { affected: raw.affected, rows: rows(raw.rows) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_cut_into_rows() {
        let raw = wit::Rows {
            columns: vec!["id".into(), "name".into()],
            cells: vec![wit::Value::Integer(1), wit::Value::Text("a".into()), wit::Value::Integer(2), wit::Value::Null],
        };
        let mut rows = rows(raw);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1].get::<i64>("id").unwrap(), 2);
        assert_eq!(rows[1].get::<Option<String>>("name").unwrap(), None);
        assert_eq!(rows[0].take::<String>("name").unwrap(), "a");
        assert_eq!(rows[0].get::<Option<String>>("name").unwrap(), None);
        assert!(rows[0].get::<i64>("other").is_err());
    }

    #[test]
    fn f38_no_columns_are_no_rows() {
        assert!(rows(wit::Rows { columns: vec![], cells: vec![] }).is_empty());
    }
}
