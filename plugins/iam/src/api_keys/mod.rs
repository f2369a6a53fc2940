//! API keys. <https://cloud.google.com/api-keys/docs/reference/rest/v2/projects.locations.keys>
//!
//! A key's string is kept in clear, because `getKeyString` shows it to those who may see it; callers' keys are looked up by their
//! SHA-256.

mod change;
mod create;
mod delete;
mod list;
mod lookup;
mod restrictions;

pub use change::patch;
pub use create::create;
pub use delete::{delete, undelete};
pub use list::list;
pub use lookup::lookup_key;

use crate::failures::RETENTION_MS;
use crate::operations::{self, Ended};
use crate::projects;
use fogbank_sdk::db::{self, Json, Row, params};
use fogbank_sdk::{Error, Request, Response, Result, Timestamp, context, etag, id, identity};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

const COLUMNS: &str =
    "project, id, number, uid, key_string, config, service_account, revision, created_ms, updated_ms, deleted_ms";

/// An API key.
#[derive(Clone, PartialEq)]
pub struct ApiKey {
    /// The project's id.
    pub project: String,
    pub id: String,
    /// The project's number.
    pub number: String,
    pub uid: String,
    key_string: String,
    /// `displayName`, `annotations`, `restrictions`.
    pub config: Map<String, Value>,
    /// The e-mail address of the account that the key stands for.
    pub service_account: Option<String>,
    pub revision: i64,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub deleted: Option<Timestamp>,
}

impl std::fmt::Debug for ApiKey {
    /// Without the string (F28).
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ApiKey({})", self.name())
    }
}

impl ApiKey {
    fn from_row(row: &mut Row) -> db::Result<Self> {
        Ok(Self {
            project: row.take("project")?,
            id: row.take("id")?,
            number: row.take("number")?,
            uid: row.take("uid")?,
            key_string: row.take("key_string")?,
            config: row.take::<Json<_>>("config")?.0,
            service_account: row.take("service_account")?,
            revision: row.get("revision")?,
            created: row.get("created_ms")?,
            updated: row.get("updated_ms")?,
            deleted: row.get("deleted_ms")?,
        })
    }

    /// `projects/12/locations/global`.
    fn parent(&self) -> String {
        format!("projects/{}/locations/global", self.number)
    }

    /// `projects/12/locations/global/keys/mine`.
    pub fn name(&self) -> String {
        format!("{}/keys/{}", self.parent(), self.id)
    }

    /// Changes with every change of the key.
    pub fn etag(&self) -> String {
        format!("W/\"{}\"", etag::of(format!("{} {}", self.uid, self.revision).as_bytes()))
    }

    /// As the API shows it: without the string.
    pub fn wire(&self) -> Value {
        let mut wire = Value::Object(self.config.clone());
        wire["name"] = json!(self.name());
        wire["uid"] = json!(self.uid);
        wire["createTime"] = json!(self.created);
        wire["updateTime"] = json!(self.updated);
        wire["etag"] = json!(self.etag());
        if let Some(account) = &self.service_account {
            wire["serviceAccountEmail"] = json!(account);
        }
        if let Some(deleted) = self.deleted {
            wire["deleteTime"] = json!(deleted);
        }
        wire
    }

    /// The operation of a change that was made.
    fn ended(&self) -> Result<Ended> {
        let mut response = self.wire();
        response["@type"] = json!("type.googleapis.com/google.api.apikeys.v2.Key");
        Ok(Ended {
            name: format!("operations/akmf.p7-{}-{}", self.number, id::uuid()?),
            owner: self.project.clone(),
            metadata: json!({}),
            response,
        })
    }
}

/// What a key's string is kept and found by.
pub fn digest(key_string: &str) -> [u8; 32] {
    Sha256::digest(key_string.as_bytes()).into()
}

/// The key with this string; deleted ones are none.
///
/// Errors: the database's.
pub fn by_key_string(key_string: &str) -> Result<Option<ApiKey>> {
    let sql = format!("SELECT {COLUMNS} FROM api_keys WHERE digest = $1 AND deleted_ms IS NULL");
    let row = db::query_one(&sql, params![digest(key_string)])?;
    Ok(row.map(|mut row| ApiKey::from_row(&mut row)).transpose()?)
}

/// Before when a key has to be deleted to be gone for good.
pub fn cutoff() -> Timestamp {
    context::now().plus_millis(-RETENTION_MS)
}

/// Shows a key.
pub fn get(request: Request) -> Result<Response> {
    Ok(Response::json(&of(&request)?.wire()))
}

/// Shows a key's string.
pub fn get_key_string(request: Request) -> Result<Response> {
    let key = of(&request)?;
    match key.deleted {
        None => Ok(Response::json(&json!({"keyString": key.key_string}))),
        Some(_) => Err(absent(&key.name())),
    }
}

/// Shows an operation that changed a key.
pub fn operation(request: Request) -> Result<Response> {
    let (operation, project) = operations::find(&format!("operations/{}", request.param("operation")))?;
    identity::require("apikeys.keys.get", &projects::resource(&project), &[])?;
    Ok(Response::json(&operation))
}

/// The key that a route's path names, deleted or not.
///
/// Errors: 404.
fn of(request: &Request) -> Result<ApiKey> {
    check_location(request)?;
    let (project, id) = (projects::id(request.param("project"))?, request.param("key"));
    // A client may write a key's id or its uid.
    let sql = format!(
        "SELECT {COLUMNS} FROM api_keys WHERE project = $1 AND id = $2 AND (deleted_ms IS NULL OR deleted_ms > $3)"
    );
    let row = db::query_one(&sql, params![&project, id, cutoff()])?;
    let found = row.map(|mut row| ApiKey::from_row(&mut row)).transpose()?;
    found.ok_or_else(|| absent(&format!("projects/{project}/locations/global/keys/{id}")))
}

fn absent(name: &str) -> Error {
    Error::not_found(format!("API key {name} does not exist."))
}

fn check_location(request: &Request) -> Result<()> {
    match request.param("location") {
        "global" => Ok(()),
        other => Err(Error::not_found(format!("Location {other} has no API keys: they are in `global`."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn key() -> ApiKey {
        ApiKey {
            project: "demo".into(),
            id: "k1".into(),
            number: "12".into(),
            uid: "u".into(),
            key_string: "AIzaSecret".into(),
            config: Map::new(),
            service_account: None,
            revision: 1,
            created: Timestamp::from_millis(0),
            updated: Timestamp::from_millis(0),
            deleted: None,
        }
    }

    #[test]
    fn f28_a_key_is_shown_without_its_string() {
        let key = key();
        assert!(!key.wire().to_string().contains("AIzaSecret") && !format!("{key:?}").contains("AIzaSecret"));
        assert!(!key.ended().unwrap().wire().to_string().contains("AIzaSecret"));
        assert_eq!(key.wire()["name"], "projects/12/locations/global/keys/k1");
    }

    #[test]
    fn a_key_is_found_by_its_sha_256() {
        assert_eq!(fogbank_sdk::encoding::hex(&digest("abc"))[..8], *"ba7816bf");
    }
}
