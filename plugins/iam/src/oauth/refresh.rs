//! A refresh token for an access token (RFC 6749 section 6).

use super::failure::{Failure, Outcome};
use super::form::Form;
use crate::tokens::member::{Member, access_token};
use crate::tokens::{id_token, refresh};
use serde_json::{Value, json};

/// Whom ID tokens of a client that does not say who it is are for.
const ANY_CLIENT: &str = "fogbank";

/// Exchanges a refresh token, which stays good. Which client asks makes no difference: nobody registers clients here.
pub fn exchange(form: &Form) -> Outcome<Value> {
    let token = form.required(&["refresh_token", "refreshToken"])?;
    let held = refresh::held(token)?;
    let held = held.ok_or_else(|| Failure::InvalidGrant("Token has been expired or revoked.".into()))?;
    let member = Member::read(&held.member).map_err(|error| match error.http_status() {
        400 => Failure::InvalidGrant(error.message().to_owned()),
        _ => Failure::Other(error),
    })?;
    let scope = narrowed(&held.scope, form.get(&["scope"]))?;
    let issued = access_token(&member.grant(held.project, &scope))?;
    let mut answer = json!({
        "access_token": issued.token,
        "expires_in": 3599,
        "scope": scope,
        "token_type": "Bearer",
    });
    if scope.split(' ').any(|scope| scope == "openid") {
        let audience = form.get(&["client_id", "clientId"]).unwrap_or(ANY_CLIENT);
        answer["id_token"] = json!(id_token::issue(&member.subject(), audience, true)?);
    }
    Ok(answer)
}

/// A client may ask for fewer scopes than the refresh token has, and not for others.
fn narrowed(held: &str, wanted: Option<&str>) -> Outcome<String> {
    let Some(wanted) = wanted else { return Ok(held.to_owned()) };
    let has = |scope: &str| held.is_empty() || held.split_ascii_whitespace().any(|held| held == scope);
    if wanted.split_ascii_whitespace().all(has) {
        return Ok(wanted.to_owned());
    }
    Err(Failure::InvalidScope("Some requested scopes were not granted to this refresh token.".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_can_be_fewer_and_never_others() {
        assert_eq!(narrowed("a b", None), Ok("a b".into()));
        assert_eq!(narrowed("a b", Some("b")), Ok("b".into()));
        assert!(narrowed("a b", Some("a c")).is_err());
        assert_eq!(narrowed("", Some("c")), Ok("c".into()));
    }
}
