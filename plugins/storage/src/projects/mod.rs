//! What Cloud Storage has for a project: HMAC keys, and the service agent.

pub mod hmac_keys;
pub mod service_account;
