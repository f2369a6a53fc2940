//! `signBlob` and `signJwt`, of IAM Credentials v1 and, with other names of the fields, of IAM v1. The system's own key of the account
//! signs; which one it was is said with the signature.

use super::delegates;
use crate::body;
use crate::crypto::jwt;
use crate::keys;
use fogbank_sdk::encoding::{b64, from_b64, from_b64url};
use fogbank_sdk::{Error, Request, Response, Result, Timestamp, context};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// How far ahead a claim set may end, in seconds: twelve hours.
const LONGEST: i64 = 12 * 3600;

/// How long a claim set without an end is good for in IAM v1, in seconds.
const DEFAULT: i64 = 3600;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    delegates: Vec<String>,
    /// IAM Credentials v1: base64 of what to sign, or the claim set.
    payload: Option<String>,
    /// IAM v1: base64 of what to sign.
    bytes_to_sign: Option<String>,
}

/// Signs bytes.
pub fn sign_blob(mut request: Request) -> Result<Response> {
    let sent: Sent = body::read(&mut request)?;
    let account = delegates::account(&request, &sent.delegates, "iam.serviceAccounts.signBlob")?;
    let (text, field) = match (&sent.payload, &sent.bytes_to_sign) {
        (Some(text), _) => (text, "signedBlob"),
        (None, Some(text)) => (text, "signature"),
        (None, None) => return Err(Error::required("payload")),
    };
    let payload = from_b64(text).or_else(|_| from_b64url(text));
    let payload = payload.map_err(|_| Error::invalid("Invalid value for payload: it is not base64."))?;
    let key = keys::system_managed(&account)?;
    let mut answer = json!({"keyId": key.id});
    answer[field] = json!(b64(key.private.sign(&payload)?));
    Ok(Response::json(&answer))
}

/// Signs a claim set.
pub fn sign_jwt(mut request: Request) -> Result<Response> {
    let sent: Sent = body::read(&mut request)?;
    let account = delegates::account(&request, &sent.delegates, "iam.serviceAccounts.signJwt")?;
    let payload = sent.payload.ok_or_else(|| Error::required("payload"))?;
    let payload = checked(&payload, context::now())?;
    let key = keys::system_managed(&account)?;
    let token = jwt::sign_rs256_text(&payload, &key.id, &key.private)?;
    Ok(Response::json(&json!({"keyId": key.id, "signedJwt": token})).header("cache-control", "no-store"))
}

/// The claim set as it is signed: as it was sent, with an end where it has none.
fn checked(payload: &str, now: Timestamp) -> Result<String> {
    let bad = |why: &str| Error::invalid(format!("Invalid value for payload: {why}."));
    let mut claims: Map<String, Value> = serde_json::from_str(payload).map_err(|_| bad("it is not a JSON object"))?;
    let Some(expires) = claims.get("exp") else {
        claims.insert("exp".into(), json!(now.seconds() + DEFAULT));
        return Ok(Value::Object(claims).to_string());
    };
    match expires.as_i64() {
        None => Err(bad("exp is not an integer")),
        Some(expires) if expires <= now.seconds() => Err(bad("exp is in the past")),
        Some(expires) if expires > now.seconds() + LONGEST => Err(bad("exp is more than 12 hours ahead")),
        Some(_) => Ok(payload.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_set_ends_within_twelve_hours() {
        let now = Timestamp::parse("2026-11-21T12:00:00Z").unwrap();
        let at = |seconds: i64| format!(r#"{{"b": 1, "a": 2, "exp": {}}}"#, now.seconds() + seconds);
        assert_eq!(checked(&at(60), now).unwrap(), at(60));
        assert_eq!(checked(&at(LONGEST), now).unwrap(), at(LONGEST));
        let ended: Value = serde_json::from_str(&checked(r#"{"sub": "x"}"#, now).unwrap()).unwrap();
        assert_eq!(ended["exp"], json!(now.seconds() + DEFAULT));
        for bad in ["", "[]", "x", r#"{"exp": "soon"}"#, &at(0), &at(LONGEST + 1)] {
            assert_eq!(checked(bad, now).unwrap_err().http_status(), 400, "{bad}");
        }
    }
}
