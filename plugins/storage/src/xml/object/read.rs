//! `GET` and `HEAD` of an object. <https://cloud.google.com/storage/docs/xml-api/get-object-download>

use super::super::answer;
use crate::access;
use crate::objects::customer_key::{self, CustomerKey};
use crate::objects::lookup::{self, Found, Which};
use crate::objects::media::{self, Opened};
use crate::objects::record::Object;
use crate::objects::source;
use fogbank_sdk::{Preconditions, RequestHead, Response, Result};

/// How often the row is read again when its file is gone.
const TRIES: usize = 5;

/// Answers with the content, as the conditions and the range say.
pub fn read(request: &RequestHead) -> Result<Response> {
    let which = Which::of(request)?;
    let preconditions = Preconditions::from_headers(request)?;
    let key = CustomerKey::of(request)?;
    for _ in 0..TRIES {
        let mut object = find(request, which)?.object;
        preconditions.check_read(Some(lookup::version(&object)))?;
        customer_key::require(&object, key.as_ref())?;
        present(request, &mut object);
        match media::answer(&object, &answer::etag(&object), request)? {
            // The length of a body that there is not is lost on the way; that of others goes along with their file.
            Opened::Answer(response) if request.method() == "HEAD" && object.size == 0 && response.status() == 200 => {
                return Ok(response.header("content-length", "0"));
            }
            Opened::Answer(response) => return Ok(response),
            Opened::Vanished => {}
        }
    }
    Err(source::vanishing())
}

fn find(request: &RequestHead, which: Which) -> Result<Found> {
    access::find("storage.objects.get", request.param("bucket"), request.param("object"), which)
}

/// A signed URL may say how the content is to be presented.
fn present(request: &RequestHead, object: &mut Object) {
    let asked = |name: &str| request.query(name).filter(|value| !value.is_empty()).map(str::to_owned);
    let fields = [
        ("response-content-disposition", &mut object.content_disposition),
        ("response-content-type", &mut object.content_type),
    ];
    for (name, field) in fields {
        if let Some(value) = asked(name) {
            *field = Some(value);
        }
    }
}
