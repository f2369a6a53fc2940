//! `storage.buckets.delete`. <https://cloud.google.com/storage/docs/json_api/v1/buckets/delete>

use crate::conditions::Conditions;
use crate::model::bucket::{Bucket, resource_name};
use crate::{access, policies, removals};
use fogbank_sdk::db::{self, Statement, Transaction, params, stmt};
use fogbank_sdk::{Error, Request, Response, Result, Timestamp, context, log};

/// Deletes an empty bucket. With a soft-delete policy it can be restored for as long as that says.
///
/// Errors: 404, 409 `notEmpty`, 412.
pub fn delete(request: Request) -> Result<Response> {
    remove(request.param("bucket"), Conditions::of(&request)?)?;
    Ok(Response::no_content())
}

/// Deletes an empty bucket, whatever the request looked like.
///
/// Errors: as [`delete`].
pub fn remove(name: &str, conditions: Conditions) -> Result<()> {
    access::bucket_named("storage.buckets.delete", name)?;
    db::transaction(|tx| {
        let bucket = Bucket::load_in(tx, name)?;
        conditions.require(bucket.metageneration)?;
        require_empty(tx, bucket.id)?;
        let statements = match bucket.config.soft_delete_ms() {
            Some(kept_ms) => soften(bucket.id, context::now(), kept_ms),
            None => drop_for_good(bucket.id, context::now()),
        };
        tx.execute_all(statements)?;
        Ok(())
    })?;
    policies::forget(&resource_name(name));
    if let Err(error) = removals::work_off() {
        log::warn!("files of the bucket {name} stay queued: {error}");
    }
    Ok(())
}

/// Soft-deleted objects are in nobody's way; folders of both kinds are.
fn require_empty(tx: &Transaction, bucket: i64) -> Result<()> {
    let sql = "SELECT 1 AS found WHERE EXISTS (SELECT 1 FROM objects WHERE bucket = $1 AND state <> 'softdeleted') \
               OR EXISTS (SELECT 1 FROM managed_folders WHERE bucket = $1) \
               OR EXISTS (SELECT 1 FROM folders WHERE bucket = $1)";
    match tx.query_one(sql, params![bucket])? {
        Some(_) => Err(Error::conflict("notEmpty", "The bucket you tried to delete is not empty.")),
        None => Ok(()),
    }
}

fn soften(bucket: i64, now: Timestamp, kept_ms: i64) -> Vec<Statement> {
    let sql = "UPDATE buckets SET soft_deleted_ms = $2, hard_delete_ms = $3 WHERE id = $1";
    let mut statements = drop_uploads(bucket, now);
    statements.push(stmt(sql, params![bucket, now, now.plus_millis(kept_ms)]));
    statements
}

/// Statements that remove a bucket and everything in it, and queue its files.
pub fn drop_for_good(bucket: i64, now: Timestamp) -> Vec<Statement> {
    let queue = "INSERT INTO removals (file_id, queued_ms) \
                 SELECT file_id, CAST($2 AS BIGINT) FROM objects WHERE bucket = $1 AND file_id IS NOT NULL \
                 ON CONFLICT (file_id) DO NOTHING";
    let mut statements = drop_uploads(bucket, now);
    statements.push(stmt(queue, params![bucket, now]));
    statements.push(stmt("DELETE FROM objects WHERE bucket = $1", params![bucket]));
    statements.push(stmt("DELETE FROM buckets WHERE id = $1", params![bucket]));
    statements
}

/// Uploads in hand end with their bucket.
fn drop_uploads(bucket: i64, now: Timestamp) -> Vec<Statement> {
    let queue = "INSERT INTO removals (file_id, queued_ms) \
                 SELECT p.file_id, CAST($2 AS BIGINT) FROM multipart_parts p JOIN multipart_uploads u ON u.id = p.upload \
                 WHERE u.bucket = $1 AND p.file_id IS NOT NULL ON CONFLICT (file_id) DO NOTHING";
    vec![
        stmt(queue, params![bucket, now]),
        stmt("DELETE FROM multipart_uploads WHERE bucket = $1", params![bucket]),
        stmt("DELETE FROM uploads WHERE bucket = $1", params![bucket]),
    ]
}
