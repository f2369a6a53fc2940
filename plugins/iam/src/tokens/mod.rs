//! What is kept of tokens and keys that were given out: what they are signed with, and the digests by which they are known again.

pub mod api_key;
pub mod id_token;
pub mod member;
pub mod refresh;
pub mod revoked;
pub mod secret;
pub mod signing_key;

use fogbank_sdk::db::{self, params, stmt};
use fogbank_sdk::{Result, context};

/// Forgets what has no meaning any more. For the schedule.
///
/// Errors: the database's.
pub fn sweep() -> Result<()> {
    let now = context::now();
    db::execute(vec![
        stmt("DELETE FROM revoked_tokens WHERE expires_ms < $1", params![now]),
        stmt("DELETE FROM refresh_tokens WHERE expires_ms < $1", params![now]),
        stmt("DELETE FROM signing_keys WHERE valid_before_ms < $1", params![now]),
    ])?;
    Ok(())
}
