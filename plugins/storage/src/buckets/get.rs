//! `storage.buckets.get`. <https://cloud.google.com/storage/docs/json_api/v1/buckets/get>

use crate::access;
use crate::conditions::Conditions;
use crate::model::bucket::{self, Bucket, COLUMNS, Projection};
use fogbank_sdk::db::{self, params};
use fogbank_sdk::{Error, Request, Response, Result};

/// Shows a bucket; with `softDeleted` and `generation` a deleted one.
///
/// Errors: 404, 412, 304.
pub fn get(request: Request) -> Result<Response> {
    let name = request.param("bucket");
    let bucket = if request.query_bool("softDeleted")? { deleted(&request, name)? } else { Bucket::load(name)? };
    match bucket.deleted {
        Some(_) => access::deleted_bucket("storage.buckets.get", &bucket)?,
        None => access::bucket("storage.buckets.get", &bucket)?,
    }
    Conditions::of(&request)?.require_for_read(bucket.metageneration)?;
    let projection = access::view::of_bucket(&bucket, Projection::of(&request, Projection::NoAcl)?)?;
    Ok(Response::json(&bucket.wire(&request.base_url(), projection)))
}

fn deleted(request: &Request, name: &str) -> Result<Bucket> {
    let generation = request.query_i64("generation")?.ok_or_else(|| Error::required("generation"))?;
    let sql =
        format!("SELECT {COLUMNS} FROM buckets WHERE name = $1 AND generation = $2 AND soft_deleted_ms IS NOT NULL");
    let mut row = db::query_one(&sql, params![name, generation])?.ok_or_else(bucket::not_found)?;
    Bucket::from_row(&mut row)
}
