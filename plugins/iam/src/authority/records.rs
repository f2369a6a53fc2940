//! What is looked up to verify a credential: accounts, keys, secrets. A trait, so that the rules are tested without a database.

use crate::crypto::rsa::PublicKey;
use crate::{accounts, api_keys, keys, tokens};
use fogbank_sdk::db::{self, params};
use fogbank_sdk::{Result, Timestamp};

/// A service account, as far as its credentials go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountState {
    /// Nobody has heard of it.
    Unknown,
    /// It was there once.
    Deleted,
    /// It is there, and does not count.
    Disabled,
    /// It is there. Its unique id.
    Enabled(String),
}

/// A key of an account, whatever its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyState {
    pub key: PublicKey,
    pub disabled: bool,
    pub valid_after: Timestamp,
    pub valid_before: Timestamp,
}

/// An API key, whatever its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyState {
    /// The member that it stands for; `allUsers` for nobody.
    pub member: String,
    pub revoked: bool,
    pub expires: Option<Timestamp>,
}

/// What is on record in this tenant.
pub trait Records {
    /// The secret that access tokens are signed with.
    ///
    /// Errors: the database's, as for all of these.
    fn token_secret(&self) -> Result<Vec<u8>>;

    /// Whether an access token was taken back.
    fn is_revoked(&self, token_id: &str) -> Result<bool>;

    /// The account with this e-mail address.
    fn account(&self, email: &str) -> Result<AccountState>;

    /// A key of an account that is there, by the account's unique id.
    fn key(&self, account: &str, key: &str) -> Result<Option<KeyState>>;

    /// All keys of an account that is there.
    fn keys(&self, account: &str) -> Result<Vec<KeyState>>;

    /// An API key by its text. Notes that it was used.
    fn api_key(&self, text: &str) -> Result<Option<ApiKeyState>>;
}

/// The tenant's database.
pub struct Database;

impl Records for Database {
    fn token_secret(&self) -> Result<Vec<u8>> {
        tokens::secret::get()
    }

    fn is_revoked(&self, token_id: &str) -> Result<bool> {
        tokens::revoked::is_revoked(token_id)
    }

    fn account(&self, email: &str) -> Result<AccountState> {
        if let Some(account) = accounts::by_email(email)? {
            return Ok(if account.disabled {
                AccountState::Disabled
            } else {
                AccountState::Enabled(account.unique_id)
            });
        }
        let sql = "SELECT unique_id FROM accounts WHERE email = $1 AND deleted_ms IS NOT NULL LIMIT 1";
        let deleted = db::query_one(sql, params![email])?;
        Ok(if deleted.is_some() { AccountState::Deleted } else { AccountState::Unknown })
    }

    fn key(&self, account: &str, key: &str) -> Result<Option<KeyState>> {
        let Some(account) = accounts::by_unique_id(account)? else { return Ok(None) };
        keys::by_id(&account, key)?.map(state).transpose()
    }

    fn keys(&self, account: &str) -> Result<Vec<KeyState>> {
        let Some(account) = accounts::by_unique_id(account)? else { return Ok(vec![]) };
        keys::all(&account)?.into_iter().map(state).collect()
    }

    fn api_key(&self, text: &str) -> Result<Option<ApiKeyState>> {
        if text.starts_with(tokens::api_key::PREFIX) {
            return tokens::api_key::used(text);
        }
        let state = |account: Option<String>, revoked| {
            let member = account.map_or("allUsers".into(), |email| format!("serviceAccount:{email}"));
            ApiKeyState { member, revoked, expires: None }
        };
        if let Some(key) = api_keys::by_key_string(text)? {
            return Ok(Some(state(key.service_account, false)));
        }
        let deleted = db::query_one("SELECT id FROM api_keys WHERE digest = $1", params![api_keys::digest(text)])?;
        Ok(deleted.map(|_| state(None, true)))
    }
}

fn state(key: keys::Key) -> Result<KeyState> {
    Ok(KeyState {
        key: PublicKey::from_spki_der(&key.public_key)?,
        disabled: key.disabled,
        valid_after: key.valid_after,
        valid_before: key.valid_before,
    })
}

/// Records in memory, for unit tests.
#[cfg(test)]
pub mod memory {
    use super::{AccountState, ApiKeyState, KeyState, Records};
    use crate::crypto::rsa::samples;
    use fogbank_sdk::{Result, Timestamp, context};
    use std::collections::BTreeMap;

    /// What is on record.
    #[derive(Default)]
    pub struct Memory {
        pub accounts: BTreeMap<String, AccountState>,
        /// By the account's unique id and the key's id.
        pub keys: BTreeMap<(String, String), KeyState>,
        pub api_keys: BTreeMap<String, ApiKeyState>,
        pub revoked: Vec<String>,
    }

    impl Memory {
        /// One account with one key, `k1`, the first of the samples.
        pub fn sample() -> Self {
            let mut memory = Self::default();
            memory.accounts.insert("robot@demo.iam.gserviceaccount.com".into(), AccountState::Enabled("1".into()));
            memory.accounts.insert("gone@demo.iam.gserviceaccount.com".into(), AccountState::Deleted);
            memory.accounts.insert("idle@demo.iam.gserviceaccount.com".into(), AccountState::Disabled);
            let now = context::now();
            let key = KeyState {
                key: samples::one().public(),
                disabled: false,
                valid_after: now.plus_days(-1),
                valid_before: Timestamp::from_millis(i64::MAX),
            };
            memory.keys.insert(("1".into(), "k1".into()), key);
            memory
        }
    }

    impl Records for Memory {
        fn token_secret(&self) -> Result<Vec<u8>> {
            Ok(b"the tenant's secret".to_vec())
        }

        fn is_revoked(&self, token_id: &str) -> Result<bool> {
            Ok(self.revoked.iter().any(|id| id == token_id))
        }

        fn account(&self, email: &str) -> Result<AccountState> {
            Ok(self.accounts.get(email).cloned().unwrap_or(AccountState::Unknown))
        }

        fn key(&self, account: &str, key: &str) -> Result<Option<KeyState>> {
            Ok(self.keys.get(&(account.to_owned(), key.to_owned())).cloned())
        }

        fn keys(&self, account: &str) -> Result<Vec<KeyState>> {
            Ok(self.keys.iter().filter(|((owner, _), _)| owner == account).map(|(_, key)| key.clone()).collect())
        }

        fn api_key(&self, text: &str) -> Result<Option<ApiKeyState>> {
            Ok(self.api_keys.get(text).cloned())
        }
    }
}
