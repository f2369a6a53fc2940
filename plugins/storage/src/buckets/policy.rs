//! `storage.buckets.{getIamPolicy,setIamPolicy,testIamPermissions}`.
//! <https://cloud.google.com/storage/docs/json_api/v1/buckets/getIamPolicy>

use crate::model::acl;
use crate::model::bucket::{Bucket, resource_name};
use crate::policies::{self, Target};
use fogbank_sdk::{Request, Response, Result, context, db};
use serde_json::{Value, json};

/// The policy of a bucket.
///
/// Errors: 404.
pub fn get_iam_policy(request: Request) -> Result<Response> {
    let bucket = Bucket::load(request.param("bucket"))?;
    policies::get(&request, &target(&bucket))
}

/// Replaces the policy. Legacy roles in it become the bucket's access list, unless access is uniform.
///
/// Errors: 400, 404, 412.
pub fn set_iam_policy(mut request: Request) -> Result<Response> {
    let bucket = Bucket::load(request.param("bucket"))?;
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
    policies::test(&request, &resource_name(&bucket.name))
}

fn target(bucket: &Bucket) -> Target {
    Target {
        resource: resource_name(&bucket.name),
        initial: initial(bucket),
        private: bucket.config.prevents_public_access(),
    }
}

/// What holds before anybody sets a policy: the access list, or the project's teams where access is uniform, then for
/// objects as well.
fn initial(bucket: &Bucket) -> Vec<Value> {
    if !bucket.config.is_uniform() {
        return policies::from_list(bucket.config.acl.as_deref().unwrap_or_default(), &bucket.project);
    }
    let mut bindings = policies::from_list(&acl::project_private(bucket.project_number), &bucket.project);
    let project = &bucket.project;
    let owners = [format!("projectEditor:{project}"), format!("projectOwner:{project}")];
    bindings.push(json!({"role": "roles/storage.legacyObjectOwner", "members": owners}));
    bindings.push(json!({"role": "roles/storage.legacyObjectReader", "members": [format!("projectViewer:{project}")]}));
    bindings
}

fn follow_policy(bucket: &Bucket, document: &Value) -> Result<()> {
    let Some(list) = policies::to_list(document).filter(|list| Some(list) != bucket.config.acl.as_ref()) else {
        return Ok(());
    };
    db::transaction(|tx| {
        let mut bucket = Bucket::load_in(tx, &bucket.name)?;
        bucket.config.acl = Some(list.clone());
        bucket.save(tx, context::now())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bucket::tests::bucket;

    #[test]
    fn uniform_access_begins_with_the_projects_teams() {
        let roles = |config: Value| {
            initial(&bucket(config)).iter().map(|binding| binding["role"].to_string()).collect::<Vec<_>>()
        };
        assert_eq!(roles(json!({})).len(), 2);
        let uniform = roles(json!({"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": true}}}));
        assert!(uniform.iter().any(|role| role.contains("legacyObjectReader")));
    }
}
