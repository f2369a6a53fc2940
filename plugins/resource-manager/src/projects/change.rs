//! Changing and moving projects.

use super::Project;
use super::create::Form;
use crate::container::Container;
use crate::names;
use crate::operations::{self, Task, typed};
use fogbank_sdk::db::{self, Transaction};
use fogbank_sdk::{Response, Result, context, identity};
use serde_json::json;
use std::collections::BTreeMap;

/// What a client wants to be different.
#[derive(Debug, Default, Clone)]
pub struct Change {
    /// A new name for people.
    pub display_name: Option<String>,
    /// All labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// Where the project is to be, and the permission that is needed there.
    pub parent: Option<(String, &'static str)>,
    /// What the client read before.
    pub etag: Option<String>,
}

/// Changes a project in `tx`.
///
/// Errors: 400, 403, 404; 409 where the etag is an old one.
fn apply(tx: &Transaction, key: &str, change: &Change) -> Result<Project> {
    let mut project = Project::active(tx, key)?;
    project.check_etag(change.etag.as_deref())?;
    if let Some(name) = &change.display_name {
        names::check_project_name(name)?;
        project.display_name.clone_from(name);
    }
    if let Some(labels) = &change.labels {
        names::check_labels(labels)?;
        project.labels.clone_from(labels);
    }
    if let Some((parent, permission)) =
        change.parent.as_ref().filter(|(parent, _)| project.parent.as_ref() != Some(parent))
    {
        allow_move(&project, parent, permission)?;
        Container::accepting(tx, parent)?;
        project.parent = Some(parent.clone());
    }
    project.explicit = true;
    project.save(tx, context::now())?;
    Ok(project)
}

/// Who moves a project may take it from where it is, and may put it where it is to be.
fn allow_move(project: &Project, parent: &str, permission: &str) -> Result<()> {
    names::check_parent(parent)?;
    identity::require(permission, &names::full(parent), &[])?;
    identity::require("resourcemanager.projects.move", &project.full_name(), &[])?;
    match &project.parent {
        Some(present) => Ok(identity::require("resourcemanager.projects.move", &names::full(present), &[])?),
        None => Ok(identity::require("resourcemanager.projects.setIamPolicy", &project.full_name(), &[])?),
    }
}

/// Changes a project and gives it, with the operation that was written.
///
/// Errors: as [`change`].
pub fn update(key: &str, change: &Change, form: &Form) -> Result<(Project, Response)> {
    let (project, id, task) = db::transaction(|tx| {
        let project = apply(tx, key, change)?;
        let response = typed(form.response, (form.wire)(&project));
        let task = Task::new(typed(form.metadata, json!({})), response).about(format!("projects/{}", project.id));
        let id = operations::start(tx, "up", &project.full_name(), &task)?;
        Ok((project, id, task))
    })?;
    Ok((project, operations::finish(&id, &task)?))
}

/// Changes a project and answers with the operation.
///
/// Errors: 400, 403, 404; 409 where the etag is an old one.
pub fn change(key: &str, change: &Change, form: &Form) -> Result<Response> {
    update(key, change, form).map(|(_, response)| response)
}
