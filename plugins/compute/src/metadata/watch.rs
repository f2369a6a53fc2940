//! `wait_for_change`: a request that is answered when what it asks for has changed.
//! <https://cloud.google.com/compute/docs/metadata/querying-metadata#waitforchange>
//!
//! The host calls again for the same request, by whose id it is known what it was waiting for and until when.

use compute_api::operation::Input;
use fogbank_sdk::db::{self, params};
use fogbank_sdk::operations::{self, New};
use fogbank_sdk::{Reply, RequestHead, Result, context};
use serde_json::Value;

/// The operation that never ends, in whose name requests wait.
pub const PULSE: &str = "metadata.pulse";
const NAME: &str = "metadata-pulse";
/// How long a request waits at most; clients ask again.
const LONGEST_MS: i64 = 50_000;
/// How often it is looked whether something has changed.
const PERIOD_MS: i64 = 1000;

/// Whether the request is to wait on; `tag` is that of what would be answered now.
///
/// Errors: 400 for a time that is no number.
pub fn wait(request: &RequestHead, tag: &str) -> Result<Option<Reply>> {
    if !request.query_bool("wait_for_change")? {
        return Ok(None);
    }
    let now = context::now().millis();
    let asked = request.query_i64("timeout_sec")?.filter(|seconds| *seconds > 0).unwrap_or(LONGEST_MS / 1000);
    let last = request.query("last_etag").filter(|last| !last.is_empty()).unwrap_or(tag);
    let (known, until) = match recall()? {
        Some(waiting) => waiting,
        None if last != tag => return Ok(None),
        None => remember(last, now + asked.saturating_mul(1000).min(LONGEST_MS))?,
    };
    let left = until - now;
    if known != tag || left <= 0 {
        forget(now)?;
        return Ok(None);
    }
    Ok(Some(Reply::Wait { operation: NAME.to_owned(), timeout_ms: left.min(PERIOD_MS).unsigned_abs() }))
}

fn recall() -> Result<Option<(String, i64)>> {
    let row = db::query_one("SELECT etag, until_ms FROM watch WHERE request = $1", params![context::request_id()])?;
    row.map(|row| Ok((row.get("etag")?, row.get("until_ms")?))).transpose()
}

fn remember(tag: &str, until: i64) -> Result<(String, i64)> {
    db::transaction(|tx| {
        let sql = "INSERT INTO watch (request, etag, until_ms) VALUES ($1, $2, $3)";
        tx.execute(sql, params![context::request_id(), tag, until])?;
        Ok(())
    })?;
    if operations::get(NAME).is_err() {
        let input = Input { kind: String::new(), target: String::new(), id: 0, payload: Value::Null };
        let new = New::of(PULSE, "metadata").input(&input)?.id(NAME).hidden();
        let begun = db::transaction(|tx| Ok(operations::start(tx, new.clone())?));
        // Two requests may begin it at once; one of them is enough.
        if let Err(error) = begun {
            operations::get(NAME).map_err(|_| error)?;
        }
    }
    Ok((tag.to_owned(), until))
}

/// Removes what the request waited for, and what requests waited for that were given up.
fn forget(now: i64) -> Result<()> {
    let sql = "DELETE FROM watch WHERE request = $1 OR until_ms < $2";
    db::execute(vec![db::stmt(sql, params![context::request_id(), now - LONGEST_MS])])?;
    Ok(())
}
