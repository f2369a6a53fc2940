//! Whom a token or a key may stand for.

use crate::accounts::{self, Account};
use crate::authority::access_token::{Grant, Issued, LIFETIME, issue};
use crate::tokens::id_token::Subject;
use crate::tokens::secret;
use fogbank_sdk::{Error, Result};

/// Somebody who can hold tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    User(String),
    Account(Account),
}

impl Member {
    /// Reads `user:ann@example.com`, `serviceAccount:robot@...` or an address alone, which is an account's where there is such an account.
    ///
    /// Errors: 400 for what is no member, or an account that is not there or disabled; the database's.
    pub fn read(text: &str) -> Result<Self> {
        let (kind, email) = text.split_once(':').unwrap_or(("", text));
        let is_account = match kind {
            "user" => false,
            "serviceAccount" => true,
            "" => email.ends_with(".gserviceaccount.com"),
            _ => return Err(no_member(text)),
        };
        if !is_email(email) {
            return Err(no_member(text));
        }
        if !is_account {
            return Ok(Self::User(email.to_lowercase()));
        }
        match accounts::by_email(email)? {
            Some(account) if account.disabled => {
                Err(Error::invalid(format!("The service account {email} is disabled.")))
            }
            Some(account) => Ok(Self::Account(account)),
            None => Err(Error::invalid(format!("There is no service account {email}."))),
        }
    }

    /// As policies write it.
    pub fn name(&self) -> String {
        match self {
            Self::User(email) => format!("user:{email}"),
            Self::Account(account) => format!("serviceAccount:{}", account.email),
        }
    }

    /// As ID tokens write it.
    pub fn subject(&self) -> Subject {
        match self {
            Self::User(email) => Subject::of_user(email),
            Self::Account(account) => Subject { id: account.unique_id.clone(), email: account.email.clone() },
        }
    }

    /// What an access token for this one says; an hour long.
    pub fn grant(&self, project: Option<String>, scope: &str) -> Grant {
        let (account, own_project) = match self {
            Self::User(_) => (None, None),
            Self::Account(account) => (Some(account.unique_id.clone()), Some(account.project.clone())),
        };
        Grant {
            member: self.name(),
            account,
            project: project.or(own_project),
            scope: scope.to_owned(),
            lifetime: LIFETIME,
            ..Grant::default()
        }
    }
}

/// Makes an access token with the tenant's secret.
///
/// Errors: the database's.
pub fn access_token(grant: &Grant) -> Result<Issued> {
    issue(grant, &secret::get()?)
}

fn is_email(text: &str) -> bool {
    let fine =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic() && !"@:,;<>\"\\()[]".contains(c));
    text.len() <= 254 && text.split_once('@').is_some_and(|(local, domain)| fine(local) && fine(domain))
}

fn no_member(text: &str) -> Error {
    let shown: String = text.chars().take(100).collect();
    Error::invalid(format!("Invalid value for user: '{shown}' is neither user:ADDRESS nor serviceAccount:ADDRESS."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_users_with_addresses() {
        assert_eq!(Member::read("Ann@example.com").unwrap(), Member::User("ann@example.com".into()));
        assert_eq!(Member::read("user:ann@example.com").unwrap().name(), "user:ann@example.com");
        for text in [
            "",
            "ann",
            "@example.com",
            "ann@",
            "group:devs@example.com",
            "user:a@b@c",
            "allUsers",
            "user:a b@c",
            "user:a@b:c",
        ] {
            assert_eq!(Member::read(text).unwrap_err().http_status(), 400, "{text}");
        }
    }
}
