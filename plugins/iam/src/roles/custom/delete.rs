//! `iam.projects.roles.delete` and `undelete`, and those of organizations. A deleted role gives nothing and keeps its id for seven days.

use super::{Role, of};
use crate::failures::{check_etag, precondition};
use crate::roles::View;
use crate::wire::document_of;
use fogbank_sdk::db::{self, params, stmt};
use fogbank_sdk::{Error, Request, Response, Result, Timestamp, context, identity};

/// Deletes a role.
pub fn delete(request: Request) -> Result<Response> {
    let role = of(&request)?;
    check_etag(request.query("etag"), &role.etag())?;
    if role.deleted.is_some() {
        return Err(precondition(format!("You can't delete role {}: it is deleted already.", role.name())));
    }
    switch(role, Some(context::now()))
}

/// Brings a deleted role back.
pub fn undelete(mut request: Request) -> Result<Response> {
    let sent = document_of(&mut request)?;
    let role = of(&request)?;
    check_etag(sent["etag"].as_str(), &role.etag())?;
    if role.deleted.is_none() {
        return Err(precondition(format!("You can't undelete role {}: it is not deleted.", role.name())));
    }
    switch(role, None)
}

fn switch(mut role: Role, deleted: Option<Timestamp>) -> Result<Response> {
    let outcomes = db::execute(vec![stmt(
        "UPDATE custom_roles SET deleted_ms = $1, revision = revision + 1 WHERE parent = $2 AND id = $3 AND revision = $4",
        params![deleted, &role.parent, &role.id, role.revision],
    )])?;
    if outcomes.iter().all(|outcome| outcome.affected == 0) {
        return Err(Error::conflict("aborted", "The role was changed meanwhile. Please retry."));
    }
    role.revision += 1;
    role.deleted = deleted;
    identity::changed();
    Ok(Response::json(&role.wire(View::Full)))
}
