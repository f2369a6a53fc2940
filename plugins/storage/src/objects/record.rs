//! An object as its row in the `objects` table.

use crate::model::acl::Entry;
use fogbank_sdk::Timestamp;
use fogbank_sdk::db::{self, Json, Row, Statement, params, stmt};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where a generation is in its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    /// The one that a name without a generation means.
    #[default]
    Live,
    /// Kept by versioning.
    Noncurrent,
    /// Kept by the soft-delete policy: only to be listed and restored.
    SoftDeleted,
}

impl State {
    /// The value of the column.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Live => "live",
            State::Noncurrent => "noncurrent",
            State::SoftDeleted => "softdeleted",
        }
    }
}

/// A retention of the object's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Locked ones can only be made longer.
    pub locked: bool,
    pub until: Timestamp,
}

/// One generation of an object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object {
    pub bucket: i64,
    pub name: String,
    pub generation: i64,
    pub metageneration: i64,
    pub state: State,
    /// Absent for an empty object.
    pub file: Option<String>,
    pub size: u64,
    pub crc32c: u32,
    /// Absent for composed objects.
    pub md5: Option<Vec<u8>>,
    pub content_type: Option<String>,
    pub content_encoding: Option<String>,
    pub content_language: Option<String>,
    pub content_disposition: Option<String>,
    pub cache_control: Option<String>,
    pub storage_class: String,
    pub metadata: Option<BTreeMap<String, String>>,
    pub contexts: Option<Value>,
    /// Absent where it was made under uniform access.
    pub acl: Option<Vec<Entry>>,
    /// An entity of an access list.
    pub owner: Option<String>,
    pub component_count: Option<i64>,
    /// Base64, of the customer's key.
    pub key_sha256: Option<String>,
    pub kms_key: Option<String>,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub class_updated: Timestamp,
    pub custom_time: Option<Timestamp>,
    pub temporary_hold: bool,
    pub event_based_hold: bool,
    pub hold_released: Option<Timestamp>,
    pub retention: Option<Retention>,
    pub noncurrent: Option<Timestamp>,
    pub soft_deleted: Option<Timestamp>,
    pub hard_delete: Option<Timestamp>,
    pub restore_token: Option<String>,
}

/// The columns that [`Object::read`] wants.
pub const COLUMNS: &str = "bucket, name, generation, metageneration, state, file_id, size, crc32c, md5, content_type, \
     content_encoding, content_language, content_disposition, cache_control, storage_class, metadata, contexts, acl, \
     owner, component_count, key_sha256, kms_key, created_ms, updated_ms, class_updated_ms, custom_time_ms, \
     temporary_hold, event_based_hold, hold_released_ms, retention_mode, retain_until_ms, noncurrent_ms, \
     soft_deleted_ms, hard_delete_ms, restore_token";

const INSERT_VALUES: &str = "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
     $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35";

const SET_ATTRIBUTES: &str = "UPDATE objects SET metageneration = $4, content_type = $5, content_encoding = $6, \
     content_language = $7, content_disposition = $8, cache_control = $9, metadata = $10, contexts = $11, acl = $12, \
     updated_ms = $13, custom_time_ms = $14, temporary_hold = $15, event_based_hold = $16, hold_released_ms = $17, \
     retention_mode = $18, retain_until_ms = $19 \
     WHERE bucket = $1 AND name = $2 AND generation = $3";

// === impl Object ===

impl Object {
    /// Reads a row that has the [`COLUMNS`].
    pub fn read(mut row: Row) -> db::Result<Object> {
        let until: Option<Timestamp> = row.get("retain_until_ms")?;
        let mode: Option<String> = row.take("retention_mode")?;
        let state = match row.take::<String>("state")?.as_str() {
            "live" => State::Live,
            "noncurrent" => State::Noncurrent,
            _ => State::SoftDeleted,
        };
        Ok(Object {
            bucket: row.get("bucket")?,
            name: row.take("name")?,
            generation: row.get("generation")?,
            metageneration: row.get("metageneration")?,
            state,
            file: row.take("file_id")?,
            size: row.get("size")?,
            crc32c: row.get("crc32c")?,
            md5: row.take("md5")?,
            content_type: row.take("content_type")?,
            content_encoding: row.take("content_encoding")?,
            content_language: row.take("content_language")?,
            content_disposition: row.take("content_disposition")?,
            cache_control: row.take("cache_control")?,
            storage_class: row.take("storage_class")?,
            metadata: json(&mut row, "metadata")?,
            contexts: json(&mut row, "contexts")?,
            acl: json(&mut row, "acl")?,
            owner: row.take("owner")?,
            component_count: row.get("component_count")?,
            key_sha256: row.take("key_sha256")?,
            kms_key: row.take("kms_key")?,
            created: row.get("created_ms")?,
            updated: row.get("updated_ms")?,
            class_updated: row.get("class_updated_ms")?,
            custom_time: row.get("custom_time_ms")?,
            temporary_hold: row.get("temporary_hold")?,
            event_based_hold: row.get("event_based_hold")?,
            hold_released: row.get("hold_released_ms")?,
            retention: mode.zip(until).map(|(mode, until)| Retention { locked: mode == "Locked", until }),
            noncurrent: row.get("noncurrent_ms")?,
            soft_deleted: row.get("soft_deleted_ms")?,
            hard_delete: row.get("hard_delete_ms")?,
            restore_token: row.take("restore_token")?,
        })
    }

    /// The statement that writes the whole row.
    pub fn insert(&self) -> Statement {
        let values = params![
            self.bucket,
            &self.name,
            self.generation,
            self.metageneration,
            self.state.as_str(),
            self.file.as_ref(),
            self.size,
            i64::from(self.crc32c),
            self.md5.as_ref(),
            self.content_type.as_ref(),
            self.content_encoding.as_ref(),
            self.content_language.as_ref(),
            self.content_disposition.as_ref(),
            self.cache_control.as_ref(),
            &self.storage_class,
            self.metadata.as_ref().map(Json),
            self.contexts.as_ref().map(Json),
            self.acl.as_ref().map(Json),
            self.owner.as_ref(),
            self.component_count,
            self.key_sha256.as_ref(),
            self.kms_key.as_ref(),
            self.created,
            self.updated,
            self.class_updated,
            self.custom_time,
            self.temporary_hold,
            self.event_based_hold,
            self.hold_released,
            self.retention_mode(),
            self.retention.as_ref().map(|retention| retention.until),
            self.noncurrent,
            self.soft_deleted,
            self.hard_delete,
            self.restore_token.as_ref(),
        ];
        stmt(format!("INSERT INTO objects ({COLUMNS}) VALUES ({INSERT_VALUES})"), values)
    }

    /// The statement that writes what `objects.patch` can change.
    pub fn save_attributes(&self) -> Statement {
        let values = params![
            self.bucket,
            &self.name,
            self.generation,
            self.metageneration,
            self.content_type.as_ref(),
            self.content_encoding.as_ref(),
            self.content_language.as_ref(),
            self.content_disposition.as_ref(),
            self.cache_control.as_ref(),
            self.metadata.as_ref().map(Json),
            self.contexts.as_ref().map(Json),
            self.acl.as_ref().map(Json),
            self.updated,
            self.custom_time,
            self.temporary_hold,
            self.event_based_hold,
            self.hold_released,
            self.retention_mode(),
            self.retention.as_ref().map(|retention| retention.until),
        ];
        stmt(SET_ATTRIBUTES, values)
    }

    /// The statement that removes the row.
    pub fn delete(&self) -> Statement {
        let sql = "DELETE FROM objects WHERE bucket = $1 AND name = $2 AND generation = $3";
        stmt(sql, params![self.bucket, &self.name, self.generation])
    }

    /// `Locked` or `Unlocked`, as it is stored and shown.
    pub fn retention_mode(&self) -> Option<&'static str> {
        self.retention.as_ref().map(|retention| if retention.locked { "Locked" } else { "Unlocked" })
    }
}

fn json<T: serde::de::DeserializeOwned>(row: &mut Row, column: &str) -> db::Result<Option<T>> {
    Ok(row.take::<Option<Json<T>>>(column)?.map(|json| json.0))
}
