//! IAM Credentials v1: tokens and signatures in the name of a service account, for those who may have them.
//! <https://cloud.google.com/iam/docs/reference/credentials/rest>

mod delegates;
mod locations;
mod sign;
mod tokens;

pub use locations::get_allowed_locations;
pub use sign::{sign_blob, sign_jwt};
pub use tokens::{generate_access_token, generate_id_token};
