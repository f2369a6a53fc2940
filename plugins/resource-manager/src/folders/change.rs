//! Renaming and moving folders.

use super::{Form, metadata};
use crate::container::Container;
use crate::names;
use crate::operations::{self, Task, typed};
use crate::refusal;
use crate::store::State;
use fogbank_sdk::db::{self, Transaction};
use fogbank_sdk::{Error, Response, Result, context, identity};
use serde_json::json;

/// Gives a folder another name.
///
/// Errors: 400, 403, 404; 409 where the etag is an old one.
pub fn rename(number: &str, display_name: &str, etag: Option<&str>, form: Form) -> Result<(Container, Response)> {
    if display_name.is_empty() {
        return Err(Error::required("displayName"));
    }
    names::check_folder_name(display_name)?;
    turn(number, form, |tx, folder| {
        check_etag(folder, etag)?;
        check_active(folder)?;
        let above = Container::load(tx, folder.parent.as_deref().unwrap_or_default())?;
        display_name.clone_into(&mut folder.display_name);
        folder.fits_below(tx, &above)?;
        Ok(typed("google.cloud.resourcemanager.v3.UpdateFolderMetadata", json!({})))
    })
}

/// Puts a folder below another parent. The caller has the permission on the folder; here it is asked for on both parents.
///
/// Errors: 400, 403, 404.
pub fn r#move(number: &str, parent: &str, form: Form) -> Result<Response> {
    names::check_parent(parent)?;
    identity::require("resourcemanager.folders.move", &names::full(parent), &[])?;
    let (_, response) = turn(number, form, |tx, folder| {
        check_active(folder)?;
        let from = folder.parent.clone().unwrap_or_default();
        identity::require("resourcemanager.folders.move", &names::full(&from), &[])?;
        let above = Container::accepting(tx, parent)?;
        folder.parent = Some(parent.to_owned());
        folder.fits_below(tx, &above)?;
        Ok(metadata("MoveFolderMetadata", folder, Some(&from)))
    })?;
    Ok(response)
}

/// Changes a folder in a transaction; `change` gives the operation's metadata.
pub fn turn(
    number: &str,
    form: Form,
    change: impl Fn(&Transaction, &mut Container) -> Result<serde_json::Value>,
) -> Result<(Container, Response)> {
    let (folder, id, task) = db::transaction(|tx| {
        let mut folder = Container::folder(tx, number)?;
        let metadata = change(tx, &mut folder)?;
        folder.save(tx, context::now())?;
        let task = Task::new(metadata, typed(form.message, (form.wire)(&folder))).about(&folder.name);
        let id = operations::start(tx, "fm", &names::full(&folder.name), &task)?;
        Ok((folder, id, task))
    })?;
    Ok((folder, operations::finish(&id, &task)?))
}

fn check_active(folder: &Container) -> Result<()> {
    match folder.state {
        State::Active => Ok(()),
        State::DeleteRequested => Err(refusal::folder("RESOURCE_DELETED_VIOLATION", "The folder is being deleted.")),
    }
}

fn check_etag(folder: &Container, sent: Option<&str>) -> Result<()> {
    match sent {
        Some(sent) if !sent.is_empty() && sent != folder.etag() => Err(refusal::stale()),
        _ => Ok(()),
    }
}
