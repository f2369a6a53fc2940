//! Tag keys as rows.

use crate::names;
use crate::refusal;
use crate::store::{Read, moment};
use fogbank_sdk::db::{Json, Row, Transaction, params};
use fogbank_sdk::{Result, Timestamp, etag};
use serde_json::{Map, Value, json};

/// The columns that [`Key::from_row`] reads.
pub const COLUMNS: &str = "id, parent, organization, project, short_name, namespaced, description, config, revision, \
                           created_ms, updated_ms";

/// A tag key.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Its number.
    pub id: i64,
    /// `organizations/123`, `projects/456` (a number).
    pub parent: String,
    /// The name for people.
    pub short_name: String,
    /// `123/environment`, `my-project/environment`.
    pub namespaced: String,
    /// What it is for.
    pub description: String,
    /// `purpose`, `purposeData`, `allowedValuesRegex`.
    pub config: Map<String, Value>,
    /// Counts the changes.
    pub revision: i64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

impl Key {
    /// Reads [`COLUMNS`].
    pub fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            parent: row.take("parent")?,
            short_name: row.take("short_name")?,
            namespaced: row.take("namespaced")?,
            description: row.take("description")?,
            config: row.take::<Json<_>>("config")?.0,
            revision: row.get("revision")?,
            created: moment(row, "created_ms")?,
            updated: moment(row, "updated_ms")?,
        })
    }

    /// Looks a key up by its name.
    pub fn find(from: &impl Read, name: &str) -> Result<Option<Self>> {
        let Some(id) = names::number(name, "tagKeys/") else { return Ok(None) };
        let row = from.row(&format!("SELECT {COLUMNS} FROM tag_keys WHERE id = $1"), params![id])?;
        row.map(|mut row| Self::from_row(&mut row)).transpose()
    }

    /// Looks up a key that has to be there.
    ///
    /// Errors: 403 or 404.
    pub fn load(from: &impl Read, name: &str) -> Result<Self> {
        Self::find(from, name)?.ok_or_else(|| refusal::missing(name))
    }

    /// `tagKeys/123`.
    pub fn name(&self) -> String {
        format!("tagKeys/{}", self.id)
    }

    /// Changes with every change.
    pub fn etag(&self) -> String {
        etag::of_version(self.id, self.revision)
    }

    /// Holds an etag that a client sent against the present one.
    ///
    /// Errors: 409.
    pub fn check_etag(&self, sent: Option<&str>) -> Result<()> {
        match sent {
            Some(sent) if !sent.is_empty() && sent != self.etag() => Err(refusal::stale()),
            _ => Ok(()),
        }
    }

    /// `google.cloud.resourcemanager.v3.TagKey`.
    pub fn wire(&self) -> Value {
        let mut wire = json!({
            "name": self.name(),
            "parent": self.parent,
            "shortName": self.short_name,
            "namespacedName": self.namespaced,
            "createTime": self.created,
            "updateTime": self.updated,
            "etag": self.etag(),
        });
        if !self.description.is_empty() {
            wire["description"] = json!(self.description);
        }
        for (field, value) in &self.config {
            wire[field] = value.clone();
        }
        wire
    }

    /// Writes a new row.
    ///
    /// Errors: 409 where the parent has a key of this name.
    pub fn insert(&self, tx: &Transaction) -> Result<()> {
        let sql = "INSERT INTO tag_keys (id, parent, organization, project, short_name, namespaced, description, config, \
                   created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)";
        let project = names::number(&self.parent, "projects/");
        let organization = Some(self.parent.clone()).filter(|_| project.is_none());
        let written = tx.execute(
            sql,
            params![
                self.id,
                &self.parent,
                organization,
                project,
                &self.short_name,
                &self.namespaced,
                &self.description,
                Json(&self.config),
                self.created
            ],
        );
        match written {
            Err(error) if error.is_unique() => Err(refusal::exists()),
            written => Ok(written.map(|_| ())?),
        }
    }
}
