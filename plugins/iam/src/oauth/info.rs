//! What a token is, and who holds it. <https://developers.google.com/identity/sign-in/web/backend-auth#calling-the-tokeninfo-endpoint>

use super::failure::{Failure, Outcome, answer};
use super::form::Form;
use crate::accounts;
use crate::authority::records::Database;
use crate::authority::{self, credential};
use crate::crypto::jwt::Token;
use crate::tokens::id_token::{self, Subject};
use fogbank_sdk::{Error, Request, Response, Result, context};
use serde_json::{Map, Value, json};

/// Whom tokens without a client are for.
const NO_CLIENT: &str = "32555940559.apps.googleusercontent.com";

/// A good access token, and who holds it.
struct Held {
    subject: Subject,
    scope: String,
    /// Seconds until it ends.
    left: i64,
    expires: i64,
}

/// `/oauth2/v3/tokeninfo`: numbers are written as texts.
pub fn tokeninfo(mut request: Request) -> Result<Response> {
    let outcome = about(&mut request, |held| {
        json!({
            "azp": NO_CLIENT,
            "aud": NO_CLIENT,
            "sub": held.subject.id,
            "scope": held.scope,
            "exp": held.expires.to_string(),
            "expires_in": held.left.to_string(),
            "email": held.subject.email,
            "email_verified": "true",
            "access_type": "offline",
        })
    });
    Ok(answer(outcome))
}

/// `/oauth2/v1/tokeninfo` and `/oauth2/v2/tokeninfo`: other names for the same.
pub fn tokeninfo_v2(mut request: Request) -> Result<Response> {
    let outcome = about(&mut request, |held| {
        json!({
            "issued_to": NO_CLIENT,
            "audience": NO_CLIENT,
            "user_id": held.subject.id,
            "scope": held.scope,
            "expires_in": held.left,
            "email": held.subject.email,
            "verified_email": true,
            "access_type": "offline",
        })
    });
    Ok(answer(outcome))
}

/// `/oauth2/v3/userinfo` (OpenID Connect Core section 5.3).
pub fn userinfo(mut request: Request) -> Result<Response> {
    let Held { subject, .. } = bearer(&mut request)?;
    Ok(Response::json(&json!({"sub": subject.id, "email": subject.email, "email_verified": true})))
}

/// `/oauth2/v2/userinfo`: other names for the same.
pub fn userinfo_v2(mut request: Request) -> Result<Response> {
    let Held { subject, .. } = bearer(&mut request)?;
    Ok(Response::json(&json!({"id": subject.id, "email": subject.email, "verified_email": true})))
}

fn about(request: &mut Request, show: impl Fn(&Held) -> Value) -> Outcome<Value> {
    let form = Form::read(request)?;
    if let Some(text) = form.get(&["id_token"]) {
        return of_id_token(text);
    }
    let own = header(request);
    let text = form.get(&["access_token"]).or(own.as_deref());
    let text = text.ok_or_else(|| Failure::InvalidRequest("either access_token or id_token required".into()))?;
    held(text)?.map(|held| show(&held)).ok_or_else(|| Failure::InvalidToken("Invalid Value".into()))
}

/// The claims, each as text.
fn of_id_token(text: &str) -> Outcome<Value> {
    let claims = id_token::verified(text)?.ok_or_else(|| Failure::InvalidToken("Invalid Value".into()))?;
    let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut answer: Map<String, Value> =
        claims.iter().map(|(name, value)| (name.clone(), json!(shown(value)))).collect();
    if let Some(header) = Token::read(text).ok().map(|token| token.header) {
        answer.extend(
            ["alg", "kid", "typ"].iter().filter_map(|name| Some(((*name).to_owned(), header.get(*name)?.clone()))),
        );
    }
    Ok(Value::Object(answer))
}

/// Who sends a request with an access token.
fn bearer(request: &mut Request) -> Result<Held> {
    let text = header(request).or_else(|| request.query("access_token").map(str::to_owned));
    let held = text.map(|text| held(&text)).transpose()?.flatten();
    held.ok_or_else(|| {
        Error::unauthenticated("Invalid Credentials: the request has no access token that is good here.")
    })
}

fn header(request: &Request) -> Option<String> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// What a good access token of a user or an account is; none for anything else.
fn held(text: &str) -> Result<Option<Held>> {
    let caller = match credential::bearer(text, &context::base_url(), &Database) {
        Ok(caller) => caller,
        Err(authority::Failure::Refused(_)) => return Ok(None),
        Err(authority::Failure::Records(error)) => return Err(error),
    };
    let Some((kind, email)) = caller.name.split_once(':').filter(|(kind, _)| *kind != "principal") else {
        return Ok(None);
    };
    let subject = match kind {
        "serviceAccount" => match accounts::by_email(email)? {
            Some(account) => Subject { id: account.unique_id, email: account.email },
            None => return Ok(None),
        },
        _ => Subject::of_user(email),
    };
    let scope = Token::read(text).ok().and_then(|token| token.text("scope").map(str::to_owned)).unwrap_or_default();
    let expires = caller.expires_ms.map_or(0, |expires| i64::try_from(expires / 1000).unwrap_or(i64::MAX));
    Ok(Some(Held { subject, scope, left: expires - context::now().seconds(), expires }))
}
