//! Security Token Service v1: a token for another (RFC 8693). An access token for one with less in it, or the word of an identity
//! provider for an access token of a federated identity. <https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token>

mod downscope;
mod federate;
mod mapping;

use crate::oauth::{Failure, Form, Outcome, answer};
use fogbank_sdk::{Request, Response, Result};
use serde_json::Value;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// Answers a request for an exchange.
pub fn token(mut request: Request) -> Result<Response> {
    Ok(answer(exchange(&mut request)))
}

fn exchange(request: &mut Request) -> Outcome<Value> {
    let form = Form::read(request)?;
    let grant_type = form.required(&["grant_type", "grantType"])?;
    if grant_type != GRANT_TYPE {
        return Err(Failure::UnsupportedGrantType(format!("Invalid grant_type: it has to be {GRANT_TYPE}.")));
    }
    let wanted = form.get(&["requested_token_type", "requestedTokenType"]).unwrap_or(ACCESS_TOKEN);
    if wanted != ACCESS_TOKEN {
        return Err(Failure::InvalidRequest(format!("Invalid requested_token_type: it has to be {ACCESS_TOKEN}.")));
    }
    let subject = form.required(&["subject_token", "subjectToken"])?;
    match form.required(&["subject_token_type", "subjectTokenType"])? {
        ACCESS_TOKEN => downscope::exchange(&form, subject),
        JWT | ID_TOKEN => federate::exchange(&form, subject),
        other => {
            let shown: String = other.chars().take(100).collect();
            Err(Failure::InvalidRequest(format!("Invalid subject_token_type: {shown} is not taken here.")))
        }
    }
}
