//! What the caller may do. The routes of this API leave the decision to the plugin, since a verb means several things:
//! `?acl` needs another permission than the object does.

use crate::access;
use fogbank_sdk::{RequestHead, Result};

/// Refuses with 403 unless the caller has `permission` on the bucket.
pub fn on_bucket(request: &RequestHead, permission: &str) -> Result<()> {
    access::bucket_named(permission, request.param("bucket"))
}

/// Refuses with 403 unless the caller has `permission` on an object that need not be there.
pub fn on_object(request: &RequestHead, permission: &str) -> Result<()> {
    access::object_named(permission, request.param("bucket"), request.param("object"))
}
