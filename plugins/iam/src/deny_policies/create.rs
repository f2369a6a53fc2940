//! `iam.policies.createPolicy`.

use super::{DenyPolicy, attachment, rules};
use crate::projects;
use crate::wire::document_of;
use fogbank_sdk::db::{self, Json, params, stmt};
use fogbank_sdk::{Error, Request, Response, Result, context, id, identity};

/// Makes a policy.
pub fn create(mut request: Request) -> Result<Response> {
    let sent = document_of(&mut request)?;
    let attachment = attachment(&request, "iam.denypolicies.create")?;
    let policy_id = request.query("policyId").unwrap_or_default();
    check_id(policy_id)?;
    if let Some(project) = attachment.strip_prefix("cloudresourcemanager.googleapis.com/projects/") {
        projects::look_up(project)?;
    }
    let now = context::now();
    let policy = DenyPolicy {
        attachment,
        id: policy_id.to_owned(),
        uid: id::uuid()?,
        config: rules::document(&sent)?,
        revision: 1,
        created: now,
        updated: now,
    };
    let ended = policy.ended()?;
    let insert = stmt(
        "INSERT INTO deny_policies (attachment, id, uid, config, revision, created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![&policy.attachment, &policy.id, &policy.uid, Json(&policy.config), policy.revision, now, now],
    );
    match db::execute(vec![insert, ended.keep()]) {
        Err(error) if error.is_unique() => {
            return Err(Error::already_exists(format!("Policy {} already exists.", policy.name())));
        }
        result => result.map(drop)?,
    }
    identity::changed();
    Ok(Response::json(&ended.wire()))
}

fn check_id(id: &str) -> Result<()> {
    if id.is_empty() {
        return Err(Error::required("policyId"));
    }
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    let fine = (3..=63).contains(&id.len())
        && id.bytes().all(known)
        && id.starts_with(|first: char| first.is_ascii_lowercase());
    fine.then_some(()).ok_or_else(|| {
        Error::invalid(format!(
            "Invalid value for policyId: '{id}' is not 3 to 63 of a-z, 0-9, - and ., a letter first."
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_as_the_api_takes_them() {
        assert!(check_id("my-deny.policy").is_ok());
        for id in ["", "ab", "1abc", "My", "a/b", &"a".repeat(64)] {
            assert_eq!(check_id(id).unwrap_err().http_status(), 400, "{id}");
        }
    }
}
