//! Transactions, run again when another one was in the way.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::row::rows;
use super::{Outcome, Result, Row, Statement, Value, stmt, wit};
use crate::error::Result as Handled;

/// How often a conflicting transaction is tried.
const TRIES: u32 = 20;

/// A serializable transaction. A statement that fails ends it.
#[derive(Debug)]
pub struct Transaction(wit::Transaction);

impl Transaction {
    /// Reads rows.
    ///
    /// Errors: [`super::Error`]; the transaction is over after any.
    pub fn query(&self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>> {
        self.0.query(&stmt(sql, params)).map(rows)
    }

    /// Reads the first row.
    ///
    /// Errors: as [`Self::query`].
    pub fn query_one(&self, sql: &str, params: Vec<Value>) -> Result<Option<Row>> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// Runs one statement and gives the number of rows that it touched.
    ///
    /// Errors: as [`Self::query`].
    pub fn execute(&self, sql: &str, params: Vec<Value>) -> Result<u64> {
        let outcomes = self.execute_all(vec![stmt(sql, params)])?;
        Ok(outcomes.first().map_or(0, |outcome| outcome.affected))
    }

    /// Runs several statements in one crossing.
    ///
    /// Errors: as [`Self::query`].
    pub fn execute_all(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>> {
        let outcomes = self.0.execute(&statements)?;
        Ok(outcomes.into_iter().map(Outcome::from).collect())
    }

    pub(crate) fn raw(&self) -> &wit::Transaction {
        &self.0
    }
}

/// Runs `body` in a transaction that writes: committed when it gives `Ok`, rolled back when it gives `Err`. Where another
/// transaction is in the way the whole closure runs again, up to 20 times with a growing pause, so it must have no effect of its
/// own outside the database.
///
/// Errors: those of `body`; 503 when it was in the way every time.
pub fn transaction<T>(mut body: impl FnMut(&Transaction) -> Handled<T>) -> Handled<T> {
    retry(|| attempt(wit::Mode::Write, &mut body), crate::Error::is_busy)
}

/// Runs `body` in a transaction that reads: it sees one state of the database throughout.
///
/// Errors: as [`transaction`].
pub fn read<T>(mut body: impl FnMut(&Transaction) -> Handled<T>) -> Handled<T> {
    retry(|| attempt(wit::Mode::Read, &mut body), crate::Error::is_busy)
}

fn attempt<T>(mode: wit::Mode, body: &mut impl FnMut(&Transaction) -> Handled<T>) -> Handled<T> {
    let transaction = Transaction(wit::begin(mode)?);
    let value = body(&transaction)?;
    transaction.0.commit()?;
    Ok(value)
}

/// Tries until it succeeds, fails for another reason than `again` accepts, or was tried often enough.
pub(super) fn retry<T, E>(mut attempt: impl FnMut() -> Handled<T, E>, again: impl Fn(&E) -> bool) -> Handled<T, E> {
    for tried in 1..TRIES {
        match attempt() {
            Err(error) if again(&error) => std::thread::sleep(pause(tried, random())),
            result => return result,
        }
    }
    attempt()
}

/// Between half and all of 2, 4, ... 128 ms, so that those who met do not meet again.
fn pause(tried: u32, random: u64) -> Duration {
    let most = 1000 << tried.min(7);
    Duration::from_micros(most / 2 + random % (most / 2 + 1))
}

/// Spreads pauses; nothing rests on it.
fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Error;

    fn run(fails: u32, error: &Error) -> (u32, Result<&'static str>) {
        let mut tries = 0;
        let result = retry(
            || {
                tries += 1;
                if tries <= fails { Err(error.clone()) } else { Ok("done") }
            },
            |error| matches!(error, Error::Busy),
        );
        (tries, result)
    }

    #[test]
    fn f24_only_busy_is_tried_again_and_not_for_ever() {
        assert!(matches!(run(0, &Error::Busy), (1, Ok("done"))));
        assert!(matches!(run(2, &Error::Busy), (3, Ok("done"))));
        assert!(matches!(run(99, &Error::Busy), (TRIES, Err(Error::Busy))));
        assert!(matches!(run(99, &Error::Timeout), (1, Err(Error::Timeout))));
    }

    #[test]
    fn pauses_grow_and_are_bounded() {
        for tried in 1..20 {
            let most = 1000_u64 << tried.min(7);
            for random in [0, 1, u64::MAX, most] {
                let pause = pause(tried, random).as_micros() as u64;
                assert!(pause >= most / 2 && pause <= most, "{tried} {random} {pause}");
            }
        }
    }
}
