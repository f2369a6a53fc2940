//! Projects that nobody created: the configured one, and those that spring up when somebody asks for them.

use super::{Project, number};
use crate::hierarchy;
use crate::names;
use crate::setup;
use crate::store::{Outside, State};
use fogbank_sdk::{Result, context, db};
use std::collections::BTreeMap;

/// Makes the project that somebody asked for by its id, where projects spring up; none where they do not, or where it is no id.
pub fn up(id: &str) -> Result<Option<Project>> {
    if !names::is_project_id(id) || !setup::springs_up()? {
        return Ok(None);
    }
    make(id, false)
}

/// Makes the project that a tenant has from the start. What the operator calls it is taken as it is.
pub fn from_configuration(id: &str) -> Result<Option<Project>> {
    make(id, true)
}

/// Whoever makes it first makes it; the others find it.
fn make(id: &str, explicit: bool) -> Result<Option<Project>> {
    let now = context::now();
    let project = Project {
        number: number::free(id)?,
        id: id.to_owned(),
        display_name: id.to_owned(),
        labels: BTreeMap::new(),
        parent: None,
        state: State::Active,
        explicit,
        revision: 1,
        created: now,
        updated: now,
        deleted: None,
    };
    // Before the row: the number is nobody else's name yet, and afterwards nobody would do it again.
    hierarchy::link_number(&project)?;
    match db::transaction(|tx| project.insert(tx)) {
        Err(error) if error.http_status() == 409 => Project::find(&Outside, id),
        made => made.map(|()| Some(project)),
    }
}
