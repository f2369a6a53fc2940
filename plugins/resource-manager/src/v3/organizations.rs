//! `cloudresourcemanager.organizations.*` of v3. <https://cloud.google.com/resource-manager/reference/rest/v3/organizations>

use crate::container::Container;
use crate::organizations;
use fogbank_sdk::{Request, Response, Result, page};
use serde_json::{Value, json};

/// Shows an organization.
///
/// Errors: 403, 404.
pub fn get(request: Request) -> Result<Response> {
    Ok(Response::json(&wire(&organizations::load(&request)?)))
}

/// The organizations that the query finds and the caller may get.
///
/// Errors: 400.
pub fn search(request: Request) -> Result<Response> {
    let size = page::size(&request, "pageSize", 50, 1000)?;
    let text = |name: &str| request.query(name).unwrap_or_default();
    Ok(Response::json(&organizations::search(text("query"), size, text("pageToken"), wire)?))
}

fn wire(organization: &Container) -> Value {
    json!({
        "name": organization.name,
        "displayName": organization.display_name,
        "directoryCustomerId": organization.customer,
        "state": organization.state.as_str(),
        "createTime": organization.created,
        "updateTime": organization.updated,
        "etag": organization.etag(),
    })
}
