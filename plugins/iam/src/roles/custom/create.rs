//! `iam.projects.roles.create`, `iam.organizations.roles.create`.

use super::{Role, check_stage, check_texts, checked, cutoff, parent_of};
use crate::catalog::Catalog;
use crate::failures::precondition;
use crate::projects;
use crate::roles::View;
use fogbank_sdk::db::{self, Json, params};
use fogbank_sdk::{Error, Request, Response, Result, identity};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    role_id: String,
    role: Fields,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Fields {
    title: String,
    description: String,
    stage: Option<String>,
    included_permissions: Vec<String>,
}

/// Makes a custom role.
pub fn create(mut request: Request) -> Result<Response> {
    let Sent { role_id, role } = request.json()?;
    check_id(&role_id)?;
    check_texts(&role.title, &role.description)?;
    let stage = role.stage.unwrap_or_else(|| "ALPHA".to_owned());
    check_stage(&stage)?;
    let parent = parent_of(&request)?;
    if let Some(project) = parent.strip_prefix("projects/") {
        projects::look_up(project)?;
    }
    let role = Role {
        parent,
        id: role_id,
        title: role.title,
        description: role.description,
        stage,
        permissions: checked(role.included_permissions, &Catalog::load())?,
        revision: 1,
        deleted: None,
    };
    insert(&role)?;
    identity::changed();
    Ok(Response::json(&role.wire(View::Full)))
}

fn insert(role: &Role) -> Result<()> {
    db::transaction(|tx| {
        let key = params![&role.parent, &role.id];
        let expired = "DELETE FROM custom_roles WHERE parent = $1 AND id = $2 AND deleted_ms <= $3";
        tx.execute(expired, params![&role.parent, &role.id, cutoff()])?;
        if let Some(row) = tx.query_one("SELECT deleted_ms FROM custom_roles WHERE parent = $1 AND id = $2", key)? {
            return Err(taken(role, row.get::<Option<i64>>("deleted_ms")?.is_some()));
        }
        tx.execute(
            "INSERT INTO custom_roles (parent, id, title, description, stage, permissions, revision) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            params![
                &role.parent,
                &role.id,
                &role.title,
                &role.description,
                &role.stage,
                Json(&role.permissions),
                role.revision
            ],
        )?;
        Ok(())
    })
}

fn taken(role: &Role, deleted: bool) -> Error {
    let Role { parent, id, .. } = role;
    match deleted {
        true => precondition(format!(
            "You can't create a role with role_id ({id}) where there is an existing role with that role_id in a deleted state."
        )),
        false => Error::already_exists(format!("A role named {id} in {parent} already exists.")),
    }
}

fn check_id(id: &str) -> Result<()> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
    if id.is_empty() {
        return Err(Error::required("roleId"));
    }
    ((3..=64).contains(&id.len()) && id.bytes().all(known)).then_some(()).ok_or_else(|| {
        Error::invalid(format!(
            "The role_id {id} is not valid: it has 3 to 64 letters, digits, periods and underscores."
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_as_the_api_takes_them() {
        assert!(check_id("myRole").is_ok() && check_id("my.role_1").is_ok());
        for id in ["", "ab", "my-role", "rolle/1", &"a".repeat(65)] {
            assert_eq!(check_id(id).unwrap_err().http_status(), 400, "{id}");
        }
    }
}
