//! What a statement gives.

use std::cell::Cell;
use std::rc::Rc;

use super::value::{FromValue, Value};
use super::{Error, Result, wit};

/// One row.
#[derive(Debug, Clone)]
pub struct Row {
    columns: Rc<[String]>,
    /// Where this row's columns begin among `columns`: a row may be the rest of a longer one.
    first: usize,
    cells: Vec<Value>,
    /// Behind the column that was asked for last: columns are mostly read in their order.
    next: Cell<usize>,
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.columns() == other.columns() && self.cells == other.cells
    }
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
        Self { columns: columns.into(), first: 0, cells, next: Cell::default() }
    }

    /// Cuts off the columns from the `at`th on, as a row of their own: for joins whose tables have columns of one name.
    ///
    /// # Panics
    /// Where there are fewer columns.
    pub fn split_off(&mut self, at: usize) -> Row {
        let cells = self.cells.split_off(at);
        Row { columns: Rc::clone(&self.columns), first: self.first + at, cells, next: Cell::default() }
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
        &self.columns[self.first..self.first + self.cells.len()]
    }

    fn position(&self, column: &str) -> Result<usize> {
        let (names, next) = (self.columns(), self.next.get());
        let from = |start: usize, end: usize| (start..end).find(|at| names[*at] == column);
        let at = from(next, names.len()).or_else(|| from(0, next));
        let at = at.ok_or_else(|| Error::Other(format!("no column {column}")))?;
        self.next.set(at + 1);
        Ok(at)
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
        rows.push(Row { columns: Rc::clone(&columns), first: 0, cells, next: Cell::default() });
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
    fn a_row_of_a_join_is_cut_in_two() {
        let mut row = Row::new(vec![("id", Value::Integer(1)), ("name", Value::Null), ("id", Value::Integer(2))]);
        let rest = row.split_off(2);
        assert_eq!((row.get::<i64>("id").unwrap(), rest.get::<i64>("id").unwrap()), (1, 2));
        assert!(rest.get::<i64>("name").is_err());
        assert_eq!((row.columns().len(), rest.columns().len()), (2, 1));
    }

    #[test]
    fn columns_are_found_in_any_order() {
        let row = Row::new(vec![("a", Value::Integer(1)), ("b", Value::Integer(2)), ("c", Value::Integer(3))]);
        for (column, value) in [("b", 2), ("a", 1), ("c", 3), ("c", 3), ("b", 2)] {
            assert_eq!(row.get::<i64>(column).unwrap(), value);
        }
    }

    #[test]
    fn f38_no_columns_are_no_rows() {
        assert!(rows(wit::Rows { columns: vec![], cells: vec![] }).is_empty());
    }
}
