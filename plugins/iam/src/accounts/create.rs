//! `iam.projects.serviceAccounts.create`.

use super::{Account, by_email, email};
use crate::failures::{RETENTION_MS, check_length};
use crate::projects;
use fogbank_sdk::db::{self, params, stmt};
use fogbank_sdk::{Error, Request, Response, Result, Timestamp, context, id, identity};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    account_id: String,
    service_account: Fields,
}

/// What a client may set.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Fields {
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub etag: Option<String>,
}

impl Fields {
    /// Refuses texts that are too long.
    pub(super) fn check(&self) -> Result<()> {
        check_length("displayName", self.display_name.as_deref().unwrap_or_default(), 100)?;
        check_length("description", self.description.as_deref().unwrap_or_default(), 256)
    }
}

/// Makes an account.
pub fn create(mut request: Request) -> Result<Response> {
    let Sent { account_id, service_account } = request.json()?;
    if account_id.is_empty() {
        return Err(Error::required("accountId"));
    }
    email::check_id(&account_id)?;
    service_account.check()?;
    let project = projects::look_up(request.param("project"))?.id;
    let account = Account {
        unique_id: unique_id()?,
        email: email::of(&account_id, &project),
        project,
        display_name: service_account.display_name.unwrap_or_default(),
        description: service_account.description.unwrap_or_default(),
        disabled: false,
        revision: 1,
        created: context::now(),
        deleted: None,
    };
    insert(&account, &account_id)?;
    Ok(Response::json(&account.wire()))
}

/// Writes a new account, and its place among resources before that: a call that breaks off in between leaves names behind that lead
/// nowhere.
///
/// Errors: 409 where the address is taken.
pub(super) fn insert(account: &Account, account_id: &str) -> Result<()> {
    let taken = || {
        Error::already_exists(format!(
            "Service account {account_id} already exists within project projects/{}.",
            account.project
        ))
    };
    if by_email(&account.email)?.is_some() {
        return Err(taken());
    }
    let resource = account.resource();
    identity::forget(&resource)?;
    identity::set_parent(&resource, &projects::resource(&account.project))?;
    for alias in account.aliases() {
        identity::set_parent(&alias, &resource)?;
    }
    match db::execute(vec![stmt(
        "INSERT INTO accounts (unique_id, project, email, display_name, description, disabled, revision, created_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            &account.unique_id,
            &account.project,
            &account.email,
            &account.display_name,
            &account.description,
            account.disabled,
            account.revision,
            account.created
        ],
    )]) {
        Err(error) if error.is_unique() => return Err(taken()),
        result => result.map(drop)?,
    }
    identity::changed();
    Ok(())
}

/// 21 digits, the first a 1.
pub(super) fn unique_id() -> Result<String> {
    let number = u128::from_le_bytes(id::random()?) % 10_u128.pow(20);
    Ok(format!("1{number:020}"))
}

/// Before when an account has to be deleted to be gone for good.
pub(super) fn cutoff() -> Timestamp {
    context::now().plus_millis(-RETENTION_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unique_ids_have_21_digits() {
        let id = unique_id().unwrap();
        assert!(id.len() == 21 && id.starts_with('1') && id.bytes().all(|byte| byte.is_ascii_digit()));
        assert_ne!(id, unique_id().unwrap());
    }
}
