//! The content of an object: `alt=media`, and the download path.

use super::customer_key::{self, CustomerKey};
use super::lookup::{self, Which};
use super::media::{self, Opened};
use super::resource;
use crate::access;
use fogbank_sdk::{Error, Preconditions, Request, Response, Result};

/// How often the row is read again when its file is gone.
const TRIES: usize = 5;

/// Answers with the content. Where the object is replaced between the look at its row and the opening of its file, the
/// new row is read.
pub fn download(request: Request) -> Result<Response> {
    let which = Which::of(&request)?;
    let preconditions = Preconditions::from_query(&request)?;
    let key = CustomerKey::of(&request)?;
    for _ in 0..TRIES {
        let found = access::find("storage.objects.get", request.param("bucket"), request.param("object"), which)?;
        preconditions.check_read(Some(lookup::version(&found.object)))?;
        customer_key::require(&found.object, key.as_ref())?;
        match media::answer(&found.object, &resource::etag(&found.object), &request)? {
            Opened::Answer(response) => return Ok(response),
            Opened::Vanished => {}
        }
    }
    Err(Error::unavailable("The object is being replaced all the time. Please try again."))
}
