//! Who may act in an account's name: the caller, or the last of a chain of accounts, of which each lets the one before it.
//! <https://cloud.google.com/iam/docs/create-short-lived-credentials-delegated>

use crate::accounts::{self, Account};
use crate::authority::decide::{self, Stored};
use crate::failures;
use fogbank_sdk::{Caller, Error, Facts, Question, Request, Result, identity};

/// What every account of a chain needs on the next one, but the last.
const DELEGATION: &str = "iam.serviceAccounts.implicitDelegation";

/// How long a chain can be.
const LONGEST: usize = 10;

/// The account that a route's path names, if the caller may have `permission` on it, directly or through `delegates`.
///
/// Errors: 403 where they may not, 404 where there is no such account, 400 where it is disabled.
pub fn account(request: &Request, delegates: &[String], permission: &str) -> Result<Account> {
    let (project, name) = (request.param("project"), request.param("account"));
    let target = format!("//iam.googleapis.com/projects/{project}/serviceAccounts/{name}");
    let chain = delegates.iter().map(|delegate| read(delegate)).collect::<Result<Vec<_>>>()?;
    if chain.len() > LONGEST {
        return Err(Error::invalid(format!("Invalid value for delegates: {LONGEST} are the most.")));
    }
    check(&chain, &target, permission)?;
    let account = accounts::find(project, name)?;
    if account.disabled {
        return Err(failures::precondition(format!("The service account {} is disabled.", account.email)));
    }
    Ok(account)
}

/// The caller on the first, each on the next, the last on the target.
fn check(chain: &[String], target: &str, permission: &str) -> Result<()> {
    let Some((first, rest)) = chain.split_first() else {
        return Ok(identity::require(permission, target, &[])?);
    };
    identity::require(DELEGATION, &resource(first), &[])?;
    if !identity::caller().enforced {
        return Ok(());
    }
    let mut holder = first;
    for next in rest {
        require(holder, DELEGATION, &resource(next))?;
        holder = next;
    }
    require(holder, permission, target)
}

fn resource(email: &str) -> String {
    format!("//iam.googleapis.com/projects/-/serviceAccounts/{email}")
}

/// Refuses unless the account `email`, which has to be there and enabled, has `permission`.
fn require(email: &str, permission: &str, resource: &str) -> Result<()> {
    let enabled = accounts::by_email(email)?.is_some_and(|account| !account.disabled);
    let question = Question {
        caller: Caller { name: format!("serviceAccount:{email}"), restriction: String::new(), expires_ms: None },
        permissions: vec![permission.to_owned()],
        resource: resource.to_owned(),
        levels: identity::ancestry(resource)?,
        grants: vec![],
        facts: Facts { method: String::new(), host: String::new(), path: String::new() },
    };
    let answers = decide::answers(&[question], &mut Stored::default())?;
    let allowed = enabled && answers.first().and_then(|answers| answers.first()).is_some_and(|answer| answer.allowed);
    if allowed {
        return Ok(());
    }
    Err(Error::forbidden(format!(
        "Permission '{permission}' denied on resource '{resource}' for the delegate {email} (or it may not exist)."
    )))
}

/// `projects/-/serviceAccounts/EMAIL`, or the address alone.
fn read(delegate: &str) -> Result<String> {
    let email = delegate.rsplit('/').next().unwrap_or_default();
    let fine = email.contains('@') && (delegate == email || delegate == format!("projects/-/serviceAccounts/{email}"));
    fine.then(|| email.to_owned()).ok_or_else(|| {
        let shown: String = delegate.chars().take(200).collect();
        Error::invalid(format!("Invalid value for delegates: '{shown}' is not projects/-/serviceAccounts/ADDRESS."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delegate_is_named_in_full_or_by_its_address() {
        assert_eq!(
            read("projects/-/serviceAccounts/a@x.iam.gserviceaccount.com").unwrap(),
            "a@x.iam.gserviceaccount.com"
        );
        assert_eq!(read("a@x.iam.gserviceaccount.com").unwrap(), "a@x.iam.gserviceaccount.com");
        for bad in ["", "projects/-/serviceAccounts/", "projects/p/serviceAccounts/a@x", "a", "x/a@x"] {
            assert_eq!(read(bad).unwrap_err().http_status(), 400, "{bad}");
        }
    }
}
