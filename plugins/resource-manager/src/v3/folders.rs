//! `cloudresourcemanager.folders.*` of v3. <https://cloud.google.com/resource-manager/reference/rest/v3/folders>

use crate::container::Container;
use crate::folders::{V3, change, create as creation, delete as deletion, list as lists};
use crate::names;
use crate::projects::create::refuse_tags;
use crate::refusal;
use crate::store::Outside;
use fogbank_sdk::{Request, Response, Result, identity, page};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    display_name: String,
    parent: String,
    etag: Option<String>,
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Move {
    destination_parent: String,
}

/// Makes a folder below the parent in the body.
///
/// Errors: 400, 403, 404.
pub fn create(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    names::check_parent(&sent.parent)?;
    identity::require("resourcemanager.folders.create", &names::full(&sent.parent), &[])?;
    refuse_tags(&sent.tags)?;
    creation::create(&sent.parent, &sent.display_name, V3)
}

/// Shows a folder.
///
/// Errors: 403, 404.
pub fn get(request: Request) -> Result<Response> {
    Ok(Response::json(&(V3.wire)(&Container::folder(&Outside, request.param("folder"))?)))
}

/// A page of the folders directly below a parent.
///
/// Errors: 400, 403, 404.
pub fn list(request: Request) -> Result<Response> {
    Ok(Response::json(&lists::below(&request, V3)?))
}

/// A page of the folders that the query finds and the caller may get.
///
/// Errors: 400.
pub fn search(request: Request) -> Result<Response> {
    let size = page::size(&request, "pageSize", 100, 1000)?;
    let text = |name: &str| request.query(name).unwrap_or_default();
    Ok(Response::json(&lists::search(text("query"), size, text("pageToken"), V3)?))
}

/// Gives a folder another name.
///
/// Errors: 400, 403, 404; 409 where the etag is an old one.
pub fn patch(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    let mask = request.query("updateMask").unwrap_or_default();
    let fields = mask.split(',').map(|field| field.trim().replace('_', "").to_lowercase());
    if let Some(other) = fields.into_iter().find(|field| !matches!(field.as_str(), "" | "displayname" | "*")) {
        return Err(refusal::field("update_mask", &format!("{other} cannot be updated")));
    }
    let renamed = change::rename(request.param("folder"), &sent.display_name, sent.etag.as_deref(), V3);
    renamed.map(|(_, response)| response)
}

/// Puts a folder below another parent.
///
/// Errors: 400, 403, 404.
pub fn r#move(mut request: Request) -> Result<Response> {
    let Move { destination_parent } = request.json()?;
    change::r#move(request.param("folder"), &destination_parent, V3)
}

/// Marks a folder for deletion.
///
/// Errors: 400, 403, 404.
pub fn delete(request: Request) -> Result<Response> {
    deletion::delete(request.param("folder"), V3).map(|(_, response)| response)
}

/// Takes the mark away.
///
/// Errors: 400, 403, 404.
pub fn undelete(request: Request) -> Result<Response> {
    deletion::undelete(request.param("folder"), V3).map(|(_, response)| response)
}
