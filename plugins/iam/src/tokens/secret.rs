//! The secret that a tenant's access tokens are signed with. It is made when it is first needed and never leaves the database.

use fogbank_sdk::db::{self, params, stmt};
use fogbank_sdk::{Error, Result, id};

const NAME: &str = "access-tokens";

/// The secret: 32 random bytes.
///
/// Errors: the database's; 500 where there are no random numbers.
pub fn get() -> Result<Vec<u8>> {
    if let Some(secret) = stored()? {
        return Ok(secret);
    }
    // Of two who make the first one at once, both read the one that was stored.
    let made: [u8; 32] = id::random()?;
    let sql = "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    db::execute(vec![stmt(sql, params![NAME, made])])?;
    stored()?.ok_or_else(|| Error::internal("the secret for access tokens was not stored"))
}

fn stored() -> Result<Option<Vec<u8>>> {
    let row = db::query_one("SELECT value FROM secrets WHERE name = $1", params![NAME])?;
    Ok(row.map(|mut row| row.take("value")).transpose()?)
}
