//! `iam.projects.serviceAccounts.update`, `patch`, `enable`, `disable`.

use super::create::Fields;
use super::{Account, of};
use crate::failures::check_etag;
use fogbank_sdk::db::{self, params};
use fogbank_sdk::{Error, Request, Response, Result, identity};
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Patch {
    service_account: Fields,
    update_mask: Option<String>,
}

/// Replaces what the body has of display name and description.
pub fn update(mut request: Request) -> Result<Response> {
    let fields: Fields = request.json()?;
    write(of(&request)?, fields)
}

/// Changes the fields that `updateMask` names.
pub fn patch(mut request: Request) -> Result<Response> {
    let Patch { service_account, update_mask } = request.json()?;
    let fields = match update_mask.as_deref().unwrap_or_default() {
        "" => service_account,
        mask => masked(service_account, mask)?,
    };
    write(of(&request)?, fields)
}

/// What the mask names and the client left out becomes empty.
fn masked(sent: Fields, mask: &str) -> Result<Fields> {
    let mut fields = Fields { etag: sent.etag, ..Fields::default() };
    for path in mask.split(',').map(str::trim) {
        match path {
            "displayName" | "display_name" => fields.display_name = Some(sent.display_name.clone().unwrap_or_default()),
            "description" => fields.description = Some(sent.description.clone().unwrap_or_default()),
            "etag" => {}
            other => return Err(Error::invalid(format!("Invalid value for updateMask: '{other}' cannot be changed."))),
        }
    }
    Ok(fields)
}

fn write(mut account: Account, fields: Fields) -> Result<Response> {
    fields.check()?;
    check_etag(fields.etag.as_deref(), &account.etag())?;
    if let Some(name) = fields.display_name {
        account.display_name = name;
    }
    if let Some(description) = fields.description {
        account.description = description;
    }
    save(&mut account)?;
    Ok(Response::json(&account.wire()))
}

/// Lets an account be used again.
pub fn enable(request: Request) -> Result<Response> {
    switch(of(&request)?, false)
}

/// Stops an account from being used: its keys and tokens are refused.
pub fn disable(request: Request) -> Result<Response> {
    switch(of(&request)?, true)
}

fn switch(mut account: Account, disabled: bool) -> Result<Response> {
    if account.disabled != disabled {
        account.disabled = disabled;
        save(&mut account)?;
        identity::changed();
    }
    Ok(Response::json(&json!({})))
}

/// Writes an account that nobody else changed meanwhile.
fn save(account: &mut Account) -> Result<()> {
    let written = db::execute(vec![db::stmt(
        "UPDATE accounts SET display_name = $1, description = $2, disabled = $3, revision = revision + 1 \
         WHERE unique_id = $4 AND revision = $5 AND deleted_ms IS NULL",
        params![&account.display_name, &account.description, account.disabled, &account.unique_id, account.revision],
    )])?;
    if written.iter().all(|outcome| outcome.affected == 0) {
        return Err(Error::conflict("aborted", "The service account was changed meanwhile. Please retry."));
    }
    account.revision += 1;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_clears_what_is_not_sent() {
        let sent = || Fields { display_name: Some("n".into()), ..Fields::default() };
        let fields = masked(sent(), "displayName, description").unwrap();
        assert_eq!((fields.display_name.as_deref(), fields.description.as_deref()), (Some("n"), Some("")));
        assert_eq!(masked(sent(), "description").unwrap().display_name, None);
        assert_eq!(masked(sent(), "email").unwrap_err().http_status(), 400);
    }
}
