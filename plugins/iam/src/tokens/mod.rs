//! What is kept of tokens and keys that were given out: what they are signed with, and the digests by which they are known again.

pub mod api_key;
pub mod id_token;
pub mod member;
pub mod refresh;
pub mod revoked;
pub mod secret;
pub mod signing_key;

use fogbank_sdk::context;
use fogbank_sdk::db::{Statement, params, stmt};

/// Forgets what has no meaning any more. For the schedule.
pub fn expired() -> [Statement; 3] {
    let now = context::now();
    [
        stmt("DELETE FROM revoked_tokens WHERE expires_ms <= $1", params![now]),
        stmt("DELETE FROM refresh_tokens WHERE expires_ms <= $1", params![now]),
        stmt("DELETE FROM signing_keys WHERE valid_before_ms <= $1", params![now]),
    ]
}
