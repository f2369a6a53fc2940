//! `POST /auth/tokens`: tokens for a user, or for a service account without its key.

use crate::authority::access_token::LIFETIME;
use crate::body;
use crate::tokens::member::{Member, access_token};
use crate::tokens::{id_token, refresh};
use fogbank_sdk::{Error, Request, Response, Result};
use serde::Deserialize;
use serde_json::json;

/// The longest lifetime of an access token, in seconds: a day.
const LONGEST: i64 = 86_400;

/// The scope of somebody who does not say what for.
const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sent {
    /// `ann@example.com`, `serviceAccount:...`.
    user: String,
    project: Option<String>,
    /// Seconds.
    lifetime: Option<i64>,
    scopes: Option<Vec<String>>,
    /// Of the ID token.
    audience: Option<String>,
}

/// Makes an access token, a refresh token and, with the scope `openid` or an audience, an ID token.
pub fn sign_in(mut request: Request) -> Result<Response> {
    let sent: Sent = body::read(&mut request)?;
    if sent.user.is_empty() {
        return Err(Error::required("user"));
    }
    let lifetime = lifetime(sent.lifetime)?;
    let scope = scope(sent.scopes)?;
    let member = Member::read(&sent.user)?;
    let mut grant = member.grant(sent.project.clone().filter(|project| !project.is_empty()), &scope);
    grant.lifetime = lifetime;
    let issued = access_token(&grant)?;
    let held = refresh::Held { member: member.name(), project: grant.project.clone(), scope: scope.clone() };
    let mut answer = json!({
        "access_token": issued.token,
        "refresh_token": refresh::make(&held)?,
        "token_type": "Bearer",
        "expires_in": lifetime,
        "scope": scope,
    });
    if sent.audience.is_some() || scope.split(' ').any(|scope| scope == "openid") {
        let audience = sent.audience.unwrap_or_else(|| request.base_url());
        answer["id_token"] = json!(id_token::issue(&member.subject(), &audience, true)?);
    }
    Ok(Response::json(&answer).header("cache-control", "no-store"))
}

fn lifetime(sent: Option<i64>) -> Result<i64> {
    let lifetime = sent.unwrap_or(LIFETIME);
    if (1..=LONGEST).contains(&lifetime) {
        return Ok(lifetime);
    }
    Err(Error::invalid(format!("Invalid value for lifetime: {lifetime} is not 1 to {LONGEST} seconds.")))
}

fn scope(sent: Option<Vec<String>>) -> Result<String> {
    let Some(scopes) = sent.filter(|scopes| !scopes.is_empty()) else { return Ok(CLOUD_PLATFORM.to_owned()) };
    let fine = |scope: &String| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic());
    match scopes.iter().find(|scope| !fine(scope)) {
        Some(_) => Err(Error::invalid("Invalid value for scopes: a scope is a word without spaces.")),
        None => Ok(scopes.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_and_everything_unless_somebody_says_otherwise() {
        assert_eq!((lifetime(None).unwrap(), lifetime(Some(5)).unwrap()), (3600, 5));
        assert!(lifetime(Some(0)).is_err() && lifetime(Some(-1)).is_err() && lifetime(Some(86_401)).is_err());
        assert_eq!(
            (scope(None).unwrap().as_str(), scope(Some(vec![])).unwrap().as_str()),
            (CLOUD_PLATFORM, CLOUD_PLATFORM)
        );
        assert_eq!(scope(Some(vec!["openid".into(), "email".into()])).unwrap(), "openid email");
        assert!(scope(Some(vec!["a b".into()])).is_err());
    }
}
