//! `storage.buckets.lockRetentionPolicy`. <https://cloud.google.com/storage/docs/json_api/v1/buckets/lockRetentionPolicy>

use crate::access;
use crate::conditions::Conditions;
use crate::model::bucket::{Bucket, Projection};
use fogbank_sdk::{Error, Request, Response, Result, context, db};

/// Locks the retention policy, for good.
///
/// Errors: 400 without a policy or without `ifMetagenerationMatch`, 404, 412.
pub fn lock_retention_policy(request: Request) -> Result<Response> {
    access::bucket_named("storage.buckets.update", request.param("bucket"))?;
    let conditions = Conditions::of(&request)?;
    conditions.matches.ok_or_else(|| Error::required("ifMetagenerationMatch"))?;
    let bucket = db::transaction(|tx| {
        let mut bucket = Bucket::load_in(tx, request.param("bucket"))?;
        conditions.require(bucket.metageneration)?;
        let policy = bucket.config.retention_policy.as_mut();
        let policy = policy.ok_or_else(|| Error::invalid("The bucket does not have a retention policy to lock."))?;
        policy.is_locked = true;
        bucket.save(tx, context::now())?;
        Ok(bucket)
    })?;
    Ok(Response::json(&bucket.wire(&request.base_url(), Projection::Full)))
}
