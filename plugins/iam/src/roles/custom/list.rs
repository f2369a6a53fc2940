//! `iam.projects.roles.list`, `iam.organizations.roles.list`.

use super::{COLUMNS, Role, cutoff, parent_of};
use crate::roles::View;
use fogbank_sdk::db::{self, params};
use fogbank_sdk::{Error, Request, Response, Result, page};
use serde_json::json;

/// A page of a parent's custom roles, in order of their ids.
pub fn list(request: Request) -> Result<Response> {
    page_of(&request, &parent_of(&request)?)
}

/// As [`list`], for a parent as rows have it.
pub fn page_of(request: &Request, parent: &str) -> Result<Response> {
    let view = View::of(request)?;
    let size = page::size(request, "pageSize", 300, 1000)? as usize;
    let after = match page::cursor::<(String, String)>(request)? {
        Some((other, _)) if other != parent => return Err(Error::invalid("The page token is of another parent.")),
        cursor => cursor.map(|(_, after)| after).unwrap_or_default(),
    };
    let deleted = if request.query_bool("showDeleted")? { "OR deleted_ms > $4" } else { "AND $4 >= 0" };
    let sql = format!(
        "SELECT {COLUMNS} FROM custom_roles WHERE parent = $1 AND id > $2 AND (deleted_ms IS NULL {deleted}) ORDER BY id LIMIT $3"
    );
    let mut rows = db::query(&sql, params![parent, after, size + 1, cutoff()])?;
    let more = rows.len() > size;
    rows.truncate(size);
    let roles = rows.iter_mut().map(Role::from_row).collect::<db::Result<Vec<_>>>()?;
    let mut answer = json!({});
    if !roles.is_empty() {
        answer["roles"] = roles.iter().map(|role| role.wire(view)).collect();
    }
    if let Some(last) = roles.last().filter(|_| more) {
        answer["nextPageToken"] = json!(page::encode(&(parent, &last.id)));
    }
    Ok(Response::json(&answer))
}
