//! Deleting projects, bringing them back, and removing them for good.

use super::Project;
use super::create::Form;
use crate::container::Container;
use crate::hierarchy;
use crate::names;
use crate::operations::{self, Task, typed};
use crate::refusal;
use crate::store::{Read, State};
use fogbank_sdk::db::{self, Json, Transaction, params, stmt};
use fogbank_sdk::{Response, Result, context};
use serde_json::json;

/// The restriction by which a lien keeps a project from being deleted.
pub const DELETION: &str = "resourcemanager.projects.delete";

/// Marks a project for deletion: it is gone in thirty days.
///
/// Errors: 403, 404; 400 where it is marked already, or where a lien is in the way; 409 for an old etag.
pub fn delete(key: &str, etag: Option<&str>, form: &Form) -> Result<Response> {
    turn(key, form, |tx, project| {
        if project.state != State::Active {
            return Err(project.not_active());
        }
        project.check_etag(etag)?;
        check_liens(tx, project)?;
        project.state = State::DeleteRequested;
        project.deleted = Some(context::now());
        Ok(())
    })
}

/// Takes the mark away.
///
/// Errors: 403, 404; 400 where there is none, or where the parent is being deleted.
pub fn undelete(key: &str, form: &Form) -> Result<Response> {
    turn(key, form, |tx, project| {
        if project.state == State::Active {
            let message = format!("The project {} is not being deleted.", project.id);
            return Err(refusal::precondition("PROJECT_NOT_DELETED", &project.name(), &message));
        }
        if let Some(parent) = &project.parent {
            Container::accepting(tx, parent)?;
        }
        project.state = State::Active;
        project.deleted = None;
        Ok(())
    })
}

fn turn(key: &str, form: &Form, change: impl Fn(&Transaction, &mut Project) -> Result<()>) -> Result<Response> {
    let (id, task) = db::transaction(|tx| {
        let mut project = Project::load(tx, key)?;
        change(tx, &mut project)?;
        project.save(tx, context::now())?;
        let task = Task::new(typed(form.metadata, json!({})), typed(form.response, (form.wire)(&project)));
        Ok((operations::start(tx, "dp", &project.full_name(), &task)?, task))
    })?;
    operations::finish(&id, &task)
}

fn check_liens(tx: &Transaction, project: &Project) -> Result<()> {
    let sql = "SELECT id, origin, restrictions FROM liens WHERE project = $1 ORDER BY id";
    for row in tx.rows(sql, params![project.number])? {
        let restrictions: Json<Vec<String>> = row.get("restrictions")?;
        if restrictions.0.iter().any(|restriction| restriction == DELETION) {
            let (id, origin): (String, String) = (row.get("id")?, row.get("origin")?);
            let message = format!(
                "A lien to prevent deletion was placed on the project by {origin}. Remove the lien to allow deletion."
            );
            return Err(refusal::precondition("LIEN", &format!("liens/{id}"), &message));
        }
    }
    Ok(())
}

/// Removes a project for good: its policy, its tags, its row with what hangs on it.
pub fn remove(number: i64, id: &str) -> Result<()> {
    hierarchy::forget(&format!("projects/{number}"));
    hierarchy::forget(&format!("projects/{id}"));
    let resource = names::full(&format!("projects/{number}"));
    let of_values = "(SELECT v.id FROM tag_values v JOIN tag_keys k ON k.id = v.tag_key WHERE k.project = $1)";
    db::execute(vec![
        stmt("DELETE FROM tag_bindings WHERE resource = $1", params![resource]),
        stmt(format!("DELETE FROM tag_bindings WHERE tag_value IN {of_values}"), params![number]),
        stmt(format!("DELETE FROM tag_holds WHERE tag_value IN {of_values}"), params![number]),
        stmt("DELETE FROM tag_values WHERE tag_key IN (SELECT id FROM tag_keys WHERE project = $1)", params![number]),
        stmt("DELETE FROM tag_keys WHERE project = $1", params![number]),
        stmt("DELETE FROM projects WHERE number = $1 AND state = 'DELETE_REQUESTED'", params![number]),
    ])?;
    Ok(())
}
