//! Fogbank's own API keys, which stand for a user and a project. Only their digests are kept.

use crate::authority::ApiKeyState;
use crate::crypto::hash;
use fogbank_sdk::db::{self, Row, params, stmt};
use fogbank_sdk::encoding::b64url;
use fogbank_sdk::{Error, Result, Timestamp, context, id, identity, log};

/// What these keys begin with.
pub const PREFIX: &str = "fbk_";

/// How much of a key is kept to tell it from others by: the prefix and six characters of 43.
const HINT: usize = PREFIX.len() + 6;

const COLUMNS: &str = "id, hint, member, project, display_name, created_ms, expires_ms, last_used_ms, revoked_ms";

/// A key, as far as it is known: its text is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: String,
    /// The first characters.
    pub hint: String,
    /// `user:ann@example.com`, `serviceAccount:...`.
    pub member: String,
    pub project: Option<String>,
    pub display_name: String,
    pub created: Timestamp,
    pub expires: Option<Timestamp>,
    pub last_used: Option<Timestamp>,
    pub revoked: Option<Timestamp>,
}

impl ApiKey {
    fn from_row(row: &mut Row) -> db::Result<Self> {
        Ok(Self {
            id: row.take("id")?,
            hint: row.take("hint")?,
            member: row.take("member")?,
            project: row.take("project")?,
            display_name: row.take("display_name")?,
            created: row.get("created_ms")?,
            expires: row.get("expires_ms")?,
            last_used: row.get("last_used_ms")?,
            revoked: row.get("revoked_ms")?,
        })
    }
}

/// What a key is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct New {
    pub member: String,
    pub project: Option<String>,
    pub display_name: String,
    pub expires: Option<Timestamp>,
}

/// Makes a key: what is known of it, and its text, which is not to be had a second time.
///
/// Errors: the database's; 500 where there are no random numbers.
pub fn make(new: New) -> Result<(ApiKey, String)> {
    let text = format!("{PREFIX}{}", b64url(id::random::<32>()?));
    let key = ApiKey {
        id: id::uuid()?,
        hint: text[..HINT].to_owned(),
        member: new.member,
        project: new.project,
        display_name: new.display_name,
        created: context::now(),
        expires: new.expires,
        last_used: None,
        revoked: None,
    };
    let sql = "INSERT INTO caller_keys (id, digest, hint, member, project, display_name, created_ms, expires_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = params![
        &key.id,
        hash::of_secret(&text),
        &key.hint,
        &key.member,
        key.project.as_deref(),
        &key.display_name,
        key.created,
        key.expires
    ];
    db::execute(vec![stmt(sql, values)])?;
    Ok((key, text))
}

/// Whom a key stands for. Notes the time; where that cannot be written the key is as good.
///
/// Errors: the database's.
pub fn used(text: &str) -> Result<Option<ApiKeyState>> {
    let digest = hash::of_secret(text);
    let row = db::query_one(&format!("SELECT {COLUMNS} FROM caller_keys WHERE digest = $1"), params![&digest])?;
    let Some(mut row) = row else { return Ok(None) };
    let key = ApiKey::from_row(&mut row)?;
    if key.revoked.is_none() {
        let sql = "UPDATE caller_keys SET last_used_ms = $2 WHERE digest = $1";
        if let Err(error) = db::execute(vec![stmt(sql, params![&digest, context::now()])]) {
            log::warn!("the use of the API key {} is not noted: {error:?}", key.id);
        }
    }
    Ok(Some(ApiKeyState { member: key.member, revoked: key.revoked.is_some(), expires: key.expires }))
}

/// Keys in the order in which they were made, behind `after` (moment and id of the last one seen), at most `most`.
///
/// Errors: the database's.
pub fn list(after: Option<(Timestamp, &str)>, most: u32) -> Result<Vec<ApiKey>> {
    let (created, id) = after.unwrap_or((Timestamp::from_millis(-1), ""));
    let sql = format!(
        "SELECT {COLUMNS} FROM caller_keys WHERE created_ms > $1 OR (created_ms = $1 AND id > $2) ORDER BY created_ms, id LIMIT $3"
    );
    let mut rows = db::query(&sql, params![created, id, most])?;
    Ok(rows.iter_mut().map(ApiKey::from_row).collect::<db::Result<_>>()?)
}

/// One key.
///
/// Errors: 404; the database's.
pub fn get(id: &str) -> Result<ApiKey> {
    let row = db::query_one(&format!("SELECT {COLUMNS} FROM caller_keys WHERE id = $1"), params![id])?;
    let key = row.map(|mut row| ApiKey::from_row(&mut row)).transpose()?;
    key.ok_or_else(|| Error::not_found(format!("There is no API key {id}.")))
}

/// Revokes a key. It stays in the list, so that it can be told what became of it.
///
/// Errors: 404 for one that is not there or was revoked before; the database's.
pub fn revoke(id: &str) -> Result<()> {
    let sql = "UPDATE caller_keys SET revoked_ms = $2 WHERE id = $1 AND revoked_ms IS NULL";
    let outcomes = db::execute(vec![stmt(sql, params![id, context::now()])])?;
    if outcomes.first().is_none_or(|outcome| outcome.affected == 0) {
        return Err(Error::not_found(format!("There is no API key {id} that could be revoked.")));
    }
    identity::changed();
    Ok(())
}
