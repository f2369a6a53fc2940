//! Who brings a credential: an access token, a token that an account signed for itself, an API key, or a signature under a message.

use fogbank_sdk::{Caller, Credential, SignedMessage, context};

use super::access_token::{self, check_account};
use super::records::Records;
use super::refusal::Refused;
use super::self_signed;
use super::{Outcome, restriction::Restriction};
use crate::crypto::jwt::{Malformed, Token};
use crate::tokens::{api_key, refresh};

/// Says who brings `credential`.
///
/// Errors: why it is none.
pub fn verify(credential: &Credential, records: &dyn Records) -> Outcome<Caller> {
    match credential {
        Credential::Bearer(token) => bearer(token.trim(), &context::base_url(), records),
        Credential::ApiKey(key) => by_api_key(key.trim(), records),
        Credential::Signed(signed) => by_signature(signed, records),
    }
}

/// Whoever brings this behind `Bearer`.
pub fn bearer(text: &str, base_url: &str, records: &dyn Records) -> Outcome<Caller> {
    let token = Token::read(text).map_err(|malformed| no_token(text, malformed))?;
    match token.algorithm() {
        "" => Err(Refused::Unsigned.into()),
        none if none.eq_ignore_ascii_case("none") => Err(Refused::Unsigned.into()),
        "HS256" => access_token::verify(&token, records),
        "RS256" => self_signed::verify(&token, base_url, records),
        other => Err(Refused::Algorithm(other.chars().take(20).collect()).into()),
    }
}

fn no_token(text: &str, malformed: Malformed) -> Refused {
    if text.is_empty() {
        Refused::Empty
    } else if text.starts_with(refresh::PREFIX) {
        Refused::RefreshToken
    } else if text.starts_with(api_key::PREFIX) || text.starts_with("AIza") {
        Refused::KeyAsToken
    } else {
        Refused::Malformed(malformed.to_string())
    }
}

fn by_api_key(text: &str, records: &dyn Records) -> Outcome<Caller> {
    let key = records.api_key(text)?.ok_or(Refused::ApiKey)?;
    if key.revoked {
        return Err(Refused::ApiKeyRevoked.into());
    }
    if let Some(expires) = key.expires.filter(|expires| *expires <= context::now()) {
        return Err(Refused::ApiKeyExpired(expires).into());
    }
    if let Some(email) = key.member.strip_prefix("serviceAccount:") {
        check_account(email, None, records)?;
    }
    let expires_ms = key.expires.and_then(|expires| u64::try_from(expires.millis()).ok());
    Ok(Caller { name: key.member, restriction: Restriction::default().text(), expires_ms })
}

fn by_signature(signed: &SignedMessage, records: &dyn Records) -> Outcome<Caller> {
    let email = &signed.account;
    let account = check_account(email, None, records)?;
    if let Some(signature) = &signed.rsa_sha256 {
        let keys = records.keys(&account)?;
        let key = keys.iter().find(|key| key.key.verifies(&signed.message, signature));
        self_signed::check_key(key.ok_or_else(|| Refused::SignedMessage(email.clone()))?, email)?;
    }
    Ok(Caller { name: format!("serviceAccount:{email}"), restriction: String::new(), expires_ms: None })
}

#[cfg(test)]
mod tests {
    use super::super::Failure;
    use super::super::records::ApiKeyState;
    use super::super::records::memory::Memory;
    use super::*;
    use crate::crypto::rsa::samples;
    use fogbank_sdk::Timestamp;
    use fogbank_sdk::encoding::b64url;

    const ROBOT: &str = "robot@demo.iam.gserviceaccount.com";

    fn outcome(credential: Credential, records: &Memory) -> Result<String, Refused> {
        match verify(&credential, records) {
            Ok(caller) => Ok(caller.name),
            Err(Failure::Refused(refused)) => Err(refused),
            Err(Failure::Records(error)) => panic!("{error}"),
        }
    }

    fn of_bearer(text: &str) -> Refused {
        outcome(Credential::Bearer(text.into()), &Memory::sample()).unwrap_err()
    }

    #[test]
    fn f27_what_is_no_token_is_told_from_what_is_a_bad_one() {
        assert_eq!(of_bearer(""), Refused::Empty);
        assert!(matches!(of_bearer("ya29.hello"), Refused::Malformed(_)));
        assert_eq!(of_bearer("fbr_0123"), Refused::RefreshToken);
        assert_eq!(of_bearer("fbk_0123"), Refused::KeyAsToken);
        assert_eq!(of_bearer("AIzaSy0123"), Refused::KeyAsToken);
        let with = |header: &str| format!("{}.{}.", b64url(header), b64url("{}"));
        assert_eq!(of_bearer(&with(r#"{"alg":"none"}"#)), Refused::Unsigned);
        assert_eq!(of_bearer(&with(r#"{"alg":"NONE"}"#)), Refused::Unsigned);
        assert_eq!(of_bearer(&with("{}")), Refused::Unsigned);
        assert_eq!(of_bearer(&with(r#"{"alg":"ES256"}"#)), Refused::Algorithm("ES256".into()));
    }

    #[test]
    fn f27_api_keys_are_known_or_revoked_or_expired() {
        let mut records = Memory::sample();
        let key = |member: &str, revoked, expires| ApiKeyState { member: member.into(), revoked, expires };
        records.api_keys.insert("ann".into(), key("user:ann@example.com", false, None));
        records.api_keys.insert("robot".into(), key(&format!("serviceAccount:{ROBOT}"), false, None));
        records.api_keys.insert("idle".into(), key("serviceAccount:idle@demo.iam.gserviceaccount.com", false, None));
        records.api_keys.insert("revoked".into(), key("user:ann@example.com", true, None));
        records.api_keys.insert("old".into(), key("user:ann@example.com", false, Some(Timestamp::from_millis(1))));
        let of = |text: &str| outcome(Credential::ApiKey(text.into()), &records);
        assert_eq!(of("ann"), Ok("user:ann@example.com".into()));
        assert_eq!(of("robot"), Ok(format!("serviceAccount:{ROBOT}")));
        assert!(matches!(of("idle"), Err(Refused::AccountDisabled(_))));
        assert_eq!(of("revoked"), Err(Refused::ApiKeyRevoked));
        assert!(matches!(of("old"), Err(Refused::ApiKeyExpired(_))));
        assert_eq!(of("?"), Err(Refused::ApiKey));
    }

    #[test]
    fn f27_a_signature_is_of_a_key_that_counts() {
        let mut records = Memory::sample();
        let signed = |account: &str, message: &str, signature: Option<Vec<u8>>| {
            Credential::Signed(SignedMessage {
                account: account.into(),
                message: message.into(),
                rsa_sha256: signature,
            })
        };
        let signature = samples::one().sign(b"message").unwrap();
        let name = Ok(format!("serviceAccount:{ROBOT}"));
        assert_eq!(outcome(signed(ROBOT, "message", Some(signature.clone())), &records), name);
        assert_eq!(outcome(signed(ROBOT, "", None), &records), name);
        assert!(matches!(
            outcome(signed(ROBOT, "massage", Some(signature.clone())), &records),
            Err(Refused::SignedMessage(_))
        ));
        assert!(matches!(
            outcome(signed("who@x.iam.gserviceaccount.com", "", None), &records),
            Err(Refused::Account(_))
        ));
        records.keys.values_mut().next().unwrap().disabled = true;
        assert!(matches!(outcome(signed(ROBOT, "message", Some(signature)), &records), Err(Refused::KeyDisabled(_))));
    }

    #[test]
    fn f28_no_message_repeats_a_credential() {
        for text in ["secret-token", "fbk_secret-token", "fbr_secret-token", "secret.token"] {
            assert!(!of_bearer(text).message().contains("secret"), "{text}");
        }
    }
}
