//! Whether a project uses a service: what somebody said, else whether the service is loaded.

use super::catalog::Known;
use crate::store::Read;
use fogbank_sdk::db::{Transaction, params};
use fogbank_sdk::{Result, context};
use std::collections::BTreeMap;

/// What was said of services in one project.
pub struct States {
    project: i64,
    said: BTreeMap<String, bool>,
}

impl States {
    /// Reads what was said; a project has a few dozen services at most.
    pub fn load(from: &impl Read, project: i64) -> Result<Self> {
        let rows =
            from.rows("SELECT name, enabled FROM services WHERE project = $1 ORDER BY name", params![project])?;
        let said = rows.iter().map(|row| Ok((row.get("name")?, row.get("enabled")?))).collect::<Result<_>>()?;
        Ok(Self { project, said })
    }

    /// Whether the project uses a service.
    pub fn is_enabled(&self, known: &Known, name: &str) -> bool {
        self.said.get(name).copied().unwrap_or_else(|| known.has(name))
    }

    /// The services of which something was said.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.said.keys().map(String::as_str)
    }

    /// Says whether the project uses a service.
    pub fn set(&mut self, tx: &Transaction, name: &str, enabled: bool) -> Result<()> {
        let sql = "INSERT INTO services (project, name, enabled, updated_ms) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (project, name) DO UPDATE SET enabled = excluded.enabled, updated_ms = excluded.updated_ms";
        tx.execute(sql, params![self.project, name, enabled, context::now()])?;
        self.said.insert(name.to_owned(), enabled);
        Ok(())
    }
}
