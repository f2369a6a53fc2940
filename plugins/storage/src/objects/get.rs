//! `objects.get`: the metadata, or with `alt=media` the content.

use super::customer_key::{self, CustomerKey};
use super::lookup::{self, Which};
use super::resource::{self, View};
use crate::access::view;
use crate::model::bucket::Projection;
use fogbank_sdk::{Error, Preconditions, Request, RequestHead, Response, Result};

/// Answers with the resource, or hands over to [`super::download`].
pub fn get(request: Request) -> Result<Response> {
    if request.query("alt") == Some("media") {
        return super::download(request);
    }
    let (bucket, name) = (request.param("bucket"), request.param("object"));
    let found = crate::access::find("storage.objects.get", bucket, name, which(&request)?)?;
    Preconditions::from_query(&request)?.check_read(Some(lookup::version(&found.object)))?;
    let etag = resource::etag(&found.object);
    if request.header("if-none-match").is_some_and(|tags| fogbank_sdk::etag::matches(tags, &etag)) {
        return Err(Error::not_modified().with_header("etag", etag));
    }
    if request.header("if-match").is_some_and(|tags| !fogbank_sdk::etag::matches(tags, &etag)) {
        return Err(crate::conditions::unmet());
    }
    let key = CustomerKey::of(&request)?;
    let view = View {
        projection: view::of_object(&found.bucket, &found.object, Projection::of(&request, Projection::NoAcl)?)?,
        unlocked: customer_key::unlocks(&found.object, key.as_ref()),
    };
    Ok(resource::answer(&found, view))
}

fn which(request: &RequestHead) -> Result<Which> {
    let generation = request.query_i64("generation")?;
    if !request.query_bool("softDeleted")? {
        return Ok(Which::numbered(generation));
    }
    generation.map(Which::SoftDeleted).ok_or_else(|| Error::required("generation"))
}
