//! `storage.buckets.{getIamPolicy,setIamPolicy,testIamPermissions}`.
//! <https://cloud.google.com/storage/docs/json_api/v1/buckets/getIamPolicy>

use crate::access;
use crate::model::bucket::{Bucket, resource_name};
use crate::policies::{self, Target};
use fogbank_sdk::{Request, Response, Result, context, db};
use serde_json::Value;

/// The policy of a bucket.
///
/// Errors: 404.
pub fn get_iam_policy(request: Request) -> Result<Response> {
    let bucket = Bucket::load(request.param("bucket"))?;
    access::bucket("storage.buckets.getIamPolicy", &bucket)?;
    policies::get(&request, &target(&bucket))
}

/// Replaces the policy. Legacy roles in it become the bucket's access list, unless access is uniform.
///
/// Errors: 400, 404, 412.
pub fn set_iam_policy(mut request: Request) -> Result<Response> {
    let bucket = Bucket::load(request.param("bucket"))?;
    access::bucket("storage.buckets.setIamPolicy", &bucket)?;
    let (response, document) = policies::set(&mut request, &target(&bucket))?;
    if !bucket.config.is_uniform() {
        follow_policy(&bucket, &document)?;
    }
    Ok(response)
}

/// What the caller may do with a bucket.
///
/// Errors: 400, 404.
pub fn test_iam_permissions(request: Request) -> Result<Response> {
    let bucket = Bucket::load(request.param("bucket"))?;
    policies::test(&request, |permissions| access::held(permissions, &bucket, None))
}

fn target(bucket: &Bucket) -> Target {
    Target {
        resource: resource_name(&bucket.name),
        initial: policies::initial(bucket),
        private: bucket.config.prevents_public_access(),
    }
}

/// The legacy roles of a policy are the access list.
fn follow_policy(bucket: &Bucket, document: &Value) -> Result<()> {
    let list = policies::to_list(document);
    if Some(&list) == bucket.config.acl.as_ref() {
        return Ok(());
    }
    db::transaction(|tx| {
        let mut bucket = Bucket::load_in(tx, &bucket.name)?;
        bucket.config.acl = Some(list.clone());
        bucket.save(tx, context::now())
    })
}
