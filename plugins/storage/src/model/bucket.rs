//! A bucket: its row, and the `Bucket` resource that a client sees.
//! <https://cloud.google.com/storage/docs/json_api/v1/buckets#resource>

use crate::model::acl::Entry;
use crate::model::config::Config;
use crate::model::etag;
use fogbank_sdk::db::{self, Json, Row, Transaction, params};
use fogbank_sdk::{Error, RequestHead, Result, Timestamp};
use serde_json::{Map, Value, json};

/// The columns that [`Bucket::from_row`] reads.
pub const COLUMNS: &str = "id, name, generation, project, project_number, metageneration, created_ms, updated_ms, config, \
                           soft_deleted_ms, hard_delete_ms";

/// A bucket as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// The key that rows of objects, folders and uploads refer to.
    pub id: i64,
    pub name: String,
    pub generation: i64,
    pub project: String,
    pub project_number: i64,
    pub metageneration: i64,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub config: Config,
    /// When it was deleted and when that becomes final; `None` for a live bucket.
    pub deleted: Option<(Timestamp, Timestamp)>,
}

/// How much of a bucket is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Projection {
    NoAcl,
    Full,
}

// === impl Projection ===

impl Projection {
    /// What the query asks for; `default` where it does not say.
    pub fn of(request: &RequestHead, default: Self) -> Result<Self> {
        match request.query("projection") {
            None | Some("") => Ok(default),
            Some("noAcl") => Ok(Self::NoAcl),
            Some("full") => Ok(Self::Full),
            Some(other) => {
                let error = Error::invalid(format!("Invalid value for projection: '{other}'"));
                Err(error.with_location("parameter", "projection"))
            }
        }
    }
}

/// 404 for a bucket that is not there.
pub fn not_found() -> Error {
    Error::not_found("The specified bucket does not exist.")
}

/// The name of a bucket for policies.
pub fn resource_name(bucket: &str) -> String {
    format!("//storage.googleapis.com/projects/_/buckets/{bucket}")
}

// === impl Bucket ===

impl Bucket {
    /// Reads a row of [`COLUMNS`].
    pub fn from_row(row: &mut Row) -> Result<Self> {
        let deleted = row.get::<Option<i64>>("soft_deleted_ms")?.zip(row.get::<Option<i64>>("hard_delete_ms")?);
        Ok(Self {
            id: row.get("id")?,
            name: row.take("name")?,
            generation: row.get("generation")?,
            project: row.take("project")?,
            project_number: row.get("project_number")?,
            metageneration: row.get("metageneration")?,
            created: Timestamp::from_millis(row.get("created_ms")?),
            updated: Timestamp::from_millis(row.get("updated_ms")?),
            config: row.take::<Json<Config>>("config")?.0,
            deleted: deleted.map(|(soft, hard)| (Timestamp::from_millis(soft), Timestamp::from_millis(hard))),
        })
    }

    /// The live bucket of that name, outside a transaction; 404 without.
    pub fn load(name: &str) -> Result<Self> {
        Self::only(db::query_one(&by_name(), params![name])?)
    }

    /// The live bucket of that name, as a transaction sees it; 404 without.
    pub fn load_in(tx: &Transaction, name: &str) -> Result<Self> {
        Self::only(tx.query_one(&by_name(), params![name])?)
    }

    fn only(row: Option<Row>) -> Result<Self> {
        Self::from_row(&mut row.ok_or_else(not_found)?)
    }

    /// Writes the settings, under the next metageneration.
    pub fn save(&mut self, tx: &Transaction, now: Timestamp) -> Result<()> {
        self.metageneration += 1;
        self.updated = now;
        let sql = "UPDATE buckets SET config = $1, metageneration = $2, updated_ms = $3 WHERE id = $4";
        tx.execute(sql, params![Json(&self.config), self.metageneration, now, self.id])?;
        Ok(())
    }

    /// The entity tag.
    pub fn etag(&self) -> String {
        etag::of_metageneration(self.metageneration)
    }

    /// The path of its links, without the base URL.
    pub fn path(&self) -> String {
        format!("/storage/v1/b/{}", self.name)
    }

    /// The resource as a client sees it. Access lists are shown in the full projection and where they count.
    pub fn wire(&self, base: &str, projection: Projection) -> Value {
        let mut wire = serde_json::to_value(&self.config).unwrap_or_default();
        if let Some(wire) = wire.as_object_mut() {
            self.lists(wire, base, projection);
            alias(wire);
            wire.extend(self.facts(base));
        }
        wire
    }

    fn lists(&self, wire: &mut Map<String, Value>, base: &str, projection: Projection) {
        wire.remove("acl");
        wire.remove("defaultObjectAcl");
        if projection == Projection::NoAcl {
            return;
        }
        wire.insert("owner".into(), json!({"entity": format!("project-owners-{}", self.project_number)}));
        if self.config.is_uniform() {
            return;
        }
        let entries = self.config.acl.iter().flatten().map(|entry| self.acl_entry(entry, base));
        wire.insert("acl".into(), entries.collect());
        let entries = self.config.default_object_acl.iter().flatten().map(|entry| self.default_object_acl_entry(entry));
        wire.insert("defaultObjectAcl".into(), entries.collect());
    }

    fn facts(&self, base: &str) -> Map<String, Value> {
        let mut facts = Map::new();
        let mut fact = |name: &str, value: Value| facts.insert(name.to_owned(), value);
        fact("kind", json!("storage#bucket"));
        fact("id", json!(self.name));
        fact("name", json!(self.name));
        fact("selfLink", json!(format!("{base}{}", self.path())));
        fact("projectNumber", json!(self.project_number.to_string()));
        fact("generation", json!(self.generation.to_string()));
        fact("metageneration", json!(self.metageneration.to_string()));
        fact("etag", json!(self.etag()));
        fact("timeCreated", json!(self.created.to_rfc3339()));
        fact("updated", json!(self.updated.to_rfc3339()));
        if let Some((soft, hard)) = self.deleted {
            fact("softDeleteTime", json!(soft.to_rfc3339()));
            fact("hardDeleteTime", json!(hard.to_rfc3339()));
        }
        facts
    }

    /// An entry of the bucket's access list, as a client sees it.
    pub fn acl_entry(&self, entry: &Entry, base: &str) -> Value {
        let mut wire = entry_wire(entry, "storage#bucketAccessControl", self.etag());
        wire["id"] = json!(format!("{}/{}", self.name, entry.entity));
        wire["bucket"] = json!(self.name);
        wire["selfLink"] = json!(format!("{base}{}/acl/{}", self.path(), entry.entity));
        wire
    }

    /// An entry of the bucket's default for objects, as a client sees it.
    pub fn default_object_acl_entry(&self, entry: &Entry) -> Value {
        entry_wire(entry, "storage#objectAccessControl", self.etag())
    }
}

fn by_name() -> String {
    format!("SELECT {COLUMNS} FROM buckets WHERE name = $1 AND soft_deleted_ms IS NULL")
}

/// `bucketPolicyOnly` is the old name of uniform access, and says the same.
fn alias(wire: &mut Map<String, Value>) {
    if let Some(iam) = wire.get_mut("iamConfiguration").and_then(Value::as_object_mut)
        && let Some(uniform) = iam.get("uniformBucketLevelAccess").cloned()
    {
        iam.insert("bucketPolicyOnly".into(), uniform);
    }
}

/// What entries of all access lists have in common.
pub fn entry_wire(entry: &Entry, kind: &str, etag: String) -> Value {
    let mut wire = json!({"kind": kind, "entity": entry.entity, "role": entry.role, "etag": etag});
    if let Some(email) = entry.email() {
        wire["email"] = json!(email);
    }
    if let Some(domain) = entry.domain() {
        wire["domain"] = json!(domain);
    }
    if let Some((team, number)) = entry.team() {
        wire["projectTeam"] = json!({"projectNumber": number, "team": team});
    }
    wire
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::acl;

    pub(crate) fn bucket(config: Value) -> Bucket {
        let mut config: Config = serde_json::from_value(config).unwrap();
        config.acl.get_or_insert_with(|| acl::project_private(7));
        config.default_object_acl.get_or_insert_with(Vec::new);
        Bucket {
            id: 1,
            name: "b-1".into(),
            generation: 5,
            project: "demo".into(),
            project_number: 7,
            metageneration: 3,
            created: Timestamp::from_millis(0),
            updated: Timestamp::from_millis(1),
            config,
            deleted: None,
        }
    }

    #[test]
    fn links_begin_with_what_the_client_called() {
        let wire = bucket(json!({})).wire("http://x:1/_tenants/t", Projection::NoAcl);
        assert_eq!(wire["selfLink"], "http://x:1/_tenants/t/storage/v1/b/b-1");
        assert_eq!(
            (&wire["projectNumber"], &wire["metageneration"], &wire["etag"]),
            (&json!("7"), &json!("3"), &json!("CAM="))
        );
        assert_eq!((wire.get("acl"), wire.get("owner")), (None, None));
    }

    #[test]
    fn lists_are_shown_where_they_count() {
        let full = bucket(json!({})).wire("", Projection::Full);
        assert_eq!(full["acl"][0]["id"], "b-1/project-owners-7");
        assert_eq!(full["acl"][0]["projectTeam"], json!({"projectNumber": "7", "team": "owners"}));
        assert_eq!(full["defaultObjectAcl"], json!([]));
        let uniform = json!({"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": true}}});
        let full = bucket(uniform).wire("", Projection::Full);
        assert_eq!(full.get("acl"), None);
        assert_eq!(full["iamConfiguration"]["bucketPolicyOnly"]["enabled"], true);
    }
}
