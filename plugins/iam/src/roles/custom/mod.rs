//! Custom roles of projects and organizations. <https://cloud.google.com/iam/docs/reference/rest/v1/projects.roles>

mod change;
mod create;
mod delete;
mod list;

pub use change::patch;
pub use create::create;
pub use delete::{delete, undelete};
pub use list::{list, page_of};

use super::View;
use crate::catalog::Catalog;
use crate::projects;
use fogbank_sdk::db::{self, Json, Row, params};
use fogbank_sdk::{Error, Request, Response, Result, Timestamp, context, etag};
use serde_json::{Value, json};

/// How long a deleted role can come back, in days.
const DAYS: i64 = 7;

/// The columns that [`Role::from_row`] reads.
const COLUMNS: &str = "parent, id, title, description, stage, permissions, revision, deleted_ms";

/// How many permissions one role can have.
const MOST: usize = 3000;

/// A custom role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// `projects/demo`, `organizations/123`.
    pub parent: String,
    pub id: String,
    pub title: String,
    pub description: String,
    pub stage: String,
    pub permissions: Vec<String>,
    pub revision: i64,
    pub deleted: Option<Timestamp>,
}

impl Role {
    fn from_row(row: &mut Row) -> db::Result<Self> {
        Ok(Self {
            parent: row.take("parent")?,
            id: row.take("id")?,
            title: row.take("title")?,
            description: row.take("description")?,
            stage: row.take("stage")?,
            permissions: row.take::<Json<_>>("permissions")?.0,
            revision: row.get("revision")?,
            deleted: row.get("deleted_ms")?,
        })
    }

    /// `projects/demo/roles/mine`.
    pub fn name(&self) -> String {
        format!("{}/roles/{}", self.parent, self.id)
    }

    /// Whether bindings to it give anything.
    pub fn is_in_force(&self) -> bool {
        self.deleted.is_none() && self.stage != "DISABLED"
    }

    /// Changes with every change of the role.
    pub fn etag(&self) -> String {
        etag::of(format!("{} {}", self.name(), self.revision).as_bytes())
    }

    /// As the API shows it.
    pub fn wire(&self, view: View) -> Value {
        let mut wire = json!({"name": self.name(), "title": self.title, "stage": self.stage, "etag": self.etag()});
        if !self.description.is_empty() {
            wire["description"] = json!(self.description);
        }
        if view == View::Full && !self.permissions.is_empty() {
            wire["includedPermissions"] = json!(self.permissions);
        }
        if self.deleted.is_some() {
            wire["deleted"] = json!(true);
        }
        wire
    }
}

/// Shows a custom role.
pub fn get(request: Request) -> Result<Response> {
    Ok(Response::json(&of(&request)?.wire(View::Full)))
}

/// The custom role of that name, also a deleted one.
///
/// Errors: the database's.
pub fn by_name(name: &str) -> Result<Option<Role>> {
    match name.split_once("/roles/") {
        Some((parent, id)) => read(&self::parent(parent)?, id),
        None => Ok(None),
    }
}

/// Deleted roles whose time is over are not there.
fn read(parent: &str, id: &str) -> Result<Option<Role>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM custom_roles WHERE parent = $1 AND id = $2 AND (deleted_ms IS NULL OR deleted_ms > $3)"
    );
    let row = db::query_one(&sql, params![parent, id, cutoff()])?;
    Ok(row.map(|mut row| Role::from_row(&mut row)).transpose()?)
}

/// Before when a role has to be deleted to be gone for good.
pub fn cutoff() -> Timestamp {
    context::now().plus_days(-DAYS)
}

/// A parent as rows have it: projects by id.
///
/// Errors: 400 for what is neither a project nor an organization.
pub fn parent(name: &str) -> Result<String> {
    match name.split_once('/') {
        Some(("projects", project)) if !project.is_empty() => Ok(format!("projects/{}", projects::id(project)?)),
        Some(("organizations", number)) if projects::is_number(number) => Ok(name.to_owned()),
        _ => Err(Error::invalid(format!("Invalid parent: '{name}' is neither projects/ID nor organizations/NUMBER."))),
    }
}

/// The parent that a route's path names.
fn parent_of(request: &Request) -> Result<String> {
    match request.param("organization") {
        "" => parent(&format!("projects/{}", request.param("project"))),
        organization => parent(&format!("organizations/{organization}")),
    }
}

/// The role that a route's path names.
///
/// Errors: 404.
fn of(request: &Request) -> Result<Role> {
    let (parent, id) = (parent_of(request)?, request.param("role"));
    read(&parent, id)?.ok_or_else(|| Error::not_found(format!("The role named {parent}/roles/{id} was not found.")))
}

/// Refuses permissions that no loaded service has, and sorts the others.
///
/// Errors: 400.
fn checked(permissions: Vec<String>, catalog: &Catalog) -> Result<Vec<String>> {
    if permissions.len() > MOST {
        return Err(Error::invalid(format!("A role has at most {MOST} permissions.")));
    }
    let known = catalog.permissions();
    if let Some(other) = permissions.iter().find(|permission| !known.contains(permission.as_str())) {
        return Err(Error::invalid(format!("Permission {other} is not valid.")));
    }
    let sorted: std::collections::BTreeSet<String> = permissions.into_iter().collect();
    Ok(sorted.into_iter().collect())
}

fn check_stage(stage: &str) -> Result<()> {
    match stage {
        "ALPHA" | "BETA" | "GA" | "DEPRECATED" | "DISABLED" | "EAP" => Ok(()),
        other => Err(Error::invalid(format!("Invalid value for stage: '{other}'"))),
    }
}

fn check_texts(title: &str, description: &str) -> Result<()> {
    crate::failures::check_length("title", title, 100)?;
    crate::failures::check_length("description", description, 300)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::tests::sample;

    fn role(stage: &str) -> Role {
        Role {
            parent: "projects/demo".into(),
            id: "mine".into(),
            title: "Mine".into(),
            description: String::new(),
            stage: stage.into(),
            permissions: vec!["storage.buckets.list".into()],
            revision: 1,
            deleted: None,
        }
    }

    #[test]
    fn a_role_is_shown_as_the_api_does() {
        let wire = role("GA").wire(View::Full);
        assert_eq!(wire["name"], "projects/demo/roles/mine");
        assert_eq!((wire.get("description"), wire.get("deleted")), (None, None));
        assert_eq!(wire["includedPermissions"], json!(["storage.buckets.list"]));
        let deleted = Role { deleted: Some(Timestamp::from_millis(1)), ..role("GA") };
        assert_eq!(deleted.wire(View::Basic)["deleted"], true);
    }

    #[test]
    fn a_disabled_or_deleted_role_gives_nothing() {
        assert!(role("GA").is_in_force() && !role("DISABLED").is_in_force());
        assert!(!Role { deleted: Some(Timestamp::from_millis(1)), ..role("GA") }.is_in_force());
    }

    #[test]
    fn only_permissions_that_somebody_has_are_taken() {
        let list = |names: &[&str]| checked(names.iter().map(|name| (*name).to_owned()).collect(), &sample());
        assert_eq!(
            list(&["storage.buckets.list", "iam.roles.get", "iam.roles.get"]).unwrap(),
            ["iam.roles.get", "storage.buckets.list"]
        );
        let error = list(&["storage.buckets.fly"]).unwrap_err();
        assert_eq!((error.http_status(), error.message()), (400, "Permission storage.buckets.fly is not valid."));
    }

    #[test]
    fn parents_are_projects_and_organizations() {
        assert_eq!(parent("projects/demo").unwrap(), "projects/demo");
        assert_eq!(parent("organizations/12").unwrap(), "organizations/12");
        for name in ["", "projects/", "folders/12", "organizations/x"] {
            assert_eq!(parent(name).unwrap_err().http_status(), 400, "{name}");
        }
    }
}
