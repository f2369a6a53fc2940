//! `storage.projects.serviceAccount`: the account by which Cloud Storage itself acts in a project.
//! <https://cloud.google.com/storage/docs/json_api/v1/projects/serviceAccount>

use crate::model::project;
use fogbank_sdk::{Request, Response, Result};
use serde_json::json;

/// The address of the project's service agent.
pub fn get(request: Request) -> Result<Response> {
    let number = project::number(request.param("projectId"));
    Ok(Response::json(&json!({
        "kind": "storage#serviceAccount",
        "email_address": format!("service-{number}@gs-project-accounts.iam.gserviceaccount.com"),
    })))
}
