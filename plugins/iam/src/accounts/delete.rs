//! `iam.projects.serviceAccounts.delete` and `undelete`. A deleted account can come back for thirty days, by its unique id: its
//! address may belong to somebody else by then.

use super::{Account, COLUMNS, create, of};
use crate::projects;
use fogbank_sdk::db::{self, params, stmt};
use fogbank_sdk::{Error, Request, Response, Result, context, identity};
use serde_json::json;

/// Deletes an account.
pub fn delete(request: Request) -> Result<Response> {
    let account = of(&request)?;
    let outcomes = db::execute(vec![stmt(
        "UPDATE accounts SET deleted_ms = $1, revision = revision + 1 WHERE unique_id = $2 AND deleted_ms IS NULL",
        params![context::now(), &account.unique_id],
    )])?;
    if outcomes.iter().all(|outcome| outcome.affected == 0) {
        return Err(super::absent(&account.project, &account.email));
    }
    identity::changed();
    Ok(Response::json(&json!({})))
}

/// Brings a deleted account back, with its keys and its policy.
///
/// Errors: 404 for one that is not deleted or gone for good, 409 where its address is taken.
pub fn undelete(request: Request) -> Result<Response> {
    let (project, unique_id) = (request.param("project"), request.param("account"));
    let project = if project == "-" { None } else { Some(projects::id(project)?) };
    let sql = format!(
        "UPDATE accounts SET deleted_ms = NULL, revision = revision + 1 \
         WHERE unique_id = $1 AND deleted_ms > $2 RETURNING {COLUMNS}"
    );
    let account = db::transaction(|tx| {
        let row = match tx.query_one(&sql, params![unique_id, create::cutoff()]) {
            Err(error) if error.is_unique() => {
                return Err(Error::already_exists("A service account with the same address exists by now."));
            }
            row => row?,
        };
        let account = row.map(|mut row| Account::from_row(&mut row)).transpose()?;
        let account = account.filter(|account| project.as_ref().is_none_or(|project| account.project == *project));
        account.ok_or_else(|| Error::not_found(format!("There is no deleted service account {unique_id}.")))
    })?;
    identity::changed();
    Ok(Response::json(&json!({"restoredAccount": account.wire()})))
}

/// Forgets accounts that can come back no more, and the policies of those whose address nobody else has.
///
/// Errors: the database's, the policies'; what is left over is tried again.
pub fn forget_expired() -> Result<()> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE deleted_ms <= $1 LIMIT 500");
    for mut row in db::query(&sql, params![create::cutoff()])? {
        let account = Account::from_row(&mut row)?;
        let [_, anywhere, within] = account.aliases();
        identity::forget(&anywhere)?;
        identity::forget(&within)?;
        if super::by_email(&account.email)?.is_none() {
            identity::forget(&account.resource())?;
        }
        db::execute(vec![stmt(
            "DELETE FROM accounts WHERE unique_id = $1 AND deleted_ms IS NOT NULL",
            params![&account.unique_id],
        )])?;
    }
    Ok(())
}
