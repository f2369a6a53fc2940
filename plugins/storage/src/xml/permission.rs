//! What the caller may do. The routes of this API leave the decision to the plugin, since a verb means several things:
//! `?acl` needs another permission than the object does.

use crate::model::bucket::resource_name;
use fogbank_sdk::{RequestHead, Result, identity};

/// Refuses with 403 unless the caller has `permission` on the bucket.
pub fn on_bucket(request: &RequestHead, permission: &str) -> Result<()> {
    Ok(identity::require(permission, &resource_name(request.param("bucket")), &[])?)
}

/// Refuses with 403 unless the caller has `permission` on the object.
pub fn on_object(request: &RequestHead, permission: &str) -> Result<()> {
    on(request.param("bucket"), request.param("object"), permission)
}

/// As [`on_object`], for an object that the request names elsewhere than in its path.
pub fn on(bucket: &str, object: &str, permission: &str) -> Result<()> {
    let resource = format!("{}/objects/{object}", resource_name(bucket));
    Ok(identity::require(permission, &resource, &[])?)
}
