//! `DELETE` on the address of a resumable upload.

use super::session::Session;
use crate::access;
use fogbank_sdk::{Error, Request, Response, Result};

/// Ends the upload; the real service answers 499, and so does this.
pub fn cancel(request: Request) -> Result<Response> {
    let id = request.query("upload_id").filter(|id| !id.is_empty()).ok_or_else(|| Error::required("upload_id"))?;
    let session = Session::load(id, request.param("bucket"))?;
    access::by_address(request.param("bucket"))?;
    session.cancel()?;
    Ok(Response::new(499))
}
