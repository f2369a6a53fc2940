//! `generateAccessToken` and `generateIdToken`.

use super::delegates;
use crate::authority::access_token::LIFETIME;
use crate::body;
use crate::tokens::id_token;
use crate::tokens::member::{Member, access_token};
use crate::wire::seconds;
use fogbank_sdk::{Error, Request, Response, Result};
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AccessTokenRequest {
    delegates: Vec<String>,
    scope: Vec<String>,
    lifetime: Option<String>,
}

/// Makes an access token of an account.
pub fn generate_access_token(mut request: Request) -> Result<Response> {
    let sent: AccessTokenRequest = body::read(&mut request)?;
    let account = delegates::account(&request, &sent.delegates, "iam.serviceAccounts.getAccessToken")?;
    if sent.scope.iter().all(|scope| scope.trim().is_empty()) {
        return Err(Error::required("scope"));
    }
    let lifetime = lifetime(sent.lifetime.as_deref())?;
    let mut grant = Member::Account(account).grant(None, &sent.scope.join(" "));
    grant.lifetime = lifetime;
    let issued = access_token(&grant)?;
    let answer = json!({"accessToken": issued.token, "expireTime": seconds(issued.expires)});
    Ok(Response::json(&answer).header("cache-control", "no-store"))
}

/// A google.protobuf.Duration of at most an hour: longer ones need an organization's constraint, which nobody can set here.
fn lifetime(sent: Option<&str>) -> Result<i64> {
    let Some(text) = sent.filter(|text| !text.is_empty()) else { return Ok(LIFETIME) };
    let seconds = text.strip_suffix('s').and_then(|number| number.parse::<f64>().ok());
    let seconds = seconds.filter(|seconds| *seconds > 0.0 && *seconds <= LIFETIME as f64);
    seconds.map(|seconds| seconds.ceil() as i64).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        Error::invalid(format!("Invalid value for lifetime: '{shown}' is not more than 0s and at most {LIFETIME}s."))
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct IdTokenRequest {
    delegates: Vec<String>,
    audience: String,
    include_email: bool,
}

/// Makes an ID token of an account.
pub fn generate_id_token(mut request: Request) -> Result<Response> {
    let sent: IdTokenRequest = body::read(&mut request)?;
    let account = delegates::account(&request, &sent.delegates, "iam.serviceAccounts.getOpenIdToken")?;
    if sent.audience.trim().is_empty() {
        return Err(Error::required("audience"));
    }
    let token = id_token::issue(&Member::Account(account).subject(), &sent.audience, sent.include_email)?;
    Ok(Response::json(&json!({ "token": token })).header("cache-control", "no-store"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_an_hour_at_most() {
        for (sent, wanted) in
            [(None, 3600), (Some(""), 3600), (Some("300s"), 300), (Some("1.5s"), 2), (Some("3600s"), 3600)]
        {
            assert_eq!(lifetime(sent).unwrap(), wanted);
        }
        for bad in ["3601s", "0s", "-1s", "300", "s", "1h", "NaNs", "infs"] {
            assert_eq!(lifetime(Some(bad)).unwrap_err().http_status(), 400, "{bad}");
        }
    }
}
