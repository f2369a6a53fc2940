//! `objects.insert` on the path for metadata. Content goes to the upload paths, see [`crate::uploads`].

use crate::access;
use fogbank_sdk::{Code, Error, Request, Response, Result};

/// Says where uploads go.
pub fn insert(request: Request) -> Result<Response> {
    access::bucket_named("storage.objects.create", request.param("bucket"))?;
    Err(Error::new(
        Code::InvalidArgument,
        "wrongUrlForUpload",
        "Upload requests must include an uploadType URL parameter and a URL path beginning with /upload/",
    ))
}
