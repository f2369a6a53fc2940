//! `objects.restore`: a soft-deleted generation becomes the live one again, under a new generation. The soft-deleted one
//! stays until its time is over.

use super::customer_key::CustomerKey;
use super::lookup::{self, Found, Which};
use super::resource::{self, View};
use super::source::Source;
use super::write::{self, Target};
use super::{access, draft};
use crate::model::bucket::Projection;
use fogbank_sdk::{Error, Preconditions, Request, Response, Result};

/// Answers with the live object.
pub fn restore(request: Request) -> Result<Response> {
    let (bucket, name) = (request.param("bucket"), request.param("object"));
    let generation = request.query_i64("generation")?.ok_or_else(|| Error::required("generation"))?;
    let found = lookup::find(bucket, name, Which::SoftDeleted(generation))?;
    let token = request.query("restoreToken");
    if token.is_some() && token != found.object.restore_token.as_deref() {
        return Err(lookup::no_such_object(bucket, name));
    }
    let (preconditions, copies_acl) = (Preconditions::from_query(&request)?, request.query_bool("copySourceAcl")?);
    let restored = revive(bucket, name, generation, copies_acl, access::caller().as_deref(), preconditions)?;
    let projection = if draft::full(&request, false)? { Projection::Full } else { Projection::NoAcl };
    Ok(resource::answer(&restored, View::of(projection)))
}

/// Makes a soft-deleted generation the live one of its name. Without `copies_acl` it has the list of a new object.
pub fn revive(
    bucket: &str,
    name: &str,
    generation: i64,
    copies_acl: bool,
    owner: Option<&str>,
    preconditions: Preconditions,
) -> Result<Found> {
    let which = Which::SoftDeleted(generation);
    let found = lookup::find(bucket, name, which)?;
    // Restoring hands no content to anybody, so the customer's key need not come along.
    let key = found.object.key_sha256.map(CustomerKey);
    let source = Source { bucket, name, which, preconditions: Preconditions::default(), key };
    let (found, content) = source.link()?;
    let target = Target { bucket, name, preconditions };
    write::insert(
        &target,
        &content,
        &|bucket, _| {
            let mut object = found.object.clone();
            if !copies_acl {
                object.acl = access::initial(bucket, None, None, owner)?;
                object.owner = owner.map(str::to_owned);
            }
            Ok(object)
        },
        None,
    )
}
