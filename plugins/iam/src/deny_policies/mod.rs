//! Deny policies: what nobody may do, whatever roles they have. <https://cloud.google.com/iam/docs/reference/rest/v2/policies>

mod change;
mod create;
mod list;
mod rules;

pub use change::{delete, update};
pub use create::create;
pub use list::list;
pub use rules::{DenyRule, denied_name};

use crate::operations::{self, Ended};
use crate::projects;
use fogbank_sdk::db::{self, Json, Row, Value as Cell, params};
use fogbank_sdk::{Error, Request, Response, Result, Timestamp, etag, id, identity, query};
use serde_json::{Map, Value, json};

const COLUMNS: &str = "attachment, id, uid, config, revision, created_ms, updated_ms";

/// A deny policy.
#[derive(Debug, Clone, PartialEq)]
pub struct DenyPolicy {
    /// `cloudresourcemanager.googleapis.com/projects/demo`.
    pub attachment: String,
    pub id: String,
    pub uid: String,
    /// `displayName`, `annotations`, `rules`.
    pub config: Map<String, Value>,
    pub revision: i64,
    pub created: Timestamp,
    pub updated: Timestamp,
}

impl DenyPolicy {
    fn from_row(row: &mut Row) -> db::Result<Self> {
        Ok(Self {
            attachment: row.take("attachment")?,
            id: row.take("id")?,
            uid: row.take("uid")?,
            config: row.take::<Json<_>>("config")?.0,
            revision: row.get("revision")?,
            created: row.get("created_ms")?,
            updated: row.get("updated_ms")?,
        })
    }

    /// `policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fdemo/denypolicies/mine`.
    pub fn name(&self) -> String {
        format!("policies/{}/denypolicies/{}", query::encode(&self.attachment), self.id)
    }

    /// Its rules.
    pub fn rules(&self) -> Vec<DenyRule> {
        rules::read(&self.config)
    }

    /// Changes with every change of the policy.
    pub fn etag(&self) -> String {
        etag::of(format!("{} {}", self.uid, self.revision).as_bytes())
    }

    /// As the API shows it.
    pub fn wire(&self) -> Value {
        let mut wire = Value::Object(self.config.clone());
        wire["name"] = json!(self.name());
        wire["uid"] = json!(self.uid);
        wire["kind"] = json!("DenyPolicy");
        wire["etag"] = json!(self.etag());
        wire["createTime"] = json!(self.created);
        wire["updateTime"] = json!(self.updated);
        wire
    }

    /// The operation of a change that was made.
    fn ended(&self) -> Result<Ended> {
        let mut response = self.wire();
        response["@type"] = json!("type.googleapis.com/google.iam.v2.Policy");
        Ok(Ended {
            name: format!("{}/operations/{}", self.name(), id::token()?),
            owner: self.attachment.clone(),
            metadata: json!({"@type": "type.googleapis.com/google.iam.v2.PolicyOperationMetadata", "createTime": self.updated}),
            response,
        })
    }
}

/// Deny policies attached to any of these resources (`//cloudresourcemanager.googleapis.com/projects/demo`): those of a resource and
/// its ancestors all count.
///
/// Errors: the database's.
pub fn attached_to<'r>(resources: impl IntoIterator<Item = &'r str>) -> Result<Vec<DenyPolicy>> {
    let attachments: Vec<Cell> =
        resources.into_iter().filter_map(|name| name.strip_prefix("//")).map(Cell::from).collect();
    if attachments.is_empty() {
        return Ok(vec![]);
    }
    let places: Vec<String> = (1..=attachments.len()).map(|at| format!("${at}")).collect();
    let sql = format!("SELECT {COLUMNS} FROM deny_policies WHERE attachment IN ({})", places.join(", "));
    let mut rows = db::query(&sql, attachments)?;
    Ok(rows.iter_mut().map(DenyPolicy::from_row).collect::<db::Result<_>>()?)
}

/// Shows a policy.
pub fn get(request: Request) -> Result<Response> {
    Ok(Response::json(&of(&request, "iam.denypolicies.get")?.wire()))
}

/// Shows an operation that changed a policy.
pub fn operation(request: Request) -> Result<Response> {
    let (attachment, policy) = (attachment(&request, "iam.denypolicies.get")?, request.param("policy"));
    let place = format!("policies/{}/denypolicies/{policy}", query::encode(&attachment));
    let (operation, _) = operations::find(&format!("{place}/operations/{}", request.param("operation")))?;
    Ok(Response::json(&operation))
}

/// What a route's path is about: a project, a folder or an organization. Projects by id. Some clients encode the slashes of an
/// attachment point twice, so that the resource is only known here, and the permission is asked for here.
///
/// Errors: 400 for what nothing is attached to, 403 where the caller may not, 404 for another kind of policies.
fn attachment(request: &Request, permission: &str) -> Result<String> {
    let kind = request.param("kind");
    if kind != "denypolicies" {
        return Err(Error::not_found(format!("There are no policies of the kind {kind}.")));
    }
    let point = query::decode(request.param("attachment"))?;
    let (kind, id) = checked(&point).ok_or_else(|| {
        Error::invalid(format!(
            "Invalid attachment point: '{point}' is not cloudresourcemanager.googleapis.com/projects/ID, folders/NUMBER or \
             organizations/NUMBER."
        ))
    })?;
    identity::require(permission, &format!("//{point}"), &[])?;
    let id = if kind == "projects" { projects::id(id)? } else { id.to_owned() };
    Ok(format!("cloudresourcemanager.googleapis.com/{kind}/{id}"))
}

fn checked(point: &str) -> Option<(&str, &str)> {
    let (kind, id) = point.strip_prefix("cloudresourcemanager.googleapis.com/")?.split_once('/')?;
    let fine = match kind {
        "projects" => !id.is_empty() && !id.contains('/'),
        "folders" | "organizations" => projects::is_number(id),
        _ => false,
    };
    fine.then_some((kind, id))
}

/// The policy that a route's path names.
///
/// Errors: 404.
fn of(request: &Request, permission: &str) -> Result<DenyPolicy> {
    let (attachment, id) = (attachment(request, permission)?, request.param("policy"));
    let sql = format!("SELECT {COLUMNS} FROM deny_policies WHERE attachment = $1 AND id = $2");
    let row = db::query_one(&sql, params![&attachment, id])?;
    let found = row.map(|mut row| DenyPolicy::from_row(&mut row)).transpose()?;
    found.ok_or_else(|| absent(&attachment, id))
}

fn absent(attachment: &str, id: &str) -> Error {
    Error::not_found(format!("Policy policies/{}/denypolicies/{id} does not exist.", query::encode(attachment)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_hang_on_levels_of_the_hierarchy() {
        assert_eq!(checked("cloudresourcemanager.googleapis.com/projects/demo"), Some(("projects", "demo")));
        assert_eq!(checked("cloudresourcemanager.googleapis.com/folders/12"), Some(("folders", "12")));
        for point in [
            "projects/demo",
            "cloudresourcemanager.googleapis.com/projects/",
            "cloudresourcemanager.googleapis.com/projects/a/b",
            "cloudresourcemanager.googleapis.com/folders/x",
            "storage.googleapis.com/projects/demo",
        ] {
            assert_eq!(checked(point), None, "{point}");
        }
    }

    #[test]
    fn a_policy_is_shown_as_the_api_does() {
        let policy = DenyPolicy {
            attachment: "cloudresourcemanager.googleapis.com/projects/demo".into(),
            id: "mine".into(),
            uid: "u".into(),
            config: Map::new(),
            revision: 1,
            created: Timestamp::from_millis(0),
            updated: Timestamp::from_millis(0),
        };
        let wire = policy.wire();
        assert_eq!(wire["name"], "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fdemo/denypolicies/mine");
        assert_eq!(wire["kind"], "DenyPolicy");
        assert!(policy.ended().unwrap().name.starts_with(&format!("{}/operations/", policy.name())));
    }
}
