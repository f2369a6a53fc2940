//! `cloudresourcemanager.projects.*` of v1. <https://cloud.google.com/resource-manager/reference/rest/v1/projects>

use crate::projects::change::{self, Change};
use crate::projects::create::{self, Form, Wanted};
use crate::projects::{Project, ancestry, delete as deletion, list as lists};
use crate::refusal;
use fogbank_sdk::{Request, Response, Result};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

/// How v1 tells of a project that was made.
const CREATED: Form = Form {
    metadata: "google.cloudresourcemanager.v1.ProjectCreationStatus",
    response: "google.cloudresourcemanager.v1.Project",
    wire: Project::v1,
};
/// How v1 tells of anything else, which no client of v1 sees.
const CHANGED: Form = Form { metadata: "google.cloudresourcemanager.v1.UpdateProjectMetadata", ..CREATED };

/// A project as clients send it. What only the service sets is not read.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    project_id: String,
    name: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    parent: Option<Parent>,
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Parent {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

impl Parent {
    /// `folders/123`.
    fn name(&self) -> Result<String> {
        match self.kind.as_str() {
            "folder" | "organization" => Ok(format!("{}s/{}", self.kind, self.id)),
            _ => Err(refusal::field("parent.type", "must be `folder` or `organization`")),
        }
    }
}

/// Creates a project.
///
/// Errors: 400, 403, 409.
pub fn create(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    create::refuse_tags(&sent.tags)?;
    let wanted = Wanted {
        id: sent.project_id,
        display_name: sent.name.filter(|name| !name.is_empty()),
        labels: sent.labels.unwrap_or_default(),
        parent: sent.parent.map(|parent| parent.name()).transpose()?,
    };
    create::create(wanted, &CREATED)
}

/// Shows a project.
///
/// Errors: 403, 404.
pub fn get(request: Request) -> Result<Response> {
    Ok(Response::json(&Project::asked_for(request.param("project"))?.v1()))
}

/// A page of the projects that the filter finds and the caller may get.
///
/// Errors: 400.
pub fn list(request: Request) -> Result<Response> {
    let filter = request.query("filter").unwrap_or_default();
    Ok(Response::json(&lists::search(&request, filter, Project::v1)?))
}

/// Replaces a project's name and labels, and moves it where a parent is given.
///
/// Errors: 400, 403, 404.
pub fn update(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    let parent = sent.parent.map(|parent| parent.name()).transpose()?;
    let change = Change {
        display_name: sent.name.filter(|name| !name.is_empty()),
        labels: Some(sent.labels.unwrap_or_default()),
        parent: parent.map(|parent| (parent, "resourcemanager.projects.create")),
        etag: None,
    };
    let (project, _) = change::update(request.param("project"), &change, &CHANGED)?;
    Ok(Response::json(&project.v1()))
}

/// Marks a project for deletion.
///
/// Errors: 400, 403, 404.
pub fn delete(request: Request) -> Result<Response> {
    deletion::delete(request.param("project"), None, &CHANGED)?;
    Ok(empty())
}

/// Takes the mark away.
///
/// Errors: 400, 403, 404.
pub fn undelete(request: Request) -> Result<Response> {
    deletion::undelete(request.param("project"), &CHANGED)?;
    Ok(empty())
}

/// The project and what it is below of.
///
/// Errors: 403, 404.
pub fn get_ancestry(request: Request) -> Result<Response> {
    let project = Project::asked_for(request.param("project"))?;
    Ok(Response::json(&ancestry::of(&project)?))
}

fn empty() -> Response {
    Response::json(&json!({}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_a_folder_or_an_organization() {
        let parent = |kind: &str| Parent { kind: kind.into(), id: "7".into() }.name();
        assert_eq!(parent("folder").unwrap(), "folders/7");
        assert_eq!(parent("organization").unwrap(), "organizations/7");
        assert_eq!(parent("project").unwrap_err().http_status(), 400);
    }
}
