//! `iam.projects.serviceAccounts.keys.enable`, `disable` and `delete`.

use super::Kind;
use crate::accounts;
use crate::failures::precondition;
use fogbank_sdk::db::{self, params, stmt};
use fogbank_sdk::{Request, Response, Result, identity};
use serde_json::json;

/// Lets signatures of a key count again.
pub fn enable(request: Request) -> Result<Response> {
    change(&request, "UPDATE account_keys SET disabled = FALSE WHERE account = $1 AND id = $2")
}

/// Stops signatures of a key from counting.
pub fn disable(request: Request) -> Result<Response> {
    change(&request, "UPDATE account_keys SET disabled = TRUE WHERE account = $1 AND id = $2")
}

/// Removes a key for good.
pub fn delete(request: Request) -> Result<Response> {
    change(&request, "DELETE FROM account_keys WHERE account = $1 AND id = $2")
}

fn change(request: &Request, sql: &str) -> Result<Response> {
    let account = accounts::of(request)?;
    let key = super::of(&account, request)?;
    if key.kind == Kind::System {
        return Err(precondition("A key that is managed by the system cannot be changed."));
    }
    let outcomes = db::execute(vec![stmt(sql, params![&account.unique_id, &key.id])])?;
    if outcomes.iter().all(|outcome| outcome.affected == 0) {
        return Err(super::absent(&account, &key.id));
    }
    identity::changed();
    Ok(Response::json(&json!({})))
}
