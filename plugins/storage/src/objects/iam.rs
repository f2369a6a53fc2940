//! IAM of single objects.

use super::lookup::{self, Which};
use crate::policies::{self, Target};
use fogbank_sdk::{Request, RequestHead, Response, Result};

/// `objects.getIamPolicy`
pub fn get_iam_policy(request: Request) -> Result<Response> {
    policies::get(&request, &target(&request)?)
}

/// `objects.setIamPolicy`; 412 where the etag is not that of the stored policy.
pub fn set_iam_policy(mut request: Request) -> Result<Response> {
    let target = target(&request)?;
    Ok(policies::set(&mut request, &target)?.0)
}

/// `objects.testIamPermissions`
pub fn test_iam_permissions(request: Request) -> Result<Response> {
    let target = target(&request)?;
    policies::test(&request, &target.resource)
}

/// The object, which has to exist. It has no bindings until somebody sets some.
fn target(request: &RequestHead) -> Result<Target> {
    let (bucket, name) = (request.param("bucket"), request.param("object"));
    let found = lookup::find(bucket, name, Which::of(request)?)?;
    Ok(Target {
        resource: format!("//storage.googleapis.com/projects/_/buckets/{bucket}/objects/{name}"),
        initial: Vec::new(),
        private: found.bucket.config.prevents_public_access(),
    })
}
