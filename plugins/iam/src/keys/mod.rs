//! Keys of service accounts. <https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys>
//!
//! The private half of a key that a client asks for goes out once, in its key file, and is not kept (F28). An account also has keys
//! of the system's own, which sign for it here; they are made when they are first needed, and replaced as they age.

mod create;
mod file;
mod get;
mod list;
mod state;
mod system;
mod upload;

pub use create::create;
pub use get::get;
pub use list::list;
pub use state::{delete, disable, enable};
pub use system::{SigningKey, system_managed};
pub use upload::upload;

use crate::accounts::Account;
use crate::crypto::rsa::PublicKey;
use crate::wire::{seconds, without_defaults};
use fogbank_sdk::db::{self, Row, Transaction, params};
use fogbank_sdk::{Error, Request, Result, Timestamp, context};
use serde_json::{Value, json};

/// The columns that [`Key::from_row`] reads: everything but what signs.
const COLUMNS: &str = "id, kind, origin, algorithm, public_key, certificate, valid_after_ms, valid_before_ms, disabled";

/// How many keys of its own a client can have for one account.
const MOST: i64 = 10;

/// The public half of a key, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Forty hexadecimal digits.
    pub id: String,
    pub kind: Kind,
    /// `GOOGLE_PROVIDED`, or `USER_PROVIDED` for one that was uploaded.
    pub origin: String,
    /// `KEY_ALG_RSA_2048`.
    pub algorithm: String,
    /// SubjectPublicKeyInfo, DER.
    pub public_key: Vec<u8>,
    /// X.509, PEM.
    pub certificate: String,
    pub valid_after: Timestamp,
    pub valid_before: Timestamp,
    pub disabled: bool,
}

/// Who has the private half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    User,
    System,
}

impl Kind {
    /// As the API and the database write it.
    pub fn text(self) -> &'static str {
        match self {
            Self::User => "USER_MANAGED",
            Self::System => "SYSTEM_MANAGED",
        }
    }
}

impl Key {
    fn from_row(row: &mut Row) -> db::Result<Self> {
        let kind: String = row.take("kind")?;
        Ok(Self {
            id: row.take("id")?,
            kind: if kind == Kind::System.text() { Kind::System } else { Kind::User },
            origin: row.take("origin")?,
            algorithm: row.take("algorithm")?,
            public_key: row.take("public_key")?,
            certificate: row.take("certificate")?,
            valid_after: row.get("valid_after_ms")?,
            valid_before: row.get("valid_before_ms")?,
            disabled: row.get("disabled")?,
        })
    }

    /// Whether signatures made with it count at that moment.
    pub fn is_valid_at(&self, moment: Timestamp) -> bool {
        !self.disabled && moment >= self.valid_after && moment < self.valid_before
    }

    /// As the API shows it: without any key.
    pub fn wire(&self, account: &Account) -> Value {
        without_defaults(json!({
            "name": format!("{}/keys/{}", account.name(), self.id),
            "keyType": self.kind.text(),
            "keyOrigin": self.origin,
            "keyAlgorithm": self.algorithm,
            "validAfterTime": seconds(self.valid_after),
            "validBeforeTime": seconds(self.valid_before),
            "disabled": self.disabled,
            "disableReason": if self.disabled { "SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED" } else { "" },
        }))
    }

    /// The parameters of an INSERT, with the private half of a key that signs here.
    fn insert(&self, tx: &Transaction, account: &Account, private_key: Option<&str>) -> Result<()> {
        tx.execute(
            "INSERT INTO account_keys (account, id, kind, origin, algorithm, public_key, certificate, private_key, \
             valid_after_ms, valid_before_ms, disabled) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            params![
                &account.unique_id,
                &self.id,
                self.kind.text(),
                &self.origin,
                &self.algorithm,
                &self.public_key,
                &self.certificate,
                private_key,
                self.valid_after,
                self.valid_before,
                self.disabled
            ],
        )?;
        Ok(())
    }
}

/// The public half of a key, if signatures made with it count now: there, enabled, and neither expired nor yet to come.
///
/// Errors: the database's.
pub fn public_key(account: &Account, id: &str) -> Result<Option<PublicKey>> {
    let key = by_id(account, id)?.filter(|key| key.is_valid_at(context::now()));
    key.map(|key| PublicKey::from_spki_der(&key.public_key)).transpose()
}

/// A key of an account, whatever its state.
///
/// Errors: the database's.
pub fn by_id(account: &Account, id: &str) -> Result<Option<Key>> {
    let sql = format!("SELECT {COLUMNS} FROM account_keys WHERE account = $1 AND id = $2");
    let row = db::query_one(&sql, params![&account.unique_id, id])?;
    Ok(row.map(|mut row| Key::from_row(&mut row)).transpose()?)
}

/// All keys of an account, whatever their state; those of clients first, each kind in the order in which they were made.
///
/// Errors: the database's.
pub fn all(account: &Account) -> Result<Vec<Key>> {
    let sql = format!("SELECT {COLUMNS} FROM account_keys WHERE account = $1 ORDER BY kind DESC, valid_after_ms, id");
    let mut rows = db::query(&sql, params![&account.unique_id])?;
    Ok(rows.iter_mut().map(Key::from_row).collect::<db::Result<_>>()?)
}

/// The keys of an account whose signatures count now, with their ids: what a set of keys or certificates shows.
///
/// Errors: the database's.
pub fn all_public(account: &Account) -> Result<Vec<Key>> {
    let now = context::now();
    Ok(all(account)?.into_iter().filter(|key| key.is_valid_at(now)).collect())
}

/// The key that a route's path names.
///
/// Errors: 404.
fn of(account: &Account, request: &Request) -> Result<Key> {
    let id = request.param("key");
    by_id(account, id)?.ok_or_else(|| absent(account, id))
}

fn absent(account: &Account, id: &str) -> Error {
    Error::not_found(format!("Service account key {}/keys/{id} does not exist.", account.name()))
}

/// Refuses one key more than an account can have.
///
/// Errors: 400 `FAILED_PRECONDITION`.
fn check_room(tx: &Transaction, account: &Account) -> Result<()> {
    let row = tx.query_one(
        "SELECT COUNT(*) AS keys FROM account_keys WHERE account = $1 AND kind = 'USER_MANAGED'",
        params![&account.unique_id],
    )?;
    let count: i64 = row.map(|row| row.get("keys")).transpose()?.unwrap_or(0);
    match count < MOST {
        true => Ok(()),
        false => Err(crate::failures::precondition(format!(
            "Precondition check failed: the service account has {MOST} keys, which is the most. Delete one first."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn key(after: i64, before: i64, disabled: bool) -> Key {
        Key {
            id: "k".into(),
            kind: Kind::User,
            origin: "GOOGLE_PROVIDED".into(),
            algorithm: "KEY_ALG_RSA_2048".into(),
            public_key: vec![],
            certificate: String::new(),
            valid_after: Timestamp::from_millis(after),
            valid_before: Timestamp::from_millis(before),
            disabled,
        }
    }

    #[test]
    fn f27_a_key_counts_between_its_times_and_while_it_is_enabled() {
        let at = |moment: i64, key: Key| key.is_valid_at(Timestamp::from_millis(moment));
        assert!(at(5, key(5, 9, false)) && at(8, key(5, 9, false)));
        assert!(!at(4, key(5, 9, false)) && !at(9, key(5, 9, false)) && !at(6, key(5, 9, true)));
    }
}
