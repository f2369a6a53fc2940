//! Tag values as rows, each with its key.

use super::key::Key;
use crate::names;
use crate::refusal;
use crate::store::{Read, moment};
use fogbank_sdk::db::{Row, params};
use fogbank_sdk::{Result, Timestamp, etag};
use serde_json::json;

/// What [`Value::from_row`] reads; conditions follow.
const SELECT: &str = "SELECT v.id AS value_id, v.short_name AS value_name, v.description AS value_description, \
    v.revision AS value_revision, v.created_ms AS value_created, v.updated_ms AS value_updated, \
    k.id, k.parent, k.organization, k.project, k.short_name, k.namespaced, k.description, k.config, k.revision, \
    k.created_ms, k.updated_ms FROM tag_values v JOIN tag_keys k ON k.id = v.tag_key";

/// A tag value.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Its number.
    pub id: i64,
    /// The key that it is a value of.
    pub key: Key,
    /// The name for people.
    pub short_name: String,
    /// What it means.
    pub description: String,
    /// Counts the changes.
    pub revision: i64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

impl Value {
    /// Reads what [`SELECT`] gives.
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            id: row.get("value_id")?,
            short_name: row.take("value_name")?,
            description: row.take("value_description")?,
            revision: row.get("value_revision")?,
            created: moment(row, "value_created")?,
            updated: moment(row, "value_updated")?,
            key: Key::from_row(row)?,
        })
    }

    /// Looks a value up by its name.
    pub fn find(from: &impl Read, name: &str) -> Result<Option<Self>> {
        let Some(id) = names::number(name, "tagValues/") else { return Ok(None) };
        let row = from.row(&format!("{SELECT} WHERE v.id = $1"), params![id])?;
        row.map(|mut row| Self::from_row(&mut row)).transpose()
    }

    /// Looks up a value that has to be there.
    ///
    /// Errors: 403 or 404.
    pub fn load(from: &impl Read, name: &str) -> Result<Self> {
        Self::find(from, name)?.ok_or_else(|| refusal::missing(name))
    }

    /// Looks a value up by its namespaced name (`123/environment/prod`).
    pub fn namespaced(from: &impl Read, name: &str) -> Result<Option<Self>> {
        let Some((key, short)) = name.rsplit_once('/') else { return Ok(None) };
        let Some(key) = super::keys::namespaced(from, key)? else { return Ok(None) };
        let row = from.row(&format!("{SELECT} WHERE v.tag_key = $1 AND v.short_name = $2"), params![key.id, short])?;
        row.map(|mut row| Self::from_row(&mut row)).transpose()
    }

    /// Up to `limit` values of a key, behind the number `after`.
    pub fn of_key(from: &impl Read, key: i64, after: i64, limit: usize) -> Result<Vec<Self>> {
        let sql = format!("{SELECT} WHERE v.tag_key = $1 AND v.id > $2 ORDER BY v.id LIMIT $3");
        from.rows(&sql, params![key, after, limit])?.iter_mut().map(Self::from_row).collect()
    }

    /// The values that are bound to a resource, by their numbers.
    pub fn bound_to(from: &impl Read, resource: &str) -> Result<Vec<Self>> {
        let sql = format!("{SELECT} JOIN tag_bindings b ON b.tag_value = v.id WHERE b.resource = $1 ORDER BY v.id");
        from.rows(&sql, params![resource])?.iter_mut().map(Self::from_row).collect()
    }

    /// `tagValues/123`.
    pub fn name(&self) -> String {
        format!("tagValues/{}", self.id)
    }

    /// `123/environment/prod`.
    pub fn namespaced_name(&self) -> String {
        format!("{}/{}", self.key.namespaced, self.short_name)
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

    /// `google.cloud.resourcemanager.v3.TagValue`.
    pub fn wire(&self) -> serde_json::Value {
        let mut wire = json!({
            "name": self.name(),
            "parent": self.key.name(),
            "shortName": self.short_name,
            "namespacedName": self.namespaced_name(),
            "createTime": self.created,
            "updateTime": self.updated,
            "etag": self.etag(),
        });
        if !self.description.is_empty() {
            wire["description"] = json!(self.description);
        }
        wire
    }
}
