//! The keys that a tenant's ID tokens are signed with. Made when they are first needed, replaced as they age, published while what
//! they signed is good.

use crate::crypto::rsa::{self, PrivateKey};
use fogbank_sdk::db::{self, Row, params};
use fogbank_sdk::encoding::hex;
use fogbank_sdk::{Error, Result, Timestamp, context, id};

/// How long a key signs, in days.
const SIGNS_DAYS: i64 = 30;

/// The name in its certificates: the real service's.
const NAME: &str = "federated-signon.system.gserviceaccount.com";

/// A key that signs ID tokens.
#[derive(Debug)]
pub struct SigningKey {
    /// The `kid` of what it signs.
    pub id: String,
    pub private: PrivateKey,
    /// X.509, PEM.
    pub certificate: String,
}

/// The key that signs now.
///
/// Errors: the database's; 500 where no key can be made.
pub fn current() -> Result<SigningKey> {
    let now = context::now();
    let sql = "SELECT id, private_key, certificate FROM signing_keys WHERE created_ms > $1 ORDER BY created_ms DESC, id LIMIT 1";
    let youngest = params![now.plus_days(-SIGNS_DAYS)];
    if let Some(mut row) = db::query_one(sql, youngest.clone())? {
        return read(&mut row);
    }
    let made = make(now)?;
    // Two who need the first key at once end with one.
    let other = db::transaction(|tx| {
        let other = tx.query_one(sql, youngest.clone())?;
        if other.is_none() {
            let insert = "INSERT INTO signing_keys (id, private_key, certificate, created_ms, valid_before_ms) VALUES ($1, $2, $3, $4, $5)";
            let der = made.private.to_pkcs8_der()?;
            tx.execute(insert, params![&made.id, der, &made.certificate, now, now.plus_days(2 * SIGNS_DAYS)])?;
        }
        Ok(other)
    })?;
    match other {
        Some(mut row) => read(&mut row),
        None => Ok(made),
    }
}

/// The keys whose signatures count; makes the first one, so that there is always one.
///
/// Errors: as [`current`].
pub fn published() -> Result<Vec<SigningKey>> {
    let sql =
        "SELECT id, private_key, certificate FROM signing_keys WHERE valid_before_ms > $1 ORDER BY created_ms, id";
    let mut rows = db::query(sql, params![context::now()])?;
    if rows.is_empty() {
        return Ok(vec![current()?]);
    }
    rows.iter_mut().map(read).collect()
}

fn make(now: Timestamp) -> Result<SigningKey> {
    let private = rsa::generate()?;
    let certificate = private.self_signed_certificate_pem(NAME, now.plus_days(-1), now.plus_days(2 * SIGNS_DAYS))?;
    Ok(SigningKey { id: hex(&id::random::<20>()?), private, certificate })
}

fn read(row: &mut Row) -> Result<SigningKey> {
    let der: Vec<u8> = row.take("private_key")?;
    let private = PrivateKey::from_pkcs8_der(&der).map_err(|_| Error::internal("a signing key does not read"))?;
    Ok(SigningKey { id: row.take("id")?, private, certificate: row.take("certificate")? })
}
