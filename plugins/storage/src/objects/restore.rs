//! `objects.restore`: a soft-deleted generation becomes the live one again, under a new generation. The soft-deleted one
//! stays until its time is over.

use super::customer_key::CustomerKey;
use super::lookup::{self, Found, Which};
use super::resource::{self, View};
use super::source::Source;
use super::write::{self, Target};
use super::{access, draft};
use crate::access::{Permit, view};
use crate::model::bucket::Projection;
use fogbank_sdk::{Error, Preconditions, Request, Response, Result};

/// Answers with the live object.
pub fn restore(request: Request) -> Result<Response> {
    let (bucket, name) = (request.param("bucket"), request.param("object"));
    crate::access::object_named("storage.objects.restore", bucket, name)?;
    let generation = request.query_i64("generation")?.ok_or_else(|| Error::required("generation"))?;
    let found = lookup::find(bucket, name, Which::SoftDeleted(generation))?;
    let token = request.query("restoreToken");
    if token.is_some() && token != found.object.restore_token.as_deref() {
        return Err(lookup::no_such_object(bucket, name));
    }
    let (preconditions, copies_acl) = (Preconditions::from_query(&request)?, request.query_bool("copySourceAcl")?);
    let replace = permit(&found, copies_acl)?;
    let target = Target { bucket, name, preconditions, replace };
    let restored = revive(&target, generation, copies_acl, access::caller().as_deref())?;
    let projection = if draft::full(&request, false)? { Projection::Full } else { Projection::NoAcl };
    let projection = view::of_object(&restored.bucket, &restored.object, projection)?;
    Ok(resource::answer(&restored, View::of(projection)))
}

/// A restored object is a new one, which may have to replace another.
fn permit(found: &Found, copies_acl: bool) -> Result<Permit> {
    let (bucket, name) = (&found.bucket, found.object.name.as_str());
    crate::access::object("storage.objects.create", bucket, name, None)?;
    if copies_acl {
        crate::access::object("storage.objects.setIamPolicy", bucket, name, Some(&found.object))?;
    }
    Permit::on_object("storage.objects.delete", bucket, name, None)
}

/// Makes a soft-deleted generation the live one of its name. Without `copies_acl` it has the list of a new object.
pub fn revive(target: &Target, generation: i64, copies_acl: bool, owner: Option<&str>) -> Result<Found> {
    let Target { bucket, name, .. } = *target;
    let which = Which::SoftDeleted(generation);
    let found = lookup::find(bucket, name, which)?;
    // Restoring hands no content to anybody, so the customer's key need not come along.
    let key = found.object.key_sha256.map(CustomerKey);
    let source = Source { bucket, name, which, permission: None, preconditions: Preconditions::default(), key };
    let (found, content) = source.link()?;
    write::insert(
        target,
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
