//! `/auth/api-keys`: keys that stand for a user and a project. The text of a key is shown when it is made, and never again.

use crate::body;
use crate::tokens::api_key::{self, ApiKey, New};
use crate::tokens::member::Member;
use crate::wire::without_defaults;
use fogbank_sdk::{Error, Request, Response, Result, Timestamp, context, page};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sent {
    /// `ann@example.com`, `serviceAccount:...`.
    user: String,
    project: Option<String>,
    /// RFC 3339, or seconds from now.
    expires: Option<Value>,
    display_name: String,
}

/// Makes a key and shows it once.
pub fn create(mut request: Request) -> Result<Response> {
    let sent: Sent = body::read(&mut request)?;
    if sent.user.is_empty() {
        return Err(Error::required("user"));
    }
    crate::failures::check_length("display_name", &sent.display_name, 200)?;
    let (key, text) = api_key::make(New {
        member: Member::read(&sent.user)?.name(),
        project: sent.project.filter(|project| !project.is_empty()),
        display_name: sent.display_name,
        expires: sent.expires.as_ref().map(|expires| moment(expires, context::now())).transpose()?,
    })?;
    let mut answer = shown(&key);
    answer["key"] = json!(text);
    Ok(Response::json(&answer).header("cache-control", "no-store"))
}

/// A page of the keys, in the order in which they were made.
pub fn list(request: Request) -> Result<Response> {
    let size = page::size(&request, "pageSize", 100, 1000)?;
    let after: Option<(i64, String)> = page::cursor(&request)?;
    let after = after.as_ref().map(|(created, id)| (Timestamp::from_millis(*created), id.as_str()));
    let mut keys = api_key::list(after, size + 1)?;
    let more = keys.len() > size as usize;
    keys.truncate(size as usize);
    let mut answer = json!({"keys": keys.iter().map(shown).collect::<Vec<_>>()});
    if let Some(last) = keys.last().filter(|_| more) {
        answer["nextPageToken"] = json!(page::encode(&(last.created.millis(), &last.id)));
    }
    Ok(Response::json(&answer))
}

/// Shows what is known of a key.
pub fn get(request: Request) -> Result<Response> {
    Ok(Response::json(&shown(&api_key::get(request.param("key"))?)))
}

/// Revokes a key.
pub fn revoke(request: Request) -> Result<Response> {
    api_key::revoke(request.param("key"))?;
    Ok(Response::json(&json!({})))
}

fn shown(key: &ApiKey) -> Value {
    without_defaults(json!({
        "id": key.id,
        "hint": key.hint,
        "user": key.member,
        "project": key.project,
        "display_name": key.display_name,
        "created": key.created,
        "expires": key.expires,
        "last_used": key.last_used,
        "revoked": key.revoked,
    }))
}

fn moment(sent: &Value, now: Timestamp) -> Result<Timestamp> {
    let moment = match sent {
        Value::String(text) => Timestamp::parse(text)?,
        Value::Number(seconds) => now.plus_seconds(seconds.as_i64().unwrap_or_default()),
        _ => return Err(Error::invalid("Invalid value for expires: it is neither an RFC 3339 timestamp nor seconds.")),
    };
    if moment <= now { Err(Error::invalid("Invalid value for expires: that is over.")) } else { Ok(moment) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_expires_at_a_moment_or_after_seconds() {
        let now = Timestamp::parse("2026-11-21T12:00:00Z").unwrap();
        assert_eq!(moment(&json!("2026-11-21T13:00:00Z"), now).unwrap(), moment(&json!(3600), now).unwrap());
        for bad in [json!("2026-11-21T12:00:00Z"), json!(0), json!(-5), json!("tomorrow"), json!([])] {
            assert_eq!(moment(&bad, now).unwrap_err().http_status(), 400, "{bad}");
        }
    }

    #[test]
    fn f28_a_key_that_is_shown_again_is_without_its_text() {
        let key = ApiKey {
            id: "i".into(),
            hint: "fbk_abcdef".into(),
            member: "user:ann@example.com".into(),
            project: None,
            display_name: String::new(),
            created: Timestamp::from_millis(0),
            expires: None,
            last_used: None,
            revoked: None,
        };
        let wire = shown(&key);
        assert_eq!((wire.get("key"), wire.get("revoked")), (None, None));
        assert_eq!(wire["hint"], "fbk_abcdef");
    }
}
