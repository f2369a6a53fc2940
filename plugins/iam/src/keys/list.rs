//! `iam.projects.serviceAccounts.keys.list`.

use super::{Kind, all, system};
use crate::accounts;
use fogbank_sdk::{Error, Request, Response, Result, context};
use serde_json::{Value, json};

/// All keys of an account, of the kinds in `keyTypes`.
pub fn list(request: Request) -> Result<Response> {
    let kinds = kinds(request.query_all("keyTypes"))?;
    let account = accounts::of(&request)?;
    if kinds.contains(&Kind::System) {
        system::system_managed(&account)?;
    }
    let now = context::now();
    let shown = all(&account)?.into_iter().filter(|key| kinds.contains(&key.kind));
    let shown = shown.filter(|key| key.kind == Kind::User || key.is_valid_at(now));
    let keys: Vec<Value> = shown.map(|key| key.wire(&account)).collect();
    Ok(Response::json(&if keys.is_empty() { json!({}) } else { json!({"keys": keys}) }))
}

/// The kinds that are asked for; all where none is.
fn kinds<'q>(asked: impl Iterator<Item = &'q str>) -> Result<Vec<Kind>> {
    let mut kinds = Vec::new();
    for kind in asked.flat_map(|text| text.split(',')) {
        match kind {
            "" | "KEY_TYPE_UNSPECIFIED" => {}
            "USER_MANAGED" => kinds.push(Kind::User),
            "SYSTEM_MANAGED" => kinds.push(Kind::System),
            other => return Err(Error::invalid(format!("Invalid value for keyTypes: '{other}'"))),
        }
    }
    Ok(if kinds.is_empty() { vec![Kind::User, Kind::System] } else { kinds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_may_be_asked_for() {
        let kinds = |asked: &[&str]| kinds(asked.iter().copied());
        assert_eq!(kinds(&[]).unwrap(), [Kind::User, Kind::System]);
        assert_eq!(kinds(&["USER_MANAGED"]).unwrap(), [Kind::User]);
        assert!(kinds(&["user"]).is_err());
    }
}
