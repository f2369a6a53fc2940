//! Deleting folders, bringing them back, and removing them for good.

use super::Form;
use super::change::turn;
use crate::container::Container;
use crate::hierarchy;
use crate::names;
use crate::operations::typed;
use crate::refusal;
use crate::store::{Outside, Read, State};
use fogbank_sdk::db::{self, Transaction, params, stmt};
use fogbank_sdk::{Response, Result, Timestamp, context, log};
use serde_json::json;

/// Marks a folder for deletion: it is gone in thirty days. One that is marked already stays so.
///
/// Errors: 403, 404; 400 where something in use is below it.
pub fn delete(number: &str, form: Form) -> Result<(Container, Response)> {
    turn(number, form, |tx, folder| {
        if folder.state == State::Active {
            check_empty(tx, &folder.name)?;
            folder.state = State::DeleteRequested;
            folder.deleted = Some(context::now());
        }
        Ok(typed("google.cloud.resourcemanager.v3.DeleteFolderMetadata", json!({})))
    })
}

/// Takes the mark away, if there is one.
///
/// Errors: 403, 404; 400 where the parent is being deleted, or where the name or the place was taken meanwhile.
pub fn undelete(number: &str, form: Form) -> Result<(Container, Response)> {
    turn(number, form, |tx, folder| {
        if folder.state == State::DeleteRequested {
            let parent = Container::accepting(tx, folder.parent.as_deref().unwrap_or_default())?;
            folder.fits_below(tx, &parent)?;
            folder.state = State::Active;
            folder.deleted = None;
        }
        Ok(typed("google.cloud.resourcemanager.v3.UndeleteFolderMetadata", json!({})))
    })
}

fn check_empty(tx: &Transaction, name: &str) -> Result<()> {
    let sql = "SELECT name FROM containers WHERE parent = $1 AND state = 'ACTIVE' \
               UNION ALL SELECT id FROM projects WHERE parent = $1 AND state = 'ACTIVE' LIMIT 1";
    match tx.row(sql, params![name])? {
        None => Ok(()),
        Some(row) => {
            let child: String = row.get("name")?;
            let message = format!("The folder is not empty: {child} is below it.");
            Err(refusal::folder("FOLDER_TO_DELETE_NON_EMPTY_VIOLATION", &message))
        }
    }
}

/// Removes up to `most` folders whose time is over; one that still has something below it waits. Gives how many were removed.
pub fn expired(now: Timestamp, most: i64) -> Result<i64> {
    let sql = "SELECT name FROM containers WHERE expires_ms IS NOT NULL AND expires_ms <= $1 \
               AND NOT EXISTS (SELECT 1 FROM containers below WHERE below.parent = containers.name) \
               AND NOT EXISTS (SELECT 1 FROM projects WHERE parent = containers.name) \
               ORDER BY expires_ms LIMIT $2";
    let mut removed = 0;
    for row in Outside.rows(sql, params![now, most])? {
        let name: String = row.get("name")?;
        hierarchy::forget(&name);
        let done = db::execute(vec![
            stmt("DELETE FROM tag_bindings WHERE resource = $1", params![names::full(&name)]),
            stmt("DELETE FROM containers WHERE name = $1 AND state = 'DELETE_REQUESTED'", params![&name]),
        ]);
        match done {
            Ok(_) => removed += 1,
            Err(error) => log::warn!("{name} is removed later: {error:?}"),
        }
    }
    Ok(removed)
}
