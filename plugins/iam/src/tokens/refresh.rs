//! Refresh tokens: random texts that stand for somebody until they are revoked, and of which only the digest is kept.

use crate::crypto::hash;
use fogbank_sdk::db::{self, params, stmt};
use fogbank_sdk::encoding::b64url;
use fogbank_sdk::{Result, context, id};

/// What refresh tokens begin with.
pub const PREFIX: &str = "fbr_";

/// How long one is good for, in days.
const DAYS: i64 = 180;

/// Whom a refresh token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// `user:ann@example.com`, `serviceAccount:...`.
    pub member: String,
    pub project: Option<String>,
    /// OAuth scopes with spaces between them.
    pub scope: String,
}

/// Makes one. It is not to be had a second time.
///
/// Errors: the database's; 500 where there are no random numbers.
pub fn make(held: &Held) -> Result<String> {
    let token = format!("{PREFIX}{}", b64url(id::random::<32>()?));
    let now = context::now();
    let sql = "INSERT INTO refresh_tokens (digest, member, project, scope, created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5, $6)";
    let values =
        params![hash::of_secret(&token), &held.member, held.project.as_deref(), &held.scope, now, now.plus_days(DAYS)];
    db::execute(vec![stmt(sql, values)])?;
    Ok(token)
}

/// Whom this token stands for; none where it is unknown, revoked or too old.
///
/// Errors: the database's.
pub fn held(token: &str) -> Result<Option<Held>> {
    let sql = "SELECT member, project, scope FROM refresh_tokens WHERE digest = $1 AND expires_ms > $2";
    let row = db::query_one(sql, params![hash::of_secret(token), context::now()])?;
    let held = row.map(|mut row| {
        Ok(Held { member: row.take("member")?, project: row.take("project")?, scope: row.take("scope")? })
    });
    Ok(held.transpose().map_err(|error: db::Error| error)?)
}

/// Takes one back; false where there is none such.
///
/// Errors: the database's.
pub fn revoke(token: &str) -> Result<bool> {
    let sql = "DELETE FROM refresh_tokens WHERE digest = $1";
    let outcomes = db::execute(vec![stmt(sql, params![hash::of_secret(token)])])?;
    Ok(outcomes.first().is_some_and(|outcome| outcome.affected > 0))
}
