//! Files whose rows are gone. A row and its file cannot go in one step, so the transaction that drops the row queues the
//! file here, the handler unlinks it after the commit, and the `removals` schedule forgets what is unlinked and tries
//! again what is not.

use fogbank_sdk::db::{self, Statement, Value, params, stmt};
use fogbank_sdk::{Result, context, files};

/// How many files one run takes from the queue, and one call unlinks.
const BATCH: usize = 500;

/// The statement that queues `file_id`; it belongs into the transaction that drops the row.
pub fn queue(file_id: &str) -> Statement {
    stmt(
        "INSERT INTO removals (file_id, queued_ms) VALUES ($1, $2) ON CONFLICT (file_id) DO NOTHING",
        params![file_id, context::now().millis()],
    )
}

/// Unlinks files that a committed transaction queued. The client's answer does not depend on it: what fails is logged
/// and counted by the host and tried again by the schedule. Their place in the queue is left to the schedule too, which
/// saves each request a second commit.
pub fn unlink(ids: &[String]) {
    for batch in ids.chunks(BATCH) {
        files::remove(batch);
    }
}

/// Works off one batch of the queue. Gives whether there is more that may succeed.
pub fn work_off() -> Result<bool> {
    let rows = db::query("SELECT file_id FROM removals ORDER BY queued_ms, file_id LIMIT $1", params![BATCH])?;
    let ids = rows.iter().map(|row| row.get::<String>("file_id")).collect::<Result<Vec<_>, _>>()?;
    let failed = files::remove(&ids);
    let done: Vec<&String> = ids.iter().filter(|id| !failed.contains(id)).collect();
    let statements = [forget(&done), postpone(&failed, context::now().millis())];
    db::execute(statements.into_iter().flatten().collect())?;
    Ok(ids.len() == BATCH && !done.is_empty())
}

fn forget(ids: &[&String]) -> Option<Statement> {
    let holes = holes(1, ids.len())?;
    let values = ids.iter().map(|id| Value::from(*id)).collect();
    Some(stmt(format!("DELETE FROM removals WHERE file_id IN ({holes})"), values))
}

/// Puts files that could not be unlinked behind the others.
fn postpone(ids: &[String], now_ms: i64) -> Option<Statement> {
    let holes = holes(2, ids.len())?;
    let values = std::iter::once(Value::from(now_ms)).chain(ids.iter().map(Value::from)).collect();
    Some(stmt(format!("UPDATE removals SET queued_ms = $1 WHERE file_id IN ({holes})"), values))
}

/// `$2, $3, $4`: that many parameters, counted from `first`; `None` for none.
fn holes(first: usize, count: usize) -> Option<String> {
    let holes: Vec<String> = (first..first + count).map(|number| format!("${number}")).collect();
    (count > 0).then(|| holes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f20_what_cannot_be_unlinked_goes_behind_the_others() {
        let statement = postpone(&["a".to_owned(), "b".to_owned()], 7).unwrap();
        assert_eq!(statement.sql, "UPDATE removals SET queued_ms = $1 WHERE file_id IN ($2, $3)");
        assert_eq!(statement.params.len(), 3);
        assert!(postpone(&[], 7).is_none());
    }

    #[test]
    fn what_is_unlinked_is_forgotten() {
        assert_eq!(forget(&[&"a".to_owned()]).unwrap().sql, "DELETE FROM removals WHERE file_id IN ($1)");
    }
}
