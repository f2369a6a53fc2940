//! Service accounts. <https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts>

mod change;
mod create;
mod default;
mod delete;
mod email;
mod get;
mod list;
mod policy;

pub use change::{disable, enable, patch, update};
pub use create::create;
pub use delete::{delete, forget_expired, undelete};
pub use get::get;
pub use list::list;
pub use policy::{get_iam_policy, set_iam_policy, test_iam_permissions};

use crate::projects;
use crate::wire::without_defaults;
use fogbank_sdk::db::{self, Row, params};
use fogbank_sdk::{Error, Request, Result, Timestamp, etag};
use serde_json::{Value, json};

/// The columns that [`Account::from_row`] reads.
pub const COLUMNS: &str =
    "unique_id, project, email, display_name, description, disabled, revision, created_ms, deleted_ms";

/// A service account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// 21 digits, never given twice.
    pub unique_id: String,
    /// The project's id.
    pub project: String,
    pub email: String,
    pub display_name: String,
    pub description: String,
    pub disabled: bool,
    /// Counts changes.
    pub revision: i64,
    pub created: Timestamp,
    pub deleted: Option<Timestamp>,
}

impl Account {
    fn from_row(row: &mut Row) -> db::Result<Self> {
        Ok(Self {
            unique_id: row.take("unique_id")?,
            project: row.take("project")?,
            email: row.take("email")?,
            display_name: row.take("display_name")?,
            description: row.take("description")?,
            disabled: row.get("disabled")?,
            revision: row.get("revision")?,
            created: row.get("created_ms")?,
            deleted: row.get("deleted_ms")?,
        })
    }

    /// `projects/demo/serviceAccounts/robot@demo.iam.gserviceaccount.com`.
    pub fn name(&self) -> String {
        format!("projects/{}/serviceAccounts/{}", self.project, self.email)
    }

    /// The full resource name, which policies are kept under.
    pub fn resource(&self) -> String {
        format!("//iam.googleapis.com/{}", self.name())
    }

    /// The other names that clients use for it.
    fn aliases(&self) -> [String; 3] {
        let Self { project, email, unique_id, .. } = self;
        [
            format!("//iam.googleapis.com/projects/-/serviceAccounts/{email}"),
            format!("//iam.googleapis.com/projects/-/serviceAccounts/{unique_id}"),
            format!("//iam.googleapis.com/projects/{project}/serviceAccounts/{unique_id}"),
        ]
    }

    /// Changes with every change of the account.
    pub fn etag(&self) -> String {
        etag::of(format!("{} {}", self.unique_id, self.revision).as_bytes())
    }

    /// As the API shows it.
    pub fn wire(&self) -> Value {
        without_defaults(json!({
            "name": self.name(),
            "projectId": self.project,
            "uniqueId": self.unique_id,
            "email": self.email,
            "displayName": self.display_name,
            "description": self.description,
            "oauth2ClientId": self.unique_id,
            "disabled": self.disabled,
            "etag": self.etag(),
        }))
    }
}

/// The account with this e-mail address; deleted ones have none.
///
/// Errors: the database's.
pub fn by_email(email: &str) -> Result<Option<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE email = $1 AND deleted_ms IS NULL");
    first(&sql, email)
}

/// The account with this id of 21 digits, unless it is deleted.
///
/// Errors: the database's.
pub fn by_unique_id(unique_id: &str) -> Result<Option<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE unique_id = $1 AND deleted_ms IS NULL");
    first(&sql, unique_id)
}

fn first(sql: &str, key: &str) -> Result<Option<Account>> {
    let row = db::query_one(sql, params![key])?;
    Ok(row.map(|mut row| Account::from_row(&mut row)).transpose()?)
}

/// The account that `project` (`-` for whichever it is in) and `account` (an e-mail address or a unique id) name. A project's default
/// account is made when it is first asked for.
///
/// Errors: 404.
pub fn find(project: &str, account: &str) -> Result<Account> {
    let found = if account.contains('@') {
        match by_email(account)? {
            None => default::make(account)?,
            found => found,
        }
    } else {
        by_unique_id(account)?
    };
    let found = match found {
        Some(found) if project == "-" || found.project == project || found.project == projects::id(project)? => {
            Some(found)
        }
        _ => None,
    };
    found.ok_or_else(|| absent(project, account))
}

/// The account that a route's path names.
///
/// Errors: 404.
pub fn of(request: &Request) -> Result<Account> {
    find(request.param("project"), request.param("account"))
}

fn absent(project: &str, account: &str) -> Error {
    Error::not_found(format!("Service account projects/{project}/serviceAccounts/{account} does not exist."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_shown_as_the_api_does() {
        let mut account = Account {
            unique_id: "1".repeat(21),
            project: "demo".into(),
            email: "robot@demo.iam.gserviceaccount.com".into(),
            display_name: "Robot".into(),
            description: String::new(),
            disabled: false,
            revision: 1,
            created: Timestamp::from_millis(0),
            deleted: None,
        };
        let wire = account.wire();
        assert_eq!(wire["name"], "projects/demo/serviceAccounts/robot@demo.iam.gserviceaccount.com");
        assert_eq!((wire.get("description"), wire.get("disabled")), (None, None));
        assert_eq!(wire["oauth2ClientId"], wire["uniqueId"]);
        account.revision = 2;
        assert_ne!(account.wire()["etag"], wire["etag"]);
    }
}
