//! The service account that an instance acts as.
//! <https://cloud.google.com/compute/docs/access/service-accounts>

use crate::projects;
use compute_api::failure;
use fogbank_sdk::{Error, Result, identity};
use serde_json::{Value, json};

/// Completes the accounts that a client sent: `default` gets its address, and the caller has to be allowed to act as each.
///
/// Errors: 400 for more than one, or one without an address; 403 without `iam.serviceAccounts.actAs`.
pub fn complete(sent: &Value, project: &str) -> Result<Value> {
    let sent = sent.as_array().map(Vec::as_slice).unwrap_or_default();
    if sent.len() > 1 {
        return Err(failure::invalid(
            "resource.serviceAccounts",
            sent.len(),
            "At most one service account is allowed.",
        ));
    }
    let mut accounts = Vec::new();
    for account in sent {
        let email = match account["email"].as_str().unwrap_or("default") {
            "default" => projects::default_account(project)?,
            email => email.to_owned(),
        };
        require(&email, project)?;
        accounts.push(json!({"email": email, "scopes": account.get("scopes").cloned().unwrap_or_else(|| json!([]))}));
    }
    Ok(Value::Array(accounts))
}

/// <https://cloud.google.com/iam/docs/service-accounts-actas>
fn require(email: &str, project: &str) -> Result<()> {
    let home = home(email, project)?;
    let name = format!("//iam.googleapis.com/projects/{home}/serviceAccounts/{email}");
    Ok(identity::require("iam.serviceAccounts.actAs", &name, &[])?)
}

/// The project that an account is of: its address says it, save for those that Google's services make.
fn home<'a>(email: &'a str, project: &'a str) -> Result<&'a str> {
    let (_, domain) = email.split_once('@').filter(|(name, domain)| !name.is_empty() && !domain.is_empty()).ok_or_else(
        || Error::invalid(format!("Invalid value for field 'resource.serviceAccounts[0].email': '{email}'. The email address is not valid.")),
    )?;
    match domain {
        "appspot.gserviceaccount.com" | "developer.gserviceaccount.com" => Ok(project),
        domain => Ok(domain.strip_suffix(".iam.gserviceaccount.com").unwrap_or(project)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_of_the_project_that_its_address_says() {
        assert_eq!(home("robot@shop.iam.gserviceaccount.com", "p").unwrap(), "shop");
        assert_eq!(home("12-compute@developer.gserviceaccount.com", "p").unwrap(), "p");
        assert!(home("robot", "p").is_err());
    }
}
