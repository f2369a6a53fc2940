//! ID tokens (OpenID Connect Core section 2), signed with RS256: who somebody is, for an audience of their choice. The issuer is the
//! real service's, which clients insist on; the keys are this tenant's.

use super::signing_key;
use crate::crypto::jwt::{self, Token};
use fogbank_sdk::{Result, Timestamp, context};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// `iss`.
pub const ISSUER: &str = "https://accounts.google.com";

/// How long one is good for, in seconds.
const LIFETIME: i64 = 3600;

/// Who somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// A number that is never given twice: of an account its unique id.
    pub id: String,
    pub email: String,
}

impl Subject {
    /// A user, of whom nothing is known but the address. The number always follows from it.
    pub fn of_user(email: &str) -> Self {
        let digest = Sha256::digest(email.to_lowercase().as_bytes());
        let number = digest.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        Self { id: format!("1{:020}", number % 100_000_000_000_000_000_000), email: email.to_owned() }
    }
}

/// Makes one.
///
/// Errors: the database's; 500 where it cannot be signed.
pub fn issue(subject: &Subject, audience: &str, with_email: bool) -> Result<String> {
    let key = signing_key::current()?;
    jwt::sign_rs256(&claims(subject, audience, with_email, context::now()), &key.id, &key.private)
}

fn claims(subject: &Subject, audience: &str, with_email: bool, now: Timestamp) -> Value {
    let mut claims = json!({
        "iss": ISSUER,
        "aud": audience,
        "azp": subject.id,
        "sub": subject.id,
        "iat": now.seconds(),
        "exp": now.seconds() + LIFETIME,
    });
    if with_email {
        claims["email"] = json!(subject.email);
        claims["email_verified"] = json!(true);
    }
    claims
}

/// The claims of an ID token of this tenant's that is good now; none for anything else.
///
/// Errors: the database's.
pub fn verified(text: &str) -> Result<Option<Map<String, Value>>> {
    let Ok(token) = Token::read(text) else { return Ok(None) };
    let keys = signing_key::published()?;
    let mut keys = keys.iter().filter(|key| token.key_id() == Some(&key.id));
    let signed = keys.any(|key| token.is_rs256_by(&key.private.public()));
    let good = token.moment("exp").is_some_and(|expires| expires > context::now());
    Ok((signed && good).then_some(token.claims))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_number_follows_from_the_address() {
        let ann = Subject::of_user("ann@example.com");
        assert!(ann.id.len() == 21 && ann.id.bytes().all(|byte| byte.is_ascii_digit()));
        assert_eq!(ann.id, Subject::of_user("Ann@example.com").id);
        assert_ne!(ann.id, Subject::of_user("bob@example.com").id);
    }

    #[test]
    fn the_address_is_told_where_it_is_asked_for() {
        let (ann, now) = (Subject::of_user("ann@example.com"), Timestamp::from_millis(1_795_248_000_000));
        let claims = |with_email| super::claims(&ann, "https://service.test", with_email, now);
        assert_eq!(claims(true)["email"], "ann@example.com");
        assert_eq!(claims(false).get("email"), None);
        assert_eq!(
            (&claims(true)["aud"], &claims(true)["exp"]),
            (&json!("https://service.test"), &json!(1_795_251_600))
        );
    }
}
