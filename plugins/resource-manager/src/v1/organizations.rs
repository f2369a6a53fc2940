//! `cloudresourcemanager.organizations.*` of v1. <https://cloud.google.com/resource-manager/reference/rest/v1/organizations>

use crate::container::Container;
use crate::organizations;
use fogbank_sdk::{Request, Response, Result};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Search {
    filter: String,
    page_size: u32,
    page_token: String,
}

/// Shows an organization.
///
/// Errors: 403, 404.
pub fn get(request: Request) -> Result<Response> {
    Ok(Response::json(&wire(&organizations::load(&request)?)))
}

/// The organizations that the filter finds and the caller may get.
///
/// Errors: 400.
pub fn search(mut request: Request) -> Result<Response> {
    let Search { filter, page_size, page_token } = request.json()?;
    Ok(Response::json(&organizations::search(&filter, page_size, &page_token, wire)?))
}

fn wire(organization: &Container) -> Value {
    json!({
        "name": organization.name,
        "displayName": organization.display_name,
        "owner": {"directoryCustomerId": organization.customer},
        "creationTime": organization.created,
        "lifecycleState": organization.state.as_str(),
    })
}
