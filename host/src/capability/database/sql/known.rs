//! Statements that were checked before: a service has a few hundred, and sends each of them thousands of times.

use super::{Backend, Shape, check};
use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

/// Statements that are remembered; a service that builds its text anew each time gains nothing and costs no more.
const MOST: usize = 2_000;

/// Bytes of a statement that is remembered.
const LONGEST: usize = 8 << 10;

type Known = HashMap<String, Shape>;

static SQLITE: LazyLock<RwLock<Known>> = LazyLock::new(RwLock::default);
static POSTGRES: LazyLock<RwLock<Known>> = LazyLock::new(RwLock::default);

/// As [`check`], looking at each text once. Only what passed is remembered.
pub fn check_once(sql: &str, backend: Backend) -> Result<Shape, String> {
    let known = match backend {
        Backend::Sqlite => &SQLITE,
        Backend::Postgres => &POSTGRES,
    };
    if let Some(shape) = known.read().unwrap_or_else(PoisonError::into_inner).get(sql) {
        return Ok(*shape);
    }
    let shape = check(sql, backend)?;
    if sql.len() <= LONGEST {
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(sql.to_owned(), shape);
    }
    Ok(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_statement_is_refused_again() {
        for _ in 0..2 {
            assert!(check_once("PRAGMA journal_mode", Backend::Sqlite).is_err());
            assert!(check_once("SELECT $1", Backend::Sqlite).is_ok_and(|shape| shape.params == 1));
        }
    }
}
