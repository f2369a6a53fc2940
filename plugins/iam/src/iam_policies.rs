//! `iam.iamPolicies.queryAuditableServices`.

use crate::catalog::Catalog;
use crate::resources::FullName;
use fogbank_sdk::{Request, Response, Result};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    full_resource_name: String,
}

/// The services whose calls about a resource can be audited: those that are loaded.
pub fn query_auditable_services(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    FullName::read(&sent.full_resource_name)?;
    let catalog = Catalog::load();
    let hosts = catalog.services().iter().filter_map(|service| service.hosts.first());
    let services: Vec<Value> = hosts.map(|host| json!({"name": host})).collect();
    Ok(Response::json(&json!({"services": services})))
}
