//! Creating projects. <https://cloud.google.com/resource-manager/reference/rest/v3/projects/create>

use super::{Project, number};
use crate::container::{self, Container};
use crate::hierarchy;
use crate::names;
use crate::operations::{self, Task, typed};
use crate::refusal;
use crate::store::State;
use fogbank_sdk::db::{self, Transaction};
use fogbank_sdk::{Error, Response, Result, context, identity};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a client wants.
#[derive(Debug, Default)]
pub struct Wanted {
    /// The id.
    pub id: String,
    /// The name for people; the id where it is absent.
    pub display_name: Option<String>,
    /// Labels by key.
    pub labels: BTreeMap<String, String>,
    /// `folders/123`, `organizations/456`.
    pub parent: Option<String>,
}

/// How one version of the API tells of a new project.
pub struct Form {
    /// `Operation.metadata`'s message.
    pub metadata: &'static str,
    /// `Operation.response`'s message.
    pub response: &'static str,
    /// The project itself.
    pub wire: fn(&Project) -> Value,
}

/// Creates a project. Whoever has to say who they are becomes its owner. A project that sprang up can be created once.
///
/// Errors: 400 for a bad id, name or label; 403; 409 where there is one of this id.
pub fn create(wanted: Wanted, form: &Form) -> Result<Response> {
    check(&wanted)?;
    let caller = identity::caller();
    let parent = place(&wanted, caller.enforced)?;
    let now = context::now();
    let project = Project {
        number: number::free(&wanted.id)?,
        display_name: wanted.display_name.unwrap_or_else(|| wanted.id.clone()),
        id: wanted.id,
        labels: wanted.labels,
        parent,
        state: State::Active,
        explicit: true,
        revision: 1,
        created: now,
        updated: now,
        deleted: None,
    };
    let owner = Some(caller.name).filter(|name| caller.enforced && name != "allUsers");
    let (id, task) = db::transaction(|tx| {
        let project = write(tx, &project)?;
        let metadata = json!({"createTime": project.created, "gettable": true, "ready": true});
        let mut task = Task::new(typed(form.metadata, metadata), typed(form.response, (form.wire)(&project)));
        task = task.about(format!("projects/{}", project.id));
        task.owner.clone_from(&owner);
        Ok((operations::start(tx, "cp", &project.full_name(), &task)?, task))
    })?;
    operations::finish(&id, &task)
}

/// Tags are bound to a project that is there: what would be lost is refused.
///
/// Errors: 400 UNIMPLEMENTED.
pub fn refuse_tags(tags: &BTreeMap<String, String>) -> Result<()> {
    match tags.is_empty() {
        true => Ok(()),
        false => Err(Error::unimplemented("Binding tags while the resource is created")),
    }
}

fn check(wanted: &Wanted) -> Result<()> {
    if wanted.id.is_empty() {
        return Err(Error::required("projectId"));
    }
    names::check_project_id(&wanted.id)?;
    if let Some(name) = &wanted.display_name {
        names::check_project_name(name)?;
    }
    names::check_labels(&wanted.labels)
}

/// Where the project comes: where the client says, else into the first organization if somebody has to have the permission there.
fn place(wanted: &Wanted, enforced: bool) -> Result<Option<String>> {
    let parent = match &wanted.parent {
        Some(parent) => {
            names::check_parent(parent)?;
            Some(parent.clone())
        }
        None if enforced => container::default_organization()?,
        None => None,
    };
    match (&parent, enforced) {
        (Some(parent), _) => identity::require("resourcemanager.projects.create", &names::full(parent), &[])?,
        (None, true) => return Err(refusal::missing("An organization")),
        (None, false) => (),
    }
    Ok(parent)
}

/// Writes the row, or takes over that of a project that sprang up.
fn write(tx: &Transaction, wanted: &Project) -> Result<Project> {
    if let Some(parent) = &wanted.parent {
        Container::accepting(tx, parent)?;
    }
    match Project::find(tx, &wanted.id)? {
        None => {
            hierarchy::link_number(wanted)?;
            wanted.insert(tx)?;
            Ok(wanted.clone())
        }
        Some(present) if !present.explicit && present.state == State::Active => {
            let mut project = Project { number: present.number, revision: present.revision, ..wanted.clone() };
            project.save(tx, wanted.created)?;
            Ok(project)
        }
        Some(_) => Err(refusal::exists()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f35_a_project_that_makes_no_sense_is_refused() {
        let wanted = |id: &str, name: &str| Wanted {
            id: id.to_owned(),
            display_name: Some(name.to_owned()),
            ..Wanted::default()
        };
        assert!(check(&wanted("acc-proj-1", "Acc One")).is_ok());
        assert_eq!(check(&wanted("", "Acc One")).unwrap_err().reason(), "required");
        assert_eq!(check(&wanted("Bad", "Acc One")).unwrap_err().http_status(), 400);
        assert_eq!(check(&wanted("acc-proj-1", "no")).unwrap_err().http_status(), 400);
    }
}
