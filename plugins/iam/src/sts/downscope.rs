//! An access token for one with an access boundary. <https://cloud.google.com/iam/docs/downscoping-short-lived-credentials>

use super::ACCESS_TOKEN;
use crate::authority::access_token::{Grant, is_ours};
use crate::authority::boundary::Boundary;
use crate::authority::records::Database;
use crate::authority::{self, access_token};
use crate::crypto::jwt::Token;
use crate::oauth::{Failure, Form, Outcome};
use crate::tokens::member;
use fogbank_sdk::{context, query};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Options {
    access_boundary: Option<Boundary>,
}

/// Exchanges an access token. The new one ends with the old one, and is never wider.
pub fn exchange(form: &Form, subject: &str) -> Outcome<Value> {
    let boundary = boundary(form.get(&["options"]))?;
    let token = Token::read(subject).ok().filter(is_ours);
    let token = token
        .ok_or_else(|| Failure::InvalidGrant("Invalid subject_token: it is no access token of this server.".into()))?;
    access_token::verify(&token, &Database).map_err(|failure| match failure {
        authority::Failure::Refused(refused) => {
            Failure::InvalidGrant(format!("Invalid subject_token. {}", refused.message()))
        }
        authority::Failure::Records(error) => Failure::Other(error),
    })?;
    if token.claims.contains_key("boundary") {
        return Err(Failure::InvalidRequest("Invalid subject_token: it has an access boundary already.".into()));
    }
    let issued = member::access_token(&narrowed(&token, boundary))?;
    Ok(json!({
        "access_token": issued.token,
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": issued.expires.since(context::now()).max(0) / 1000,
    }))
}

/// What the token says, with a boundary.
fn narrowed(token: &Token, boundary: Boundary) -> Grant {
    let text = |claim: &str| token.text(claim).map(str::to_owned);
    let list = |claim: &str| token.claims.get(claim).cloned().unwrap_or_default();
    let left = token.moment("exp").map_or(0, |expires| expires.seconds() - context::now().seconds());
    Grant {
        member: text("sub").unwrap_or_default(),
        account: text("account"),
        project: text("project"),
        scope: text("scope").unwrap_or_default(),
        lifetime: left,
        boundary: Some(boundary),
        groups: serde_json::from_value(list("groups")).unwrap_or_default(),
        attributes: serde_json::from_value(list("attributes")).unwrap_or_default(),
    }
}

/// Some clients escape the JSON before they put it into the form.
fn boundary(options: Option<&str>) -> Outcome<Boundary> {
    let bad = |why: &str| Failure::InvalidRequest(format!("Invalid options: {why}"));
    let text = options
        .ok_or_else(|| bad("an access token is exchanged for one with an access boundary, and there is none."))?;
    let text = if text.trim_start().starts_with('%') { query::decode(text)? } else { text.to_owned() };
    let options: Options = serde_json::from_str(&text).map_err(|_| bad("not the JSON of an access boundary."))?;
    let boundary = options.access_boundary.ok_or_else(|| bad("accessBoundary is missing."))?;
    match boundary.fault() {
        None => Ok(boundary),
        Some(fault) => Err(bad(&fault)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_json_or_escaped_json() {
        let options = json!({"accessBoundary": {"accessBoundaryRules": [{
            "availableResource": "//storage.googleapis.com/projects/_/buckets/b",
            "availablePermissions": ["inRole:roles/storage.objectViewer"],
        }]}})
        .to_string();
        let plain = boundary(Some(&options)).unwrap();
        assert_eq!(plain.access_boundary_rules.len(), 1);
        assert_eq!(boundary(Some(&query::encode(&options))).unwrap(), plain);
        for bad in [None, Some(""), Some("{}"), Some("{"), Some(r#"{"accessBoundary": {"accessBoundaryRules": []}}"#)] {
            assert_eq!(boundary(bad).unwrap_err().to_response().status(), 400, "{bad:?}");
        }
    }

    #[test]
    fn the_new_token_says_what_the_old_one_did() {
        let old = Grant {
            member: "principal://x/subject/s".into(),
            project: Some("demo".into()),
            scope: "a b".into(),
            lifetime: 60,
            groups: vec!["g".into()],
            attributes: [("k".to_owned(), "v".to_owned())].into(),
            ..Grant::default()
        };
        let token = Token::read(&access_token::issue(&old, b"secret").unwrap().token).unwrap();
        let new = narrowed(&token, Boundary::default());
        assert!(new.lifetime <= 60 && new.lifetime > 50);
        assert_eq!(new, Grant { boundary: Some(Boundary::default()), lifetime: new.lifetime, ..old });
    }
}
