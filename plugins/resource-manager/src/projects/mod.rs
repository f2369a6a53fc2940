//! Projects: the row, and one file for each thing that is done with one.
//! <https://cloud.google.com/resource-manager/reference/rest/v3/projects>

pub mod ancestry;
pub mod change;
pub mod create;
pub mod delete;
pub mod fields;
pub mod list;
pub mod number;
pub mod policy;
pub mod spring;

use crate::names;
use crate::refusal;
use crate::store::{KEPT_DAYS, Outside, Read, State, moment, optional_moment};
use fogbank_sdk::db::{Json, Row, Transaction, params};
use fogbank_sdk::{Result, Timestamp, etag};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The columns that [`Project::from_row`] reads.
pub const COLUMNS: &str = "number, id, display_name, labels, parent, state, explicit, revision, created_ms, updated_ms, \
                           deleted_ms, expires_ms";

/// A project.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// Twelve digits, the project's for ever.
    pub number: i64,
    /// The id that its creator chose.
    pub id: String,
    /// The name for people.
    pub display_name: String,
    /// Labels by key.
    pub labels: BTreeMap<String, String>,
    /// `folders/123`, `organizations/456`.
    pub parent: Option<String>,
    /// Whether it is in use.
    pub state: State,
    /// False where it sprang up because somebody asked for it.
    pub explicit: bool,
    /// Counts the changes.
    pub revision: i64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// When its deletion was asked for.
    pub deleted: Option<Timestamp>,
}

impl Project {
    /// Reads [`COLUMNS`].
    pub fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Self {
            number: row.get("number")?,
            id: row.take("id")?,
            display_name: row.take("display_name")?,
            labels: row.take::<Json<_>>("labels")?.0,
            parent: row.take("parent")?,
            state: State::from_row(row)?,
            explicit: row.get("explicit")?,
            revision: row.get("revision")?,
            created: moment(row, "created_ms")?,
            updated: moment(row, "updated_ms")?,
            deleted: optional_moment(row, "deleted_ms")?,
        })
    }

    /// Looks a project up by its id or its number.
    pub fn find(from: &impl Read, key: &str) -> Result<Option<Self>> {
        let row = match names::number(key, "") {
            Some(number) => from.row(&format!("SELECT {COLUMNS} FROM projects WHERE number = $1"), params![number])?,
            None => from.row(&format!("SELECT {COLUMNS} FROM projects WHERE id = $1"), params![key])?,
        };
        row.map(|mut row| Self::from_row(&mut row)).transpose()
    }

    /// Looks up a project that has to be there.
    ///
    /// Errors: 403 or 404.
    pub fn load(from: &impl Read, key: &str) -> Result<Self> {
        Self::find(from, key)?.ok_or_else(|| missing(key))
    }

    /// Looks up a project that somebody wants to read or use: where that is allowed, one that is not there springs up.
    ///
    /// Errors: 403 or 404.
    pub fn asked_for(key: &str) -> Result<Self> {
        match Self::find(&Outside, key)? {
            Some(project) => Ok(project),
            None => spring::up(key)?.ok_or_else(|| missing(key)),
        }
    }

    /// Looks up a project that is to be changed.
    ///
    /// Errors: 403 or 404; 400 where it was deleted.
    pub fn active(from: &impl Read, key: &str) -> Result<Self> {
        let project = Self::load(from, key)?;
        match project.state {
            State::Active => Ok(project),
            State::DeleteRequested => Err(project.not_active()),
        }
    }

    /// 400: it is being deleted.
    pub fn not_active(&self) -> fogbank_sdk::Error {
        refusal::precondition("PROJECT_NOT_ACTIVE", &self.name(), &format!("The project {} is not active.", self.id))
    }

    /// `projects/123456789012`.
    pub fn name(&self) -> String {
        format!("projects/{}", self.number)
    }

    /// The full name for policies: the one with the id.
    pub fn full_name(&self) -> String {
        names::full(&format!("projects/{}", self.id))
    }

    /// Changes with every change.
    pub fn etag(&self) -> String {
        etag::of_version(self.number, self.revision)
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

    /// `google.cloudresourcemanager.v1.Project`.
    pub fn v1(&self) -> Value {
        let mut wire = json!({
            "projectNumber": self.number.to_string(),
            "projectId": self.id,
            "lifecycleState": self.state.as_str(),
            "name": self.display_name,
            "createTime": self.created,
        });
        if !self.labels.is_empty() {
            wire["labels"] = json!(self.labels);
        }
        if let Some((kind, id)) = self.parent.as_deref().and_then(|parent| parent.split_once("s/")) {
            wire["parent"] = json!({"type": kind, "id": id});
        }
        wire
    }

    /// `google.cloud.resourcemanager.v3.Project`.
    pub fn v3(&self) -> Value {
        let mut wire = json!({
            "name": self.name(),
            "projectId": self.id,
            "state": self.state.as_str(),
            "displayName": self.display_name,
            "createTime": self.created,
            "updateTime": self.updated,
            "etag": self.etag(),
        });
        if let Some(parent) = &self.parent {
            wire["parent"] = json!(parent);
        }
        if let Some(deleted) = self.deleted {
            wire["deleteTime"] = json!(deleted);
        }
        if !self.labels.is_empty() {
            wire["labels"] = json!(self.labels);
        }
        wire
    }

    /// Writes a new row.
    ///
    /// Errors: 409 where the id or the number is taken.
    pub fn insert(&self, tx: &Transaction) -> Result<()> {
        let sql = "INSERT INTO projects (number, id, display_name, labels, parent, state, explicit, created_ms, updated_ms) \
                   VALUES ($1, $2, $3, $4, $5, 'ACTIVE', $6, $7, $7)";
        let written = tx.execute(
            sql,
            params![
                self.number,
                &self.id,
                &self.display_name,
                Json(&self.labels),
                self.parent.clone(),
                self.explicit,
                self.created
            ],
        );
        match written {
            Err(error) if error.is_unique() => Err(refusal::exists()),
            written => Ok(written.map(|_| ())?),
        }
    }

    /// Writes a changed row, whose revision goes up.
    pub fn save(&mut self, tx: &Transaction, now: Timestamp) -> Result<()> {
        self.revision += 1;
        self.updated = now;
        let expires = self.deleted.map(|deleted| deleted.plus_days(KEPT_DAYS));
        let sql = "UPDATE projects SET display_name = $2, labels = $3, parent = $4, state = $5, explicit = $6, revision = $7, \
                   created_ms = $8, updated_ms = $9, deleted_ms = $10, expires_ms = $11 WHERE number = $1";
        tx.execute(
            sql,
            params![
                self.number,
                &self.display_name,
                Json(&self.labels),
                self.parent.clone(),
                self.state.as_str(),
                self.explicit,
                self.revision,
                self.created,
                now,
                self.deleted,
                expires
            ],
        )?;
        Ok(())
    }
}

fn missing(key: &str) -> fogbank_sdk::Error {
    refusal::missing(&format!("The project {key}"))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A project for tests.
    pub fn project() -> Project {
        Project {
            number: 415_104_041_262,
            id: "shop-1".into(),
            display_name: "My Shop".into(),
            labels: BTreeMap::from([("env".into(), "test".into())]),
            parent: Some("folders/12".into()),
            state: State::Active,
            explicit: true,
            revision: 1,
            created: Timestamp::from_millis(0),
            updated: Timestamp::from_millis(0),
            deleted: None,
        }
    }

    #[test]
    fn each_version_has_its_own_form() {
        assert_eq!(
            project().v1(),
            json!({
                "projectNumber": "415104041262", "projectId": "shop-1", "lifecycleState": "ACTIVE", "name": "My Shop",
                "createTime": "1970-01-01T00:00:00.000Z", "labels": {"env": "test"}, "parent": {"type": "folder", "id": "12"},
            })
        );
        let v3 = project().v3();
        assert_eq!((&v3["name"], &v3["parent"]), (&json!("projects/415104041262"), &json!("folders/12")));
    }

    #[test]
    fn an_old_etag_is_409_aborted() {
        let mut changed = project();
        let etag = changed.etag();
        assert!(changed.check_etag(Some(&etag)).is_ok() && changed.check_etag(None).is_ok());
        changed.revision += 1;
        assert_eq!(changed.check_etag(Some(&etag)).unwrap_err().code().status(), "ABORTED");
    }
}
