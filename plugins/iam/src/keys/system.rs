//! Keys that sign for an account here.

use super::{Kind, create};
use crate::accounts::Account;
use crate::crypto::rsa::{self, PrivateKey};
use fogbank_sdk::db::{self, Transaction, params};
use fogbank_sdk::{Error, Result, Timestamp, context};

/// How long such a key signs, in days; what it signed can be verified twice as long.
const SIGNS_DAYS: i64 = 14;

/// A key that signs for an account.
#[derive(Debug)]
pub struct SigningKey {
    /// The `kid` of what it signs.
    pub id: String,
    pub private: PrivateKey,
}

/// The key that signs for an account now. Makes one where there is none, or only old ones.
///
/// Errors: the database's; 500 where no key can be made.
pub fn system_managed(account: &Account) -> Result<SigningKey> {
    let now = context::now();
    let sql = "SELECT id, private_key FROM account_keys WHERE account = $1 AND kind = 'SYSTEM_MANAGED' AND valid_after_ms > $2 \
               ORDER BY valid_after_ms DESC, id LIMIT 1";
    let youngest = params![&account.unique_id, now.plus_days(-SIGNS_DAYS)];
    if let Some(mut row) = db::query_one(sql, youngest.clone())? {
        return signing(row.take("id")?, &row.take::<String>("private_key")?);
    }
    let private = rsa::generate()?;
    let pem = private.to_pkcs8_pem()?;
    let key = create::pair(account, &private, Kind::System, now.plus_days(2 * SIGNS_DAYS))?;
    // Two who need the first key at once end with one.
    let other = db::transaction(|tx| {
        let other = tx.query_one(sql, youngest.clone())?;
        if other.is_none() {
            forget_old(tx, account, now)?;
            key.insert(tx, account, Some(&pem))?;
        }
        Ok(other)
    })?;
    match other {
        Some(mut row) => signing(row.take("id")?, &row.take::<String>("private_key")?),
        None => Ok(SigningKey { id: key.id, private }),
    }
}

fn forget_old(tx: &Transaction, account: &Account, now: Timestamp) -> Result<()> {
    let sql = "DELETE FROM account_keys WHERE account = $1 AND kind = 'SYSTEM_MANAGED' AND valid_before_ms < $2";
    tx.execute(sql, params![&account.unique_id, now])?;
    Ok(())
}

fn signing(id: String, pem: &str) -> Result<SigningKey> {
    let private =
        PrivateKey::from_pkcs8_pem(pem).map_err(|_| Error::internal(format!("the key {id} does not read")))?;
    Ok(SigningKey { id, private })
}
