//! `iam.projects.roles.patch`, `iam.organizations.roles.patch`.

use super::{Role, check_stage, check_texts, checked, of};
use crate::catalog::Catalog;
use crate::failures::{check_etag, precondition};
use crate::roles::View;
use crate::wire::document_of;
use fogbank_sdk::db::{self, Json, params, stmt};
use fogbank_sdk::{Error, Request, Response, Result, identity};
use serde_json::Value;

/// Changes the fields that `updateMask` names; all that the body has, where there is none.
pub fn patch(mut request: Request) -> Result<Response> {
    let sent = document_of(&mut request)?;
    let mut role = of(&request)?;
    check_etag(sent["etag"].as_str(), &role.etag())?;
    if role.deleted.is_some() {
        return Err(precondition(format!("You can't update role {}: it is deleted.", role.name())));
    }
    let mask = request.query("updateMask").unwrap_or_default();
    apply(&mut role, &sent, mask)?;
    check_stage(&role.stage)?;
    check_texts(&role.title, &role.description)?;
    role.permissions = checked(role.permissions, &Catalog::load())?;
    save(&mut role)?;
    identity::changed();
    Ok(Response::json(&role.wire(View::Full)))
}

fn apply(role: &mut Role, sent: &Value, mask: &str) -> Result<()> {
    const FIELDS: [&str; 4] = ["title", "description", "stage", "includedPermissions"];
    let paths: Vec<&str> = match mask {
        "" => FIELDS.into_iter().filter(|field| sent.get(field).is_some()).collect(),
        mask => mask.split(',').map(str::trim).collect(),
    };
    let text = |field: &str| sent[field].as_str().unwrap_or_default().to_owned();
    for path in paths {
        match path {
            "title" => role.title = text("title"),
            "description" => role.description = text("description"),
            "stage" => {
                role.stage = Some(text("stage")).filter(|stage| !stage.is_empty()).unwrap_or_else(|| "ALPHA".into())
            }
            "includedPermissions" | "included_permissions" => {
                role.permissions = permissions(&sent["includedPermissions"])?
            }
            "etag" => {}
            other => return Err(Error::invalid(format!("Invalid value for updateMask: '{other}' cannot be changed."))),
        }
    }
    Ok(())
}

fn permissions(sent: &Value) -> Result<Vec<String>> {
    match sent {
        Value::Null => Ok(vec![]),
        list => serde_json::from_value(list.clone())
            .map_err(|_| Error::invalid("Invalid value for includedPermissions: it is a list of names.")),
    }
}

/// Writes a role that nobody else changed meanwhile.
fn save(role: &mut Role) -> Result<()> {
    let outcomes = db::execute(vec![stmt(
        "UPDATE custom_roles SET title = $1, description = $2, stage = $3, permissions = $4, revision = revision + 1 \
         WHERE parent = $5 AND id = $6 AND revision = $7",
        params![
            &role.title,
            &role.description,
            &role.stage,
            Json(&role.permissions),
            &role.parent,
            &role.id,
            role.revision
        ],
    )])?;
    if outcomes.iter().all(|outcome| outcome.affected == 0) {
        return Err(Error::conflict("aborted", "The role was changed meanwhile. Please retry."));
    }
    role.revision += 1;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn changed(sent: Value, mask: &str) -> Result<Role> {
        let mut role = Role {
            parent: "projects/demo".into(),
            id: "mine".into(),
            title: "T".into(),
            description: "D".into(),
            stage: "GA".into(),
            permissions: vec!["a.b.c".into()],
            revision: 1,
            deleted: None,
        };
        apply(&mut role, &sent, mask).map(|()| role)
    }

    #[test]
    fn a_mask_says_what_is_changed() {
        let role = changed(json!({"title": "T2", "stage": "BETA"}), "title,includedPermissions").unwrap();
        assert_eq!((role.title.as_str(), role.stage.as_str(), role.permissions.len()), ("T2", "GA", 0));
        let role = changed(json!({"description": ""}), "").unwrap();
        assert_eq!((role.title.as_str(), role.description.as_str(), role.permissions.len()), ("T", "", 1));
        assert!(changed(json!({}), "name").is_err());
        assert!(changed(json!({"includedPermissions": "x"}), "").is_err());
    }
}
