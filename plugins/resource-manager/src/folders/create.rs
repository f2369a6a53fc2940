//! Making folders.

use super::{Form, metadata};
use crate::container::Container;
use crate::names;
use crate::operations::{self, Task, typed};
use crate::store::State;
use fogbank_sdk::db;
use fogbank_sdk::{Error, Response, Result, context, id};

/// Makes a folder below `parent`. The caller has the permission.
///
/// Errors: 400 for a bad name or place; 403 or 404 where there is no such parent.
pub fn create(parent: &str, display_name: &str, form: Form) -> Result<Response> {
    names::check_parent(parent)?;
    if display_name.is_empty() {
        return Err(Error::required("displayName"));
    }
    names::check_folder_name(display_name)?;
    let now = context::now();
    let folder = Container {
        name: format!("folders/{}", free_number()?),
        parent: Some(parent.to_owned()),
        display_name: display_name.to_owned(),
        customer: None,
        state: State::Active,
        revision: 1,
        created: now,
        updated: now,
        deleted: None,
    };
    let task = Task::new(metadata("CreateFolderMetadata", &folder, None), typed(form.message, (form.wire)(&folder)));
    let task = task.about(&folder.name);
    let id = db::transaction(|tx| {
        let above = Container::accepting(tx, parent)?;
        folder.fits_below(tx, &above)?;
        folder.insert(tx)?;
        operations::start(tx, "fc", &names::full(&folder.name), &task)
    })?;
    operations::finish(&id, &task)
}

/// Twelve digits at random. Should they be taken, the insert refuses, and the client tries again.
fn free_number() -> Result<u64> {
    Ok(100_000_000_000 + id::numeric()? % 900_000_000_000)
}
