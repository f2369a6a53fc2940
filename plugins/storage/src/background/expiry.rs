//! What was deleted and could be restored for a time goes for good when that time is over.

use crate::buckets::drop_for_good;
use crate::objects::policy;
use crate::removals;
use fogbank_sdk::db::{self, Row, Statement, params, stmt};
use fogbank_sdk::{Result, context};

/// How many objects, and how many buckets, go in one run.
const OBJECTS: usize = 500;
const BUCKETS: usize = 20;
/// Deleted HMAC keys can be seen for thirty days.
const KEYS_DAYS: i64 = 30;

/// One run over objects, buckets and keys.
pub fn run() -> Result<bool> {
    let objects = objects()?;
    let buckets = buckets()?;
    let before = context::now().plus_days(-KEYS_DAYS);
    let keys = "DELETE FROM hmac_keys WHERE state = 'DELETED' AND updated_ms <= $1";
    db::execute(vec![stmt(keys, params![before])])?;
    let policies = policy::sweep()?;
    Ok(objects || buckets || policies)
}

/// Buckets whose hard deletions are paused; the text is that of the stored settings.
const PAUSED: &str = "SELECT id FROM buckets WHERE config LIKE '%\"hardDeletePause\":{\"enabled\":true%'";

/// Soft-deleted objects whose hard-delete time has come.
fn objects() -> Result<bool> {
    let (count, files) = db::transaction(|tx| {
        let sql = format!(
            "SELECT bucket, name, generation, file_id FROM objects WHERE state = 'softdeleted' AND hard_delete_ms <= $1 \
             AND bucket NOT IN ({PAUSED}) ORDER BY hard_delete_ms LIMIT $2"
        );
        let rows = tx.query(&sql, params![context::now(), OBJECTS])?;
        let mut statements = Vec::new();
        let mut files = Vec::new();
        for row in &rows {
            statements.push(forget(row)?);
            if let Some(file) = row.get::<Option<String>>("file_id")? {
                statements.push(removals::queue(&file));
                files.push(file);
            }
        }
        tx.execute_all(statements)?;
        Ok((rows.len(), files))
    })?;
    removals::unlink(&files);
    Ok(count == OBJECTS)
}

fn forget(row: &Row) -> Result<Statement> {
    let sql = "DELETE FROM objects WHERE bucket = $1 AND name = $2 AND generation = $3";
    let (bucket, name, generation): (i64, String, i64) = (row.get("bucket")?, row.get("name")?, row.get("generation")?);
    Ok(stmt(sql, params![bucket, name, generation]))
}

/// Soft-deleted buckets whose hard-delete time has come, with what is left in them.
fn buckets() -> Result<bool> {
    let count = db::transaction(|tx| {
        let sql = "SELECT id FROM buckets WHERE hard_delete_ms IS NOT NULL AND hard_delete_ms <= $1 \
                   ORDER BY hard_delete_ms LIMIT $2";
        let rows = tx.query(sql, params![context::now(), BUCKETS])?;
        for row in &rows {
            tx.execute_all(drop_for_good(row.get("id")?, context::now()))?;
        }
        Ok(rows.len())
    })?;
    if count > 0 {
        removals::work_off()?;
    }
    Ok(count == BUCKETS)
}

/// Rows of uploads that nobody went on with. The host removes their bytes by itself.
pub fn uploads() -> Result<bool> {
    db::execute(vec![stmt("DELETE FROM uploads WHERE expires_ms <= $1", params![context::now()])])?;
    Ok(false)
}
