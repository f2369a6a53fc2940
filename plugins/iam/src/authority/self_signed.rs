//! JSON Web Tokens that a service account signs for itself and sends in place of an access token, as Google's client libraries do
//! where an API takes them. <https://google.aip.dev/auth/4111>

use fogbank_sdk::{Caller, Timestamp, context};

use super::access_token::check_account;
use super::records::{KeyState, Records};
use super::refusal::Refused;
use super::restriction::Restriction;
use super::{Outcome, scopes};
use crate::crypto::jwt::Token;

/// How long such a token is good for at most, in milliseconds.
const LONGEST: i64 = 3_600_000;

/// How far the clock of whoever made it may be ahead of ours, in milliseconds.
pub const SKEW: i64 = 300_000;

/// Issuers of ID tokens: the real service's names, which ours bear too.
const ID_TOKEN_ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

/// Who brings a token of this kind. `base_url` is this server's.
///
/// Errors: why it is none.
pub fn verify(token: &Token, base_url: &str, records: &dyn Records) -> Outcome<Caller> {
    let issuer = token.text("iss").ok_or(Refused::Claim("iss"))?;
    if ID_TOKEN_ISSUERS.contains(&issuer) {
        return Err(Refused::IdToken.into());
    }
    if !issuer.contains('@') {
        return Err(Refused::Issuer(issuer.to_owned()).into());
    }
    check_signed_by(token, issuer, records)?;
    if token.text("sub").is_some_and(|subject| subject != issuer) {
        return Err(Refused::Malformed("its sub is not its iss, and nobody acts for others here".into()).into());
    }
    check_audience(token, base_url)?;
    let expires = check_time(token)?;
    let scope = scopes::restricting(token.text("scope").unwrap_or_default());
    Ok(Caller {
        name: format!("serviceAccount:{issuer}"),
        restriction: Restriction { scope, ..Restriction::default() }.text(),
        expires_ms: u64::try_from(expires.millis()).ok(),
    })
}

/// Refuses unless a key of the account, which has to be there and enabled, signed the token. Gives the account's unique id.
///
/// Errors: what is wrong with the account, the key or the signature.
pub fn check_signed_by(token: &Token, email: &str, records: &dyn Records) -> Outcome<String> {
    let account = check_account(email, None, records)?;
    let signer = match token.key_id() {
        Some(id) => {
            let key = records.key(&account, id)?.ok_or_else(|| Refused::Key(email.to_owned()))?;
            token.is_rs256_by(&key.key).then_some(key)
        }
        None => records.keys(&account)?.into_iter().find(|key| token.is_rs256_by(&key.key)),
    };
    let key = signer.ok_or(Refused::Signature)?;
    check_key(&key, email)?;
    Ok(account)
}

/// Refuses a key that does not count now.
///
/// Errors: why not.
pub fn check_key(key: &KeyState, email: &str) -> Outcome<()> {
    let now = context::now();
    if key.disabled {
        return Err(Refused::KeyDisabled(email.to_owned()).into());
    }
    if now < key.valid_after || now >= key.valid_before {
        return Err(Refused::KeyExpired(email.to_owned()).into());
    }
    Ok(())
}

/// With a scope the audience may be missing; without one it has to be a service of Google's, or this server.
fn check_audience(token: &Token, base_url: &str) -> Outcome<()> {
    let audiences = token.audiences();
    let has_scope = token.text("scope").is_some_and(|scope| !scope.is_empty());
    if audiences.is_empty() && has_scope {
        return Ok(());
    }
    if audiences.is_empty() {
        return Err(Refused::Claim("aud").into());
    }
    let fits = audiences.iter().any(|audience| is_service(audience) || is_below(audience, base_url));
    if fits { Ok(()) } else { Err(Refused::Audience(audiences.join(", ")).into()) }
}

/// `https://storage.googleapis.com/`, matched whole (F29).
fn is_service(audience: &str) -> bool {
    let Some(rest) = audience.strip_prefix("https://") else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    host.strip_suffix(".googleapis.com").is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
    })
}

/// Whether a URL is `base` or below it.
pub fn is_below(url: &str, base: &str) -> bool {
    url.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn check_time(token: &Token) -> Outcome<Timestamp> {
    let now = context::now();
    let expires = token.moment("exp").ok_or(Refused::Claim("exp"))?;
    let issued = token.moment("iat").ok_or(Refused::Claim("iat"))?;
    let from = token.moment("nbf").unwrap_or(issued).max(issued);
    if expires <= now {
        return Err(Refused::Expired(expires).into());
    }
    if from.since(now) > SKEW {
        return Err(Refused::NotYetValid(from).into());
    }
    if expires.since(issued) > LONGEST {
        return Err(Refused::TooLong.into());
    }
    Ok(expires)
}

#[cfg(test)]
mod tests {
    use super::super::Failure;
    use super::super::records::memory::Memory;
    use super::*;
    use crate::crypto::jwt;
    use crate::crypto::rsa::{PrivateKey, samples};
    use serde_json::{Value, json};

    const ROBOT: &str = "robot@demo.iam.gserviceaccount.com";
    const BASE: &str = "http://127.0.0.1:8080";

    fn claims() -> Value {
        let now = context::now().seconds();
        json!({"iss": ROBOT, "sub": ROBOT, "aud": "https://storage.googleapis.com/", "iat": now, "exp": now + 3600})
    }

    fn signed(claims: &Value, kid: &str, key: &PrivateKey) -> Token {
        Token::read(&jwt::sign_rs256(claims, kid, key).unwrap()).unwrap()
    }

    fn with(change: impl Fn(&mut Value)) -> Token {
        let mut claims = claims();
        change(&mut claims);
        signed(&claims, "k1", &samples::one())
    }

    fn outcome(token: &Token, records: &Memory) -> Result<String, Refused> {
        match verify(token, BASE, records) {
            Ok(caller) => Ok(caller.name),
            Err(Failure::Refused(refused)) => Err(refused),
            Err(Failure::Records(error)) => panic!("{error}"),
        }
    }

    fn refused(token: &Token) -> Refused {
        outcome(token, &Memory::sample()).unwrap_err()
    }

    #[test]
    fn an_account_speaks_for_itself() {
        let name = Ok(format!("serviceAccount:{ROBOT}"));
        assert_eq!(outcome(&with(|_| {}), &Memory::sample()), name);
        assert_eq!(outcome(&with(|claims| claims["aud"] = json!(BASE)), &Memory::sample()), name);
        let scoped = with(|claims| {
            claims.as_object_mut().unwrap().remove("aud");
            claims["scope"] = json!("https://www.googleapis.com/auth/cloud-platform");
        });
        assert_eq!(outcome(&scoped, &Memory::sample()), name);
        assert_eq!(outcome(&signed(&claims(), "", &samples::one()), &Memory::sample()), name);
    }

    #[test]
    fn f27_each_fault_has_its_own_reason() {
        let now = context::now().seconds();
        assert!(matches!(refused(&with(|claims| claims["exp"] = json!(now - 1))), Refused::Expired(_)));
        assert!(matches!(refused(&with(|claims| claims["iat"] = json!(now + 900))), Refused::NotYetValid(_)));
        assert_eq!(refused(&with(|claims| claims["exp"] = json!(now + 7200))), Refused::TooLong);
        assert_eq!(refused(&with(|claims| drop(claims.as_object_mut().unwrap().remove("exp")))), Refused::Claim("exp"));
        assert!(matches!(refused(&with(|claims| claims["sub"] = json!("ann@example.com"))), Refused::Malformed(_)));
        assert!(matches!(refused(&with(|claims| claims["iss"] = json!("https://issuer.test"))), Refused::Issuer(_)));
        assert_eq!(refused(&with(|claims| claims["iss"] = json!("https://accounts.google.com"))), Refused::IdToken);
        assert_eq!(refused(&signed(&claims(), "k1", &samples::other())), Refused::Signature);
        assert!(matches!(refused(&signed(&claims(), "k9", &samples::one())), Refused::Key(_)));
        for (email, wanted) in
            [("gone", "ACCOUNT_STATE_DELETED"), ("idle", "ACCOUNT_STATE_DISABLED"), ("who", "ACCOUNT_UNKNOWN")]
        {
            let email = format!("{email}@demo.iam.gserviceaccount.com");
            let token = with(|claims| claims["iss"] = json!(email));
            assert_eq!(refused(&token).reason(), wanted);
        }
    }

    #[test]
    fn f27_a_key_that_does_not_count_signs_nothing() {
        let mut records = Memory::sample();
        let key = records.keys.values_mut().next().unwrap();
        key.disabled = true;
        assert!(matches!(outcome(&with(|_| {}), &records), Err(Refused::KeyDisabled(_))));
        let key = records.keys.values_mut().next().unwrap();
        (key.disabled, key.valid_before) = (false, context::now());
        assert!(matches!(outcome(&with(|_| {}), &records), Err(Refused::KeyExpired(_))));
    }

    #[test]
    fn f29_audiences_are_matched_whole() {
        for audience in [
            "https://evil.example.com",
            "https://storage.googleapis.com.evil.com/",
            "https://evilgoogleapis.com/",
            "http://storage.googleapis.com/",
            "https://user@storage.googleapis.com/",
            "http://127.0.0.1:80801",
            "https://oauth2.googleapis.com.evil/token",
        ] {
            assert!(
                matches!(refused(&with(|claims| claims["aud"] = json!(audience))), Refused::Audience(_)),
                "{audience}"
            );
        }
    }
}
