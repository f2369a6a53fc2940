//! `?acl` of an object. <https://cloud.google.com/storage/docs/xml-api/get-object-acls>

use super::super::call::Call;
use super::super::{acl, headers, reader, writer};
use crate::access::{check, find};
use crate::access_lists::refuse_uniform;
use crate::model::acl::{Scope, Verb};
use crate::objects;
use crate::objects::lookup::{self, Which};
use fogbank_sdk::{Preconditions, Request, RequestHead, Response, Result};
use serde_json::json;

/// The list.
pub fn show(request: &RequestHead) -> Result<Response> {
    let (bucket, name) = (request.param("bucket"), request.param("object"));
    let found = find("storage.objects.getIamPolicy", bucket, name, Which::of(request)?)?;
    refuse_uniform(&found.bucket, Verb::Get, Scope::Object)?;
    Preconditions::from_headers(request)?.check_read(Some(lookup::version(&found.object)))?;
    let default = found.bucket.config.default_object_acl.as_deref();
    let list = found.object.acl.as_deref().or(default).unwrap_or_default();
    let team = format!("project-owners-{}", found.bucket.project_number);
    let owner = found.object.owner.as_deref().unwrap_or(&team);
    Ok(writer::answer(acl::document(list, owner))
        .header("x-goog-generation", found.object.generation.to_string())
        .header("x-goog-metageneration", found.object.metageneration.to_string()))
}

/// Replaces the list by the one in the body, or by the one that `x-goog-acl` names.
pub fn replace(mut request: Request) -> Result<Response> {
    check("storage.objects.setIamPolicy", request.param("bucket"), request.param("object"), Which::of(&request)?)?;
    let sent = reader::read_if_any(request.body(), "AccessControlList", acl::entries)?;
    let call = Call::on_object(&request).conditions().query("generation", request.query("generation"));
    let call = match (sent, headers::canned(&request)?) {
        (Some(list), None) => call.with(&json!({ "acl": list }))?,
        (None, Some(canned)) => call.query("predefinedAcl", Some(canned)).bare()?,
        _ => return Err(reader::malformed("Either a document or the header x-goog-acl has to say what is to be.")),
    };
    objects::patch(call)?;
    Ok(Response::new(200))
}
