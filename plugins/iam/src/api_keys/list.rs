//! `apikeys.projects.locations.keys.list`.

use super::{ApiKey, COLUMNS, check_location, cutoff};
use crate::projects;
use fogbank_sdk::db::{self, params};
use fogbank_sdk::{Error, Request, Response, Result, page};
use serde_json::json;

/// A page of a project's keys, in order of their ids.
pub fn list(request: Request) -> Result<Response> {
    check_location(&request)?;
    let project = projects::id(request.param("project"))?;
    let size = page::size(&request, "pageSize", 50, 300)? as usize;
    let after = match page::cursor::<(String, String)>(&request)? {
        Some((other, _)) if other != project => return Err(Error::invalid("The page token is of another project.")),
        cursor => cursor.map(|(_, after)| after).unwrap_or_default(),
    };
    let deleted = if request.query_bool("showDeleted")? { "OR deleted_ms > $4" } else { "AND $4 >= 0" };
    let sql = format!(
        "SELECT {COLUMNS} FROM api_keys WHERE project = $1 AND id > $2 AND (deleted_ms IS NULL {deleted}) ORDER BY id LIMIT $3"
    );
    let mut rows = db::query(&sql, params![&project, after, size + 1, cutoff()])?;
    let more = rows.len() > size;
    rows.truncate(size);
    let keys = rows.iter_mut().map(ApiKey::from_row).collect::<db::Result<Vec<_>>>()?;
    let mut answer = json!({});
    if !keys.is_empty() {
        answer["keys"] = keys.iter().map(ApiKey::wire).collect();
    }
    if let Some(last) = keys.last().filter(|_| more) {
        answer["nextPageToken"] = json!(page::encode(&(&project, &last.id)));
    }
    Ok(Response::json(&answer))
}
