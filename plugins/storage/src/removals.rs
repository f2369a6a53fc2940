//! Files whose rows are gone. A row and its file cannot go in one step, so the transaction that drops the row queues the
//! file here, the handler unlinks it after the commit, and the `removals` schedule does what was left undone.

use fogbank_sdk::db::{self, Statement, params, stmt};
use fogbank_sdk::{Result, context, files, log};

/// How many files one run takes from the queue, and one call unlinks.
const BATCH: usize = 500;

/// The statement that queues `file_id`; it belongs into the transaction that drops the row.
pub fn queue(file_id: &str) -> Statement {
    stmt(
        "INSERT INTO removals (file_id, queued_ms) VALUES ($1, $2) ON CONFLICT (file_id) DO NOTHING",
        params![file_id, context::now().millis()],
    )
}

/// Unlinks files that a committed transaction queued. What fails stays in the queue and is logged: the client's answer
/// does not depend on it.
pub fn unlink(ids: &[String]) {
    ids.chunks(BATCH).for_each(unlink_batch);
}

fn unlink_batch(ids: &[String]) {
    let failed = files::remove(ids);
    let done = ids.iter().filter(|id| !failed.contains(id));
    let forget = done.map(|id| stmt("DELETE FROM removals WHERE file_id = $1", params![id.as_str()])).collect();
    if let Err(error) = db::execute(forget) {
        log::warn!("removed files stay queued: {error:?}");
    }
}

/// Works off one batch of the queue. Gives whether there may be more.
pub fn work_off() -> Result<bool> {
    let rows = db::query("SELECT file_id FROM removals ORDER BY queued_ms, file_id LIMIT $1", params![BATCH as i64])?;
    let ids = rows.iter().map(|row| row.get::<String>("file_id")).collect::<Result<Vec<_>, _>>()?;
    unlink(&ids);
    Ok(ids.len() == BATCH)
}
