//! `cloudresourcemanager.projects.*` of v3. <https://cloud.google.com/resource-manager/reference/rest/v3/projects>

use crate::projects::change::{self, Change};
use crate::projects::create::{self, Form, Wanted};
use crate::projects::{Project, delete as deletion, list as lists};
use crate::refusal;
use fogbank_sdk::{Error, Request, Response, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// How v3 tells of a project; the metadata differ from method to method.
const fn form(metadata: &'static str) -> Form {
    Form { metadata, response: "google.cloud.resourcemanager.v3.Project", wire: Project::v3 }
}

/// A project as clients send it. What only the service sets is not read.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    project_id: String,
    display_name: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    parent: Option<String>,
    etag: Option<String>,
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Move {
    destination_parent: String,
}

/// Creates a project.
///
/// Errors: 400, 403, 409.
pub fn create(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    create::refuse_tags(&sent.tags)?;
    let wanted = Wanted {
        id: sent.project_id,
        display_name: sent.display_name.filter(|name| !name.is_empty()),
        labels: sent.labels.unwrap_or_default(),
        parent: sent.parent.filter(|parent| !parent.is_empty()),
    };
    create::create(wanted, &form("google.cloud.resourcemanager.v3.CreateProjectMetadata"))
}

/// Shows a project.
///
/// Errors: 403, 404.
pub fn get(request: Request) -> Result<Response> {
    Ok(Response::json(&Project::asked_for(request.param("project"))?.v3()))
}

/// A page of the projects directly below a folder or an organization.
///
/// Errors: 400, 403, 404.
pub fn list(request: Request) -> Result<Response> {
    Ok(Response::json(&lists::below(&request, Project::v3)?))
}

/// A page of the projects that the query finds and the caller may get.
///
/// Errors: 400.
pub fn search(request: Request) -> Result<Response> {
    let query = request.query("query").unwrap_or_default();
    Ok(Response::json(&lists::search(&request, query, Project::v3)?))
}

/// Changes what the mask names, or without one what is sent: the name and the labels.
///
/// Errors: 400, 403, 404; 409 where the etag is an old one.
pub fn patch(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    let mask = Mask::of(request.query("updateMask").unwrap_or_default())?;
    let change = Change {
        display_name: sent.display_name.filter(|_| mask.takes("displayName")),
        labels: match mask.names("labels") {
            true => Some(sent.labels.unwrap_or_default()),
            false => sent.labels.filter(|_| mask.takes("labels")),
        },
        parent: None,
        etag: sent.etag,
    };
    if mask.names("displayName") && change.display_name.is_none() {
        return Err(Error::required("displayName"));
    }
    change::change(request.param("project"), &change, &form("google.cloud.resourcemanager.v3.UpdateProjectMetadata"))
}

/// Which fields an `updateMask` names.
struct Mask(Vec<String>);

impl Mask {
    /// Reads a mask.
    ///
    /// Errors: 400 where it names what cannot be changed.
    fn of(text: &str) -> Result<Self> {
        let fields = text.split(',').map(str::trim).filter(|field| !field.is_empty());
        let fields: Vec<String> = fields.map(|field| field.replace('_', "").to_lowercase()).collect();
        match fields.iter().find(|field| !matches!(field.as_str(), "displayname" | "labels" | "*")) {
            Some(other) => Err(refusal::field("update_mask", &format!("{other} cannot be updated"))),
            None => Ok(Self(fields)),
        }
    }

    /// Whether the mask names the field itself.
    fn names(&self, field: &str) -> bool {
        self.0.iter().any(|named| *named == field.to_lowercase() || named == "*")
    }

    /// Whether what is sent of the field counts.
    fn takes(&self, field: &str) -> bool {
        self.0.is_empty() || self.names(field)
    }
}

/// Moves a project.
///
/// Errors: 400, 403, 404.
pub fn r#move(mut request: Request) -> Result<Response> {
    let Move { destination_parent } = request.json()?;
    crate::names::check_parent(&destination_parent)?;
    let change = Change { parent: Some((destination_parent, "resourcemanager.projects.move")), ..Change::default() };
    change::change(request.param("project"), &change, &form("google.cloud.resourcemanager.v3.MoveProjectMetadata"))
}

/// Marks a project for deletion.
///
/// Errors: 400, 403, 404.
pub fn delete(request: Request) -> Result<Response> {
    let form = form("google.cloud.resourcemanager.v3.DeleteProjectMetadata");
    deletion::delete(request.param("project"), request.query("etag"), &form)
}

/// Takes the mark away.
///
/// Errors: 400, 403, 404.
pub fn undelete(request: Request) -> Result<Response> {
    deletion::undelete(request.param("project"), &form("google.cloud.resourcemanager.v3.UndeleteProjectMetadata"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_names_what_can_be_changed() {
        let mask = Mask::of("display_name, labels").unwrap();
        assert!(mask.names("displayName") && mask.takes("labels"));
        assert!(Mask::of("").unwrap().takes("labels") && !Mask::of("").unwrap().names("labels"));
        assert_eq!(Mask::of("parent").err().map(|error| error.http_status()), Some(400));
    }
}
