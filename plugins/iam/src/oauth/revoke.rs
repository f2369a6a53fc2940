//! `/revoke`: takes a token back (RFC 7009).

use super::failure::{Failure, Outcome, answer};
use super::form::Form;
use crate::authority::access_token::is_ours;
use crate::crypto::jwt::Token;
use crate::tokens::{refresh, revoked, secret};
use fogbank_sdk::{Request, Response, Result, context};
use serde_json::{Value, json};

/// Answers a request to take a token back. Whoever has a token may do that.
pub fn revoke(mut request: Request) -> Result<Response> {
    Ok(answer(taken_back(&mut request)))
}

fn taken_back(request: &mut Request) -> Outcome<Value> {
    let form = Form::read(request)?;
    let text = form.required(&["token"])?;
    let known = if text.starts_with(refresh::PREFIX) { refresh::revoke(text)? } else { revoke_access_token(text)? };
    if known { Ok(json!({})) } else { Err(Failure::InvalidToken("Token expired or revoked".into())) }
}

/// False for what is no access token of this tenant's, or one that has ended.
fn revoke_access_token(text: &str) -> Result<bool> {
    let Some(token) = Token::read(text).ok().filter(is_ours) else { return Ok(false) };
    let (Some(id), Some(expires)) = (token.text("jti"), token.moment("exp")) else { return Ok(false) };
    if expires <= context::now() || !token.is_hs256_with(&secret::get()?) || revoked::is_revoked(id)? {
        return Ok(false);
    }
    revoked::revoke(id, expires)?;
    Ok(true)
}
