//! `DELETE` of an object. <https://cloud.google.com/storage/docs/xml-api/delete-object>

use crate::objects;
use crate::objects::lookup::Which;
use fogbank_sdk::{Preconditions, RequestHead, Response, Result};

/// Deletes the live generation, or the one that is named, and answers 204.
pub fn remove(request: &RequestHead) -> Result<Response> {
    let preconditions = Preconditions::from_headers(request)?;
    objects::remove(request.param("bucket"), request.param("object"), Which::of(request)?, preconditions)?;
    Ok(Response::no_content())
}
