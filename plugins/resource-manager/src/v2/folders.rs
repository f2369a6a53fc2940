//! `cloudresourcemanager.folders.*` of v2, where some methods answer with the folder instead of an operation.

use crate::container::Container;
use crate::folders::{V2, change, create as creation, delete as deletion, list as lists};
use crate::store::Outside;
use fogbank_sdk::{Request, Response, Result};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    display_name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Search {
    query: String,
    page_size: u32,
    page_token: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Move {
    destination_parent: String,
}

/// Makes a folder below the parent in the query.
///
/// Errors: 400, 403, 404.
pub fn create(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    creation::create(request.query("parent").unwrap_or_default(), &sent.display_name, V2)
}

/// Shows a folder.
///
/// Errors: 403, 404.
pub fn get(request: Request) -> Result<Response> {
    Ok(show(&Container::folder(&Outside, request.param("folder"))?))
}

/// A page of the folders directly below a parent.
///
/// Errors: 400, 403, 404.
pub fn list(request: Request) -> Result<Response> {
    Ok(Response::json(&lists::below(&request, V2)?))
}

/// A page of the folders that the query finds and the caller may get.
///
/// Errors: 400.
pub fn search(mut request: Request) -> Result<Response> {
    let Search { query, page_size, page_token } = request.json()?;
    Ok(Response::json(&lists::search(&query, page_size, &page_token, V2)?))
}

/// Gives a folder another name.
///
/// Errors: 400, 403, 404.
pub fn patch(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    let (folder, _) = change::rename(request.param("folder"), &sent.display_name, None, V2)?;
    Ok(show(&folder))
}

/// Puts a folder below another parent.
///
/// Errors: 400, 403, 404.
pub fn r#move(mut request: Request) -> Result<Response> {
    let Move { destination_parent } = request.json()?;
    change::r#move(request.param("folder"), &destination_parent, V2)
}

/// Marks a folder for deletion.
///
/// Errors: 400, 403, 404.
pub fn delete(request: Request) -> Result<Response> {
    let (folder, _) = deletion::delete(request.param("folder"), V2)?;
    Ok(show(&folder))
}

/// Takes the mark away.
///
/// Errors: 400, 403, 404.
pub fn undelete(request: Request) -> Result<Response> {
    let (folder, _) = deletion::undelete(request.param("folder"), V2)?;
    Ok(show(&folder))
}

fn show(folder: &Container) -> Response {
    Response::json(&(V2.wire)(folder))
}
