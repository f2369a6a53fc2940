//! `objects.move`: another name in the same bucket, at once: no client sees both names or neither.

use super::content::Content;
use super::customer_key::CustomerKey;
use super::lookup::{self, Found, Which};
use super::name;
use super::resource::{self, View};
use super::retire::{self, Ending};
use super::source::Source;
use super::write::{self, Target};
use crate::access::{self, Permit};
use crate::model::bucket::Projection;
use fogbank_sdk::{Error, Preconditions, Request, Response, Result};

/// Answers with the object under its new name. Everything that was set on it goes along.
pub fn r#move(request: Request) -> Result<Response> {
    let (bucket, from, to) =
        (request.param("bucket"), request.param("sourceObject"), request.param("destinationObject"));
    name::check(to).map_err(name::NameError::into_error)?;
    let preconditions = Preconditions::source_from_query(&request)?;
    // A move hands no content to anybody, so the key stays where it is and need not come along.
    let key = CustomerKey::of(&request)?;
    let found = access::find("storage.objects.move", bucket, from, Which::Live)?;
    access::object("storage.objects.create", &found.bucket, to, None)?;
    if from == to {
        return Err(Error::invalid("The source and the destination of a move have to differ."));
    }
    let replace = Permit::on_object("storage.objects.delete", &found.bucket, to, None)?;
    let key = key.or_else(|| found.object.key_sha256.clone().map(CustomerKey));
    let source = Source { bucket, name: from, which: Which::Live, permission: None, preconditions, key };
    let (found, content) = source.link()?;
    let target = Target { bucket, name: to, preconditions: Preconditions::from_query(&request)?, replace };
    let moved = relabel(&target, &found, &content)?;
    let projection = Projection::of(&request, Projection::NoAcl)?;
    let view = View::of(access::view::of_object(&moved.bucket, &moved.object, projection)?);
    Ok(resource::answer(&moved, view))
}

/// Writes the new name and retires the old one in one transaction; 404 where the source was replaced meanwhile.
fn relabel(target: &Target, source: &Found, content: &Content) -> Result<Found> {
    let object = &source.object;
    write::insert(
        target,
        content,
        &|_, _| Ok(object.clone()),
        Some(&|tx, made, now| {
            let current = lookup::find_in(tx, target.bucket, &object.name, Which::Generation(object.generation))?;
            Ok(vec![retire::retire(&current.object, &made.bucket, Ending::Superseded, now)?])
        }),
    )
}
