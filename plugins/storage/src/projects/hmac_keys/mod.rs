//! `storage.projects.hmacKeys`. A key is ACTIVE or INACTIVE, and DELETED for thirty days before its record goes.
//! <https://cloud.google.com/storage/docs/json_api/v1/projects/hmacKeys>

pub mod key;

use crate::conditions;
use crate::model::project;
use fogbank_sdk::db::{self, params};
use fogbank_sdk::{Error, Request, RequestHead, Response, Result, context, page};
use key::{COLUMNS, Key};
use serde::Deserialize;
use serde_json::{Value, json};

/// Keys that a service account may have, other than deleted ones.
const MOST: i64 = 10;

/// Makes a key. Its secret is in this answer and in no other.
///
/// Errors: 400.
pub fn create(request: Request) -> Result<Response> {
    let account = request.query("serviceAccountEmail").unwrap_or_default();
    if account.is_empty() {
        return Err(Error::required("serviceAccountEmail"));
    }
    if !is_email(account) {
        return Err(Error::invalid(format!("Invalid service account: {account:?}")));
    }
    let (key, secret) = write(request.param("projectId"), account)?;
    let metadata = key.wire(&request.base_url());
    Ok(Response::json(&json!({"kind": "storage#hmacKey", "metadata": metadata, "secret": secret})))
}

fn is_email(text: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_graphic();
    text.chars().all(plain)
        && text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.'))
}

fn write(project: &str, account: &str) -> Result<(Key, String)> {
    let (access_id, secret, now) = (key::new_access_id()?, key::new_secret()?, context::now());
    let key = Key {
        access_id,
        project: project.to_owned(),
        service_account: account.to_owned(),
        state: "ACTIVE".to_owned(),
        metageneration: 1,
        created: now,
        updated: now,
    };
    db::transaction(|tx| {
        let count = "SELECT COUNT(*) AS count FROM hmac_keys WHERE project_number = $1 AND service_account = $2 AND state <> 'DELETED'";
        let row = tx.query_one(count, params![project::number(project), account])?;
        if row.is_some_and(|row| row.get::<i64>("count").is_ok_and(|count| count >= MOST)) {
            return Err(Error::invalid(format!("A service account can have at most {MOST} HMAC keys.")));
        }
        let sql = "INSERT INTO hmac_keys (access_id, project, project_number, service_account, secret, state, metageneration, \
                   created_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, 'ACTIVE', 1, $6, $6)";
        tx.execute(sql, params![&key.access_id, project, project::number(project), account, &secret, now])?;
        Ok(())
    })?;
    Ok((key, secret))
}

/// Shows a key's metadata.
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Response> {
    let key = db::read(|tx| load(tx, &request))?;
    Ok(Response::json(&key.wire(&request.base_url())))
}

fn load(tx: &db::Transaction, request: &RequestHead) -> Result<Key> {
    Key::load(tx, project::number(request.param("projectId")), request.param("accessId"))
}

/// A page of a project's keys; deleted ones with `showDeletedKeys`.
pub fn list(request: Request) -> Result<Response> {
    let size = page::size(&request, "maxResults", 250, 250)?;
    let after: String = page::cursor(&request)?.unwrap_or_default();
    let shown = if request.query_bool("showDeletedKeys")? { "" } else { "AND state <> 'DELETED'" };
    let sql = format!(
        "SELECT {COLUMNS} FROM hmac_keys WHERE project_number = $1 AND access_id > $2 \
         AND ($3 = '' OR service_account = $3) {shown} ORDER BY access_id LIMIT $4"
    );
    let account = request.query("serviceAccountEmail").unwrap_or_default();
    let number = project::number(request.param("projectId"));
    let mut rows = db::query(&sql, params![number, after, account, size + 1])?;
    let mut keys = rows.iter_mut().map(Key::from_row).collect::<Result<Vec<_>>>()?;
    let more = keys.len() > size as usize;
    keys.truncate(size as usize);
    let base = request.base_url();
    let mut answer = json!({"kind": "storage#hmacKeysMetadata"});
    if let Some(last) = keys.last() {
        answer["items"] = keys.iter().map(|key| key.wire(&base)).collect::<Value>();
        if more {
            answer["nextPageToken"] = json!(page::encode(&last.access_id));
        }
    }
    Ok(Response::json(&answer))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change {
    state: Option<String>,
    etag: Option<String>,
}

/// Switches a key on or off.
///
/// Errors: 400 for another state or a deleted key, 404, 412 where the etag is an old one.
pub fn update(mut request: Request) -> Result<Response> {
    let change: Change = request.json()?;
    let state = change.state.as_deref().unwrap_or_default();
    if !["ACTIVE", "INACTIVE"].contains(&state) {
        return Err(Error::invalid(format!("Invalid state of an HMAC key: {state:?}")));
    }
    let key = db::transaction(|tx| {
        let mut key = load(tx, &request)?;
        if change.etag.as_ref().is_some_and(|etag| *etag != key.etag()) {
            return Err(conditions::unmet());
        }
        if key.state == "DELETED" {
            return Err(Error::invalid("A deleted HMAC key cannot be changed."));
        }
        state.clone_into(&mut key.state);
        key.metageneration += 1;
        key.updated = context::now();
        let sql = "UPDATE hmac_keys SET state = $2, metageneration = $3, updated_ms = $4 WHERE access_id = $1";
        tx.execute(sql, params![&key.access_id, state, key.metageneration, key.updated])?;
        Ok(key)
    })?;
    Ok(Response::json(&key.wire(&request.base_url())))
}

/// Deletes a key that is switched off. The secret goes at once, the rest after thirty days.
///
/// Errors: 400 for an active key, 404.
pub fn delete(request: Request) -> Result<Response> {
    db::transaction(|tx| {
        let key = load(tx, &request)?;
        match key.state.as_str() {
            "ACTIVE" => return Err(Error::invalid("Cannot delete keys in 'ACTIVE' state.")),
            "DELETED" => return Err(Error::not_found("The HMAC key does not exist.")),
            _ => {}
        }
        let sql = "UPDATE hmac_keys SET state = 'DELETED', secret = NULL, metageneration = metageneration + 1, \
                   updated_ms = $2 WHERE access_id = $1";
        tx.execute(sql, params![&key.access_id, context::now()])?;
        Ok(())
    })?;
    Ok(Response::no_content())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_belong_to_accounts() {
        assert!(is_email("sa1@demo-project.iam.gserviceaccount.com"));
        for bad in ["sa1", "@x.y", "a@b", "a b@c.d"] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
