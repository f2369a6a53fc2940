//! A project's default account for machines, which nobody creates.

use super::{Account, by_email, create, email};
use crate::projects;
use fogbank_sdk::{Result, context};

/// Makes the default account that has this address, where it is one of a project that is known.
///
/// Errors: the database's.
pub(super) fn make(address: &str) -> Result<Option<Account>> {
    let Some(number) = email::default_number(address) else { return Ok(None) };
    let project = projects::id(number)?;
    if projects::is_number(&project) {
        return Ok(None);
    }
    let account = Account {
        unique_id: create::unique_id()?,
        project,
        email: address.to_owned(),
        display_name: "Compute Engine default service account".to_owned(),
        description: String::new(),
        disabled: false,
        revision: 1,
        created: context::now(),
        deleted: None,
    };
    match create::insert(&account, address) {
        // Somebody else made it meanwhile.
        Err(error) if error.http_status() == 409 => by_email(address),
        result => result.map(|()| Some(account)),
    }
}
