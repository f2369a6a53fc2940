//! `/token`: something for an access token, or an ID token.

use super::failure::{Failure, Outcome, answer};
use super::form::Form;
use super::{assertion, refresh};
use fogbank_sdk::{Request, Response, Result};
use serde_json::Value;

/// Answers a request for a token.
pub fn token(mut request: Request) -> Result<Response> {
    Ok(answer(exchange(&mut request)))
}

fn exchange(request: &mut Request) -> Outcome<Value> {
    let form = Form::read(request)?;
    match form.required(&["grant_type", "grantType"])? {
        assertion::GRANT_TYPE => assertion::exchange(form.required(&["assertion"])?, &request.base_url()),
        "refresh_token" => refresh::exchange(&form),
        other => {
            let shown: String = other.chars().take(100).collect();
            Err(Failure::UnsupportedGrantType(format!("Invalid grant_type: {shown}")))
        }
    }
}
