//! Policies of folders.

use crate::container::Container;
use crate::names;
use crate::policies::{self, Kind};
use crate::store::Outside;
use fogbank_sdk::{Request, RequestHead, Response, Result};

fn resource(request: &RequestHead) -> Result<String> {
    Ok(names::full(&Container::folder(&Outside, request.param("folder"))?.name))
}

/// The policy of a folder.
///
/// Errors: 400, 403, 404.
pub fn get(mut request: Request) -> Result<Response> {
    let resource = resource(&request)?;
    policies::get(&mut request, &resource)
}

/// Replaces the policy.
///
/// Errors: 400, 403, 404; 409 where the etag is an old one.
pub fn set(mut request: Request) -> Result<Response> {
    let resource = resource(&request)?;
    policies::set(&mut request, &resource, Kind::Other)
}

/// What the caller may do.
///
/// Errors: 400, 403, 404.
pub fn test(mut request: Request) -> Result<Response> {
    let resource = resource(&request)?;
    policies::test(&mut request, &resource)
}
