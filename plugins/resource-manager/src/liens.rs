//! Liens, which keep projects from being deleted. <https://cloud.google.com/resource-manager/reference/rest/v3/liens>

use crate::names;
use crate::projects::Project;
use crate::projects::delete::DELETION;
use crate::refusal;
use crate::store::{Outside, Read, moment};
use fogbank_sdk::db::{self, Json, Row, params, stmt};
use fogbank_sdk::{Error, Request, Response, Result, Timestamp, context, id, identity, page};
use serde::Deserialize;
use serde_json::{Value, json};

/// What a client sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    parent: String,
    restrictions: Vec<String>,
    reason: String,
    origin: String,
}

struct Lien {
    id: String,
    project: i64,
    restrictions: Vec<String>,
    reason: String,
    origin: String,
    created: Timestamp,
}

impl Lien {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.take("id")?,
            project: row.get("project")?,
            restrictions: row.take::<Json<_>>("restrictions")?.0,
            reason: row.take("reason")?,
            origin: row.take("origin")?,
            created: moment(row, "created_ms")?,
        })
    }

    fn wire(&self) -> Value {
        json!({
            "name": format!("liens/{}", self.id),
            "parent": format!("projects/{}", self.project),
            "restrictions": self.restrictions,
            "reason": self.reason,
            "origin": self.origin,
            "createTime": self.created,
        })
    }
}

/// Puts a lien on a project.
///
/// Errors: 400, 403, 404.
pub fn create(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    let key = project_of(&sent.parent)?;
    identity::require("resourcemanager.projects.updateLiens", &names::full(&sent.parent), &[])?;
    check(&sent)?;
    let project = Project::asked_for(key)?;
    let token = id::token()?;
    let lien = Lien {
        id: format!("p{}-l{}", project.number, &token[..12]),
        project: project.number,
        restrictions: sent.restrictions,
        reason: sent.reason,
        origin: sent.origin,
        created: context::now(),
    };
    let sql =
        "INSERT INTO liens (id, project, restrictions, reason, origin, created_ms) VALUES ($1, $2, $3, $4, $5, $6)";
    let row = params![&lien.id, lien.project, Json(&lien.restrictions), &lien.reason, &lien.origin, lien.created];
    db::execute(vec![stmt(sql, row)])?;
    Ok(Response::json(&lien.wire()))
}

fn check(sent: &Sent) -> Result<()> {
    if sent.restrictions.is_empty() {
        return Err(Error::required("restrictions"));
    }
    if let Some(other) = sent.restrictions.iter().find(|restriction| *restriction != DELETION) {
        return Err(refusal::field("restrictions", &format!("{other} cannot be restricted")));
    }
    for (name, text) in [("reason", &sent.reason), ("origin", &sent.origin)] {
        if text.is_empty() {
            return Err(Error::required(name));
        }
        if text.chars().count() > 200 {
            return Err(refusal::field(name, "must be at most 200 characters long"));
        }
    }
    Ok(())
}

/// The project's id or number in `projects/shop`.
fn project_of(parent: &str) -> Result<&str> {
    let key = parent.strip_prefix("projects/").filter(|key| !key.is_empty() && !key.contains('/'));
    key.ok_or_else(|| refusal::field("parent", "must be projects/{id or number}"))
}

/// Shows a lien to those who may get its project.
///
/// Errors: 403, 404.
pub fn get(request: Request) -> Result<Response> {
    Ok(Response::json(&allowed(request.param("lien"), "resourcemanager.projects.get")?.wire()))
}

/// Takes a lien away.
///
/// Errors: 403, 404.
pub fn delete(request: Request) -> Result<Response> {
    let lien = allowed(request.param("lien"), "resourcemanager.projects.updateLiens")?;
    db::execute(vec![stmt("DELETE FROM liens WHERE id = $1", params![lien.id])])?;
    Ok(Response::json(&json!({})))
}

fn allowed(id: &str, permission: &str) -> Result<Lien> {
    let sql = "SELECT id, project, restrictions, reason, origin, created_ms FROM liens WHERE id = $1";
    let row = Outside.row(sql, params![id])?;
    let mut row = row.ok_or_else(|| refusal::missing(&format!("liens/{id}")))?;
    let lien = Lien::from_row(&mut row)?;
    identity::require(permission, &names::full(&format!("projects/{}", lien.project)), &[])?;
    Ok(lien)
}

/// A page of a project's liens.
///
/// Errors: 400, 403, 404.
pub fn list(request: Request) -> Result<Response> {
    let project = Project::asked_for(project_of(request.query("parent").unwrap_or_default())?)?;
    let size = page::size(&request, "pageSize", 100, 1000)? as usize;
    let after: String = page::cursor(&request)?.unwrap_or_default();
    let sql = "SELECT id, project, restrictions, reason, origin, created_ms FROM liens \
               WHERE project = $1 AND id > $2 ORDER BY id LIMIT $3";
    let rows = Outside.rows(sql, params![project.number, after, size + 1]);
    let mut liens = rows?.iter_mut().map(Lien::from_row).collect::<Result<Vec<_>>>()?;
    let more = liens.len() > size;
    liens.truncate(size);
    let mut answer = json!({});
    if let Some(last) = liens.last() {
        answer["liens"] = liens.iter().map(Lien::wire).collect();
        if more {
            answer["nextPageToken"] = json!(page::encode(&last.id));
        }
    }
    Ok(Response::json(&answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lien_says_what_for_and_by_whom() {
        let sent = |restrictions: &[&str], reason: &str| Sent {
            parent: "projects/shop-1".into(),
            restrictions: restrictions.iter().map(|text| (*text).to_owned()).collect(),
            reason: reason.into(),
            origin: "test".into(),
        };
        assert!(check(&sent(&[DELETION], "keep")).is_ok());
        assert!(check(&sent(&[], "keep")).is_err() && check(&sent(&[DELETION], "")).is_err());
        assert!(check(&sent(&["resourcemanager.projects.get"], "keep")).is_err());
        assert_eq!(project_of("projects/shop-1").unwrap(), "shop-1");
        assert!(project_of("folders/1").is_err() && project_of("projects/").is_err());
    }
}
