//! `apikeys.projects.locations.keys.create`.

use super::{ApiKey, check_location, cutoff, digest, restrictions};
use crate::wire::document_of;
use crate::{accounts, projects};
use fogbank_sdk::db::{self, Json, params, stmt};
use fogbank_sdk::{Error, Request, Response, Result, context, encoding, id, identity};
use serde_json::{Map, Value, json};

/// Makes a key. Its string goes out with the answer, and is not kept with the operation.
pub fn create(mut request: Request) -> Result<Response> {
    check_location(&request)?;
    let sent = document_of(&mut request)?;
    let uid = id::uuid()?;
    let key_id = request.query("keyId").filter(|id| !id.is_empty()).unwrap_or(&uid).to_owned();
    check_id(&key_id)?;
    let project = projects::look_up(request.param("project"))?;
    let now = context::now();
    let key = ApiKey {
        config: restrictions::apply(Map::new(), &sent, None)?,
        service_account: service_account(&sent)?,
        project: project.id,
        number: project.number,
        id: key_id,
        uid,
        key_string: key_string()?,
        revision: 1,
        created: now,
        updated: now,
        deleted: None,
    };
    let answer = insert(&key)?;
    identity::changed();
    Ok(Response::json(&answer))
}

fn insert(key: &ApiKey) -> Result<Value> {
    let ended = key.ended()?;
    let expiry = "DELETE FROM api_keys WHERE project = $1 AND id = $2 AND deleted_ms <= $3";
    let insert = stmt(
        "INSERT INTO api_keys (project, id, number, uid, key_string, digest, config, service_account, revision, created_ms, updated_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        params![
            &key.project,
            &key.id,
            &key.number,
            &key.uid,
            &key.key_string,
            digest(&key.key_string),
            Json(&key.config),
            key.service_account.as_deref(),
            key.revision,
            key.created,
            key.updated
        ],
    );
    match db::execute(vec![stmt(expiry, params![&key.project, &key.id, cutoff()]), insert, ended.keep()]) {
        Err(error) if error.is_unique() => {
            Err(Error::already_exists(format!("API key {} already exists.", key.name())))
        }
        result => {
            result?;
            let mut answer = ended.wire();
            answer["response"]["keyString"] = json!(key.key_string);
            Ok(answer)
        }
    }
}

/// The account that the key stands for, which has to be there.
fn service_account(sent: &Value) -> Result<Option<String>> {
    let Some(email) = sent["serviceAccountEmail"].as_str().filter(|email| !email.is_empty()) else { return Ok(None) };
    let account = accounts::find("-", email)?;
    identity::require("iam.serviceAccounts.actAs", &account.resource(), &[])?;
    Ok(Some(account.email))
}

/// `AIza` and 35 characters of base64 for URLs, as the real ones are.
fn key_string() -> Result<String> {
    let random = encoding::b64url(id::random::<27>()?);
    Ok(format!("AIza{}", &random[..35]))
}

fn check_id(id: &str) -> Result<()> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let ends = id.starts_with(|first: char| first.is_ascii_alphanumeric()) && !id.ends_with('-');
    (id.len() <= 63 && ends && id.bytes().all(known)).then_some(()).ok_or_else(|| {
        Error::invalid(format!("Invalid value for keyId: '{id}' does not match [a-z]([a-z0-9-]{{0,61}}[a-z0-9])?."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_look_like_real_ones() {
        let key = key_string().unwrap();
        assert!(key.len() == 39 && key.starts_with("AIza"));
        assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
        assert_ne!(key, key_string().unwrap());
    }

    #[test]
    fn ids_are_as_the_api_takes_them() {
        assert!(check_id("k1").is_ok() && check_id(&id::uuid().unwrap()).is_ok());
        for id in ["K1", "k_1", "-k", "k-", &"a".repeat(64)] {
            assert_eq!(check_id(id).unwrap_err().http_status(), 400, "{id}");
        }
    }
}
