//! OAuth 2.0 and OpenID Connect, as Google's servers speak them: where clients exchange what they have for tokens, and look up what
//! tokens are and with which keys they are verified. <https://developers.google.com/identity/protocols/oauth2/service-account>
//!
//! Errors have OAuth's form (RFC 6749 section 5.2), with Google's texts where clients and people know them.

mod assertion;
mod certs;
mod failure;
mod form;
mod info;
mod refresh;
mod revoke;
mod token;

pub use certs::{jwk_of_account, jwks, openid_configuration, pem_certificates, x509_of_account};
pub use failure::{Failure, Outcome, answer};
pub use form::Form;
pub use info::{tokeninfo, tokeninfo_v2, userinfo, userinfo_v2};
pub use revoke::revoke;
pub use token::token;
