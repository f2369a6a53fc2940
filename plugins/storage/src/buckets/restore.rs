//! `storage.buckets.restore`. <https://cloud.google.com/storage/docs/json_api/v1/buckets/restore>

use crate::model::bucket::{self, Bucket, COLUMNS, Projection};
use crate::{access, policies};
use fogbank_sdk::db::{self, Transaction, params};
use fogbank_sdk::{Error, Request, Response, Result, context};

/// Brings a soft-deleted bucket back, with the soft-deleted objects that it had.
///
/// Errors: 400 without `generation`, 404, 409 where the name is in use again.
pub fn restore(request: Request) -> Result<Response> {
    let Some(generation) = request.query_i64("generation")? else {
        access::bucket_named("storage.buckets.restore", request.param("bucket"))?;
        return Err(Error::required("generation"));
    };
    let projection = Projection::of(&request, Projection::NoAcl)?;
    if access::enforced() {
        let bucket = db::read(|tx| deleted(tx, request.param("bucket"), generation))?;
        access::deleted_bucket("storage.buckets.restore", &bucket)?;
    }
    let bucket = db::transaction(|tx| {
        let mut bucket = deleted(tx, request.param("bucket"), generation)?;
        let revive = "UPDATE buckets SET soft_deleted_ms = NULL, hard_delete_ms = NULL WHERE id = $1";
        tx.execute(revive, params![bucket.id])?;
        bucket.deleted = None;
        bucket.save(tx, context::now())?;
        Ok(bucket)
    })?;
    policies::adopt(&bucket::resource_name(&bucket.name), &policies::project_resource(&bucket.project));
    Ok(Response::json(&bucket.wire(&request.base_url(), projection)))
}

/// The deleted bucket, unless a live one has its name.
fn deleted(tx: &Transaction, name: &str, generation: i64) -> Result<Bucket> {
    let live = "SELECT 1 AS taken FROM buckets WHERE name = $1 AND soft_deleted_ms IS NULL";
    let sql =
        format!("SELECT {COLUMNS} FROM buckets WHERE name = $1 AND generation = $2 AND soft_deleted_ms IS NOT NULL");
    let mut row = tx.query_one(&sql, params![name, generation])?.ok_or_else(bucket::not_found)?;
    if tx.query_one(live, params![name])?.is_some() {
        return Err(Error::already_exists("A bucket with this name exists. Delete it to restore the other."));
    }
    Bucket::from_row(&mut row)
}
