//! A token that a service account signed with a key of its own, for one of ours (RFC 7523).

use super::failure::{Failure, Outcome};
use crate::authority::records::{Database, Records};
use crate::authority::refusal::Refused;
use crate::authority::{self, self_signed};
use crate::crypto::jwt::Token;
use crate::tokens::id_token;
use crate::tokens::member::{Member, access_token};
use fogbank_sdk::context;
use serde_json::{Value, json};

/// `grant_type`.
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How long an assertion is good for at most, in milliseconds: an hour, and what clocks differ.
const LONGEST: i64 = 3_600_000 + self_signed::SKEW;

/// Whom assertions are for: clients write one of these, whatever server they ask.
const AUDIENCES: [&str; 4] = [
    "https://oauth2.googleapis.com/token",
    "https://www.googleapis.com/oauth2/v4/token",
    "https://accounts.google.com/o/oauth2/token",
    "https://www.googleapis.com/oauth2/v3/token",
];

/// What an assertion asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// An access token with these scopes.
    Access(String),
    /// An ID token for this audience.
    Id(String),
}

/// Exchanges an assertion.
pub fn exchange(text: &str, base_url: &str) -> Outcome<Value> {
    let (email, wanted) = verify(text, base_url, &Database)?;
    let member = Member::read(&format!("serviceAccount:{email}"))?;
    match wanted {
        Wanted::Id(audience) => Ok(json!({"id_token": id_token::issue(&member.subject(), &audience, true)?})),
        Wanted::Access(scope) => {
            let issued = access_token(&member.grant(None, &scope))?;
            Ok(json!({"access_token": issued.token, "expires_in": 3599, "token_type": "Bearer"}))
        }
    }
}

/// Whose assertion it is, and what it asks for.
fn verify(text: &str, base_url: &str, records: &dyn Records) -> Outcome<(String, Wanted)> {
    let invalid = |text: &str| Failure::InvalidGrant(format!("Invalid JWT: {text}"));
    let token = Token::read(text).map_err(|why| invalid(&format!("{why}.")))?;
    if token.algorithm() != "RS256" {
        return Err(invalid("Token must be signed with RS256."));
    }
    let email = token.text("iss").ok_or_else(|| invalid("Token must name its issuer: iss."))?;
    self_signed::check_signed_by(&token, email, records).map_err(of_signature)?;
    if token.text("sub").is_some_and(|subject| subject != email) {
        return Err(Failure::UnauthorizedClient(
            "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes \
             requested."
                .into(),
        ));
    }
    let own = [format!("{base_url}/token"), format!("{base_url}/oauth2/v4/token")];
    let fits = |audience: &&str| AUDIENCES.contains(audience) || own.iter().any(|own| own == audience);
    if !token.audiences().iter().any(fits) {
        return Err(invalid(&format!("Failed audience check. The right audience is {}", AUDIENCES[0])));
    }
    check_time(&token)?;
    let text = |claim: &str| token.text(claim).filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let wanted = text("target_audience").map(Wanted::Id).or_else(|| text("scope").map(Wanted::Access));
    let wanted =
        wanted.ok_or_else(|| Failure::InvalidScope("Invalid OAuth scope or ID token audience provided.".into()))?;
    Ok((email.to_owned(), wanted))
}

fn check_time(token: &Token) -> Outcome<()> {
    let now = context::now();
    let reasonable = token.moment("iat").zip(token.moment("exp")).is_some_and(|(issued, expires)| {
        expires > now && issued.since(now) <= self_signed::SKEW && expires.since(issued) <= LONGEST && expires > issued
    });
    if reasonable {
        return Ok(());
    }
    Err(Failure::InvalidGrant(
        "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in \
         the JWT claim."
            .into(),
    ))
}

fn of_signature(failure: authority::Failure) -> Failure {
    let refused = match failure {
        authority::Failure::Records(error) => return Failure::Other(error),
        authority::Failure::Refused(refused) => refused,
    };
    Failure::InvalidGrant(match refused {
        Refused::Signature => "Invalid JWT Signature.".into(),
        Refused::Account(_) | Refused::AccountDeleted(_) => "Invalid grant: account not found".into(),
        other => format!("Invalid JWT Signature. {}", other.message()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::records::memory::Memory;
    use crate::crypto::jwt;
    use crate::crypto::rsa::samples;

    const ROBOT: &str = "robot@demo.iam.gserviceaccount.com";
    const BASE: &str = "http://127.0.0.1:8080";

    fn outcome(change: impl Fn(&mut Value)) -> Result<Wanted, String> {
        let now = context::now().seconds();
        let mut claims = json!({
            "iss": ROBOT, "aud": AUDIENCES[0], "iat": now, "exp": now + 3600,
            "scope": "https://www.googleapis.com/auth/cloud-platform",
        });
        change(&mut claims);
        let text = jwt::sign_rs256(&claims, "k1", &samples::one()).unwrap();
        of_text(&text)
    }

    fn of_text(text: &str) -> Result<Wanted, String> {
        match verify(text, BASE, &Memory::sample()) {
            Ok((email, wanted)) => {
                assert_eq!(email, ROBOT);
                Ok(wanted)
            }
            Err(Failure::InvalidGrant(text) | Failure::InvalidScope(text) | Failure::UnauthorizedClient(text)) => {
                Err(text)
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_assertion_asks_for_an_access_token_or_an_id_token() {
        assert_eq!(outcome(|_| {}), Ok(Wanted::Access("https://www.googleapis.com/auth/cloud-platform".into())));
        let id = |claims: &mut Value| claims["target_audience"] = json!("https://service.test");
        assert_eq!(outcome(id), Ok(Wanted::Id("https://service.test".into())));
        for audience in AUDIENCES.iter().map(|audience| (*audience).to_owned()).chain([format!("{BASE}/token")]) {
            assert!(outcome(|claims| claims["aud"] = json!(audience)).is_ok(), "{audience}");
        }
    }

    #[test]
    fn f27_a_bad_assertion_is_refused_in_googles_words() {
        let now = context::now().seconds();
        let refused = |change: &dyn Fn(&mut Value)| outcome(change).unwrap_err();
        assert!(refused(&|claims| claims["aud"] = json!("https://evil.test/token")).contains("Failed audience check"));
        assert!(refused(&|claims| claims["exp"] = json!(now - 1)).contains("short-lived token"));
        assert!(refused(&|claims| claims["exp"] = json!(now + 7200)).contains("short-lived token"));
        assert!(refused(&|claims| claims["iat"] = json!(now + 900)).contains("short-lived token"));
        assert!(refused(&|claims| drop(claims.as_object_mut().unwrap().remove("iat"))).contains("short-lived token"));
        assert!(refused(&|claims| claims["sub"] = json!("ann@example.com")).contains("unauthorized"));
        assert!(refused(&|claims| claims["scope"] = json!(" ")).contains("Invalid OAuth scope"));
        assert!(
            refused(&|claims| claims["iss"] = json!("who@x.iam.gserviceaccount.com")).contains("account not found")
        );
        assert!(
            refused(&|claims| claims["iss"] = json!("gone@demo.iam.gserviceaccount.com")).contains("account not found")
        );
        assert!(refused(&|claims| claims["iss"] = json!("idle@demo.iam.gserviceaccount.com")).contains("disabled"));
        let other = jwt::sign_rs256(&json!({"iss": ROBOT}), "k1", &samples::other()).unwrap();
        assert_eq!(of_text(&other), Err("Invalid JWT Signature.".into()));
        assert!(of_text("a.b").unwrap_err().starts_with("Invalid JWT: "));
        assert!(of_text(&jwt::sign_hs256(&json!({"iss": ROBOT}), "JWT", b"")).unwrap_err().contains("RS256"));
    }
}
