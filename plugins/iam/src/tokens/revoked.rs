//! Access tokens that were taken back, by their ids, until they would have ended by themselves.

use fogbank_sdk::db::{self, params, stmt};
use fogbank_sdk::{Result, Timestamp, identity};

/// Whether the token with this id was taken back.
///
/// Errors: the database's.
pub fn is_revoked(id: &str) -> Result<bool> {
    Ok(db::query_one("SELECT id FROM revoked_tokens WHERE id = $1", params![id])?.is_some())
}

/// Takes a token back.
///
/// Errors: the database's.
pub fn revoke(id: &str, expires: Timestamp) -> Result<()> {
    let sql = "INSERT INTO revoked_tokens (id, expires_ms) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
    db::execute(vec![stmt(sql, params![id, expires])])?;
    identity::changed();
    Ok(())
}
