//! Fogbank's own way to tokens and API keys, for administrators: nobody logs in to a local cloud.

mod api_keys;
mod sign_in;

pub use api_keys::{create, get, list, revoke};
pub use sign_in::sign_in;
