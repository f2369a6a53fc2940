//! `iam.policies.update` and `delete`.

use super::{DenyPolicy, absent, of, rules};
use crate::failures::check_etag;
use crate::wire::document_of;
use fogbank_sdk::db::{self, Json, params, stmt};
use fogbank_sdk::{Error, Request, Response, Result, context, identity};

/// Replaces a policy.
pub fn update(mut request: Request) -> Result<Response> {
    let sent = document_of(&mut request)?;
    let mut policy = of(&request, "iam.denypolicies.update")?;
    check_etag(sent["etag"].as_str(), &policy.etag())?;
    policy.config = rules::document(&sent)?;
    policy.updated = context::now();
    policy.revision += 1;
    let ended = policy.ended()?;
    db::transaction(|tx| {
        let changed = tx.execute(
            "UPDATE deny_policies SET config = $1, revision = $2, updated_ms = $3 WHERE attachment = $4 AND id = $5 AND revision = $6",
            params![
                Json(&policy.config),
                policy.revision,
                policy.updated,
                &policy.attachment,
                &policy.id,
                policy.revision - 1
            ],
        )?;
        if changed == 0 {
            return Err(Error::conflict("aborted", "The policy was changed meanwhile. Please retry."));
        }
        tx.execute_all(vec![ended.keep()])?;
        Ok(())
    })?;
    identity::changed();
    Ok(Response::json(&ended.wire()))
}

/// Removes a policy for good.
pub fn delete(request: Request) -> Result<Response> {
    let policy = of(&request, "iam.denypolicies.delete")?;
    check_etag(request.query("etag"), &policy.etag())?;
    let DenyPolicy { attachment, id, revision, .. } = &policy;
    let ended = policy.ended()?;
    let outcomes = db::execute(vec![
        stmt(
            "DELETE FROM deny_policies WHERE attachment = $1 AND id = $2 AND revision = $3",
            params![attachment, id, *revision],
        ),
        ended.keep(),
    ])?;
    if outcomes.first().is_none_or(|outcome| outcome.affected == 0) {
        return Err(absent(attachment, id));
    }
    identity::changed();
    Ok(Response::json(&ended.wire()))
}
