//! `objects.restore`: a soft-deleted generation becomes the live one again, under a new generation. The soft-deleted one
//! stays until its time is over.

use super::access;
use super::customer_key::CustomerKey;
use super::draft;
use super::lookup;
use super::lookup::Which;
use super::resource::{self, View};
use super::source::Source;
use super::write::{self, Target};
use crate::model::bucket::Projection;
use fogbank_sdk::{Error, Preconditions, Request, Response, Result};

/// Answers with the live object.
pub fn restore(request: Request) -> Result<Response> {
    let (bucket, name) = (request.param("bucket"), request.param("object"));
    let generation = request.query_i64("generation")?.ok_or_else(|| Error::required("generation"))?;
    let which = Which::SoftDeleted(generation);
    let found = lookup::find(bucket, name, which)?;
    let token = request.query("restoreToken");
    if token.is_some() && token != found.object.restore_token.as_deref() {
        return Err(lookup::no_such_object(bucket, name));
    }
    let key = found.object.key_sha256.clone().map(CustomerKey);
    let source = Source { bucket, name, which, preconditions: Preconditions::default(), key };
    let (found, content) = source.link()?;
    let copies_acl = request.query_bool("copySourceAcl")?;
    let owner = access::caller();
    let target = Target { bucket, name, preconditions: Preconditions::from_query(&request)? };
    let restored = write::insert(
        &target,
        &content,
        &|bucket, _| {
            let mut object = found.object.clone();
            if !copies_acl {
                object.acl = access::initial(bucket, None, None, owner.as_deref())?;
                object.owner.clone_from(&owner);
            }
            Ok(object)
        },
        None,
    )?;
    let projection = if draft::full(&request, false)? { Projection::Full } else { Projection::NoAcl };
    Ok(resource::answer(&restored, View { projection, unlocked: false }))
}
