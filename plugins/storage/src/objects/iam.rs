//! IAM of single objects.

use super::lookup::{self, Found, Which};
use super::policy;
use crate::access;
use crate::model::bucket;
use crate::policies::{self, Target};
use fogbank_sdk::{Request, RequestHead, Response, Result};

/// `objects.getIamPolicy`
pub fn get_iam_policy(request: Request) -> Result<Response> {
    policies::get(&request, &target(&find(&request, "storage.objects.getIamPolicy")?))
}

/// `objects.setIamPolicy`; 412 where the etag is not that of the stored policy.
pub fn set_iam_policy(mut request: Request) -> Result<Response> {
    let found = find(&request, "storage.objects.setIamPolicy")?;
    policy::note(found.bucket.id, &found.object.name)?;
    let target = target(&found);
    Ok(policies::set(&mut request, &target)?.0)
}

/// `objects.testIamPermissions`
pub fn test_iam_permissions(request: Request) -> Result<Response> {
    let found = lookup::find(request.param("bucket"), request.param("object"), Which::of(&request)?)?;
    policies::test(&request, |permissions| access::held(permissions, &found.bucket, Some(&found.object)))
}

/// The object, which has to exist. It has no bindings until somebody sets some.
fn target(found: &Found) -> Target {
    Target {
        resource: resource_name(&found.bucket.name, &found.object.name),
        initial: Vec::new(),
        private: found.bucket.config.prevents_public_access(),
    }
}

fn find(request: &RequestHead, permission: &str) -> Result<Found> {
    access::find(permission, request.param("bucket"), request.param("object"), Which::of(request)?)
}

/// The name of an object for policies.
pub fn resource_name(bucket: &str, name: &str) -> String {
    format!("{}/objects/{name}", bucket::resource_name(bucket))
}
