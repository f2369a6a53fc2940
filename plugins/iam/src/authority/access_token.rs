//! Access tokens: JSON Web Tokens (RFC 9068) that only the tenant which made them can verify. Everything that a decision needs stands
//! in the token, so that nothing is kept of it but, once it is taken back, its id.

use fogbank_sdk::{Caller, Result, Timestamp, context, id};
use serde_json::{Value, json};

use super::boundary::Boundary;
use super::records::{AccountState, Records};
use super::refusal::Refused;
use super::restriction::Restriction;
use super::{Failure, Outcome, scopes};
use crate::crypto::jwt::{self, Token};

/// Who makes the tokens.
pub const ISSUER: &str = "https://fogbank.internal";

/// RFC 9068 section 2.1.
const TYPE: &str = "at+jwt";

/// How long a token is good for where nobody says otherwise, in seconds.
pub const LIFETIME: i64 = 3600;

/// What a token is to say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grant {
    /// `user:ann@example.com`, `serviceAccount:...`, `principal://...`.
    pub member: String,
    /// The unique id of a service account: one that is made anew under the same address does not inherit tokens.
    pub account: Option<String>,
    pub project: Option<String>,
    /// OAuth scopes with spaces between them.
    pub scope: String,
    /// Seconds.
    pub lifetime: i64,
    pub boundary: Option<Boundary>,
    /// Of a federated identity.
    pub groups: Vec<String>,
    /// Of a federated identity.
    pub attributes: std::collections::BTreeMap<String, String>,
}

/// A token that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    pub token: String,
    pub expires: Timestamp,
}

/// Makes a token that is good from now on.
///
/// Errors: 500 where there are no random numbers.
pub fn issue(grant: &Grant, secret: &[u8]) -> Result<Issued> {
    let now = context::now();
    let expires = now.plus_seconds(grant.lifetime);
    let tenant = context::tenant();
    let mut claims = json!({
        "iss": ISSUER,
        "aud": audience(&tenant),
        "sub": grant.member,
        "iat": now.seconds(),
        "nbf": now.seconds(),
        "exp": expires.seconds(),
        "jti": id::token()?,
        "tenant": tenant,
    });
    let optional = [
        ("account", grant.account.as_ref().map(|account| json!(account))),
        ("project", grant.project.as_ref().map(|project| json!(project))),
        ("scope", (!grant.scope.is_empty()).then(|| json!(grant.scope))),
        ("boundary", grant.boundary.as_ref().map(|boundary| json!(boundary))),
        ("groups", (!grant.groups.is_empty()).then(|| json!(grant.groups))),
        ("attributes", (!grant.attributes.is_empty()).then(|| json!(grant.attributes))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            claims[name] = value;
        }
    }
    Ok(Issued {
        token: jwt::sign_hs256(&claims, TYPE, secret),
        expires: Timestamp::from_millis(expires.seconds() * 1000),
    })
}

/// Whom tokens of a tenant are for.
fn audience(tenant: &str) -> String {
    format!("{ISSUER}/{tenant}")
}

/// Whether a token looks like one of this kind.
pub fn is_ours(token: &Token) -> bool {
    token.algorithm() == "HS256"
}

/// Who brings a token of this kind.
///
/// Errors: why it is none.
pub fn verify(token: &Token, records: &dyn Records) -> Outcome<Caller> {
    check_claims(token)?;
    if !token.is_hs256_with(&records.token_secret()?) {
        return Err(Refused::Signature.into());
    }
    check_time(token)?;
    let id = token.text("jti").ok_or(Refused::Claim("jti"))?;
    if records.is_revoked(id)? {
        return Err(Refused::Revoked.into());
    }
    let member = token.text("sub").ok_or(Refused::Claim("sub"))?;
    if let Some(email) = member.strip_prefix("serviceAccount:") {
        check_account(email, token.text("account"), records)?;
    }
    Ok(Caller {
        name: member.to_owned(),
        restriction: restriction(token)?.text(),
        expires_ms: token.moment("exp").and_then(|expires| u64::try_from(expires.millis()).ok()),
    })
}

/// For whom it was made, before anything is looked up.
fn check_claims(token: &Token) -> Outcome<()> {
    let issuer = token.text("iss").ok_or(Refused::Claim("iss"))?;
    if issuer != ISSUER {
        return Err(Refused::Issuer(issuer.to_owned()).into());
    }
    let tenant = token.text("tenant").ok_or(Refused::Claim("tenant"))?;
    if tenant != context::tenant() {
        return Err(Refused::Tenant(tenant.to_owned()).into());
    }
    let wanted = audience(tenant);
    if !token.audiences().contains(&wanted.as_str()) {
        return Err(Refused::Audience(token.audiences().join(", ")).into());
    }
    match token.header.get("typ").and_then(Value::as_str) {
        Some(TYPE) => Ok(()),
        _ => Err(Refused::Malformed(format!("its type is not {TYPE}")).into()),
    }
}

fn check_time(token: &Token) -> Outcome<()> {
    let now = context::now();
    let expires = token.moment("exp").ok_or(Refused::Claim("exp"))?;
    let from = token.moment("nbf").ok_or(Refused::Claim("nbf"))?;
    if expires <= now {
        return Err(Refused::Expired(expires).into());
    }
    // Whole seconds: a token that was made now is good now.
    if from.seconds() > now.seconds() {
        return Err(Refused::NotYetValid(from).into());
    }
    Ok(())
}

/// Refuses unless the account is there, enabled, and the one with that unique id. Gives its unique id.
///
/// Errors: why it does not count.
pub fn check_account(email: &str, unique_id: Option<&str>, records: &dyn Records) -> Outcome<String> {
    let email_owned = || email.to_owned();
    match records.account(email)? {
        AccountState::Enabled(current) if unique_id.is_none_or(|id| id == current) => Ok(current),
        AccountState::Enabled(_) | AccountState::Deleted => Err(Refused::AccountDeleted(email_owned()).into()),
        AccountState::Disabled => Err(Refused::AccountDisabled(email_owned()).into()),
        AccountState::Unknown => Err(Refused::Account(email_owned()).into()),
    }
}

fn restriction(token: &Token) -> Result<Restriction, Failure> {
    // The signature is ours, so what does not read is a fault of ours: better no access than too much.
    fn read<T: serde::de::DeserializeOwned + Default>(token: &Token, claim: &'static str) -> Result<T, Failure> {
        let value = token.claims.get(claim).cloned();
        let read = value.map(serde_json::from_value).transpose().map_err(|_| Refused::Claim(claim))?;
        Ok(read.unwrap_or_default())
    }
    Ok(Restriction {
        scope: scopes::restricting(token.text("scope").unwrap_or_default()),
        boundary: read(token, "boundary")?,
        groups: read(token, "groups")?,
        attributes: read(token, "attributes")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::records::memory::Memory;
    use super::*;

    const ROBOT: &str = "robot@demo.iam.gserviceaccount.com";

    fn grant(member: &str) -> Grant {
        Grant { member: member.into(), lifetime: 60, ..Grant::default() }
    }

    fn made(grant: &Grant) -> Token {
        let secret = Memory::default().token_secret().unwrap();
        Token::read(&issue(grant, &secret).unwrap().token).unwrap()
    }

    /// A token with claims of the test's own, well signed.
    fn signed(change: impl Fn(&mut Value)) -> Token {
        let mut claims = Value::Object(made(&grant("user:ann@example.com")).claims);
        change(&mut claims);
        Token::read(&jwt::sign_hs256(&claims, TYPE, &Memory::default().token_secret().unwrap())).unwrap()
    }

    fn refused(token: &Token) -> Refused {
        match verify(token, &Memory::sample()).unwrap_err() {
            Failure::Refused(refused) => refused,
            Failure::Records(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_token_names_its_member_scope_and_end() {
        let scope = "https://www.googleapis.com/auth/devstorage.read_only";
        let token = made(&Grant { scope: scope.into(), ..grant("user:ann@example.com") });
        let caller = verify(&token, &Memory::sample()).unwrap();
        assert_eq!(caller.name, "user:ann@example.com");
        assert_eq!(Restriction::read(&caller.restriction).unwrap().scope, scope);
        assert!(caller.expires_ms.unwrap() > context::now().millis() as u64);
        assert_eq!(token.text("tenant"), Some("default"));
    }

    #[test]
    fn f27_each_fault_of_a_token_has_its_own_reason() {
        let now = context::now().seconds();
        assert!(matches!(refused(&signed(|claims| claims["exp"] = json!(now - 1))), Refused::Expired(_)));
        assert!(matches!(refused(&signed(|claims| claims["nbf"] = json!(now + 60))), Refused::NotYetValid(_)));
        assert!(matches!(refused(&signed(|claims| claims["aud"] = json!("https://x"))), Refused::Audience(_)));
        assert!(matches!(refused(&signed(|claims| claims["iss"] = json!("https://x"))), Refused::Issuer(_)));
        assert!(matches!(refused(&signed(|claims| claims["tenant"] = json!("blue"))), Refused::Tenant(_)));
        for claim in ["exp", "nbf", "jti", "sub", "tenant", "iss"] {
            let without = signed(|claims| drop(claims.as_object_mut().unwrap().remove(claim)));
            assert_eq!(refused(&without), Refused::Claim(claim));
        }
        let other = Token::read(&issue(&grant("user:ann@example.com"), b"another secret").unwrap().token).unwrap();
        assert_eq!(refused(&other), Refused::Signature);
        let claims = Value::Object(made(&grant("user:ann@example.com")).claims);
        let id_token = jwt::sign_hs256(&claims, "JWT", &Memory::default().token_secret().unwrap());
        assert!(matches!(refused(&Token::read(&id_token).unwrap()), Refused::Malformed(_)));
    }

    #[test]
    fn f27_a_revoked_token_opens_nothing() {
        let token = made(&grant("user:ann@example.com"));
        let mut records = Memory::sample();
        records.revoked.push(token.text("jti").unwrap().to_owned());
        assert!(matches!(verify(&token, &records).unwrap_err(), Failure::Refused(Refused::Revoked)));
    }

    #[test]
    fn f27_the_account_behind_a_token_is_still_there() {
        let of = |email: &str, account: &str| {
            made(&Grant { account: Some(account.into()), ..grant(&format!("serviceAccount:{email}")) })
        };
        assert_eq!(verify(&of(ROBOT, "1"), &Memory::sample()).unwrap().name, format!("serviceAccount:{ROBOT}"));
        assert!(matches!(refused(&of(ROBOT, "2")), Refused::AccountDeleted(_)));
        assert!(matches!(refused(&of("gone@demo.iam.gserviceaccount.com", "1")), Refused::AccountDeleted(_)));
        assert!(matches!(refused(&of("idle@demo.iam.gserviceaccount.com", "1")), Refused::AccountDisabled(_)));
        assert!(matches!(refused(&of("who@demo.iam.gserviceaccount.com", "1")), Refused::Account(_)));
    }
}
