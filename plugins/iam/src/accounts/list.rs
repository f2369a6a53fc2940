//! `iam.projects.serviceAccounts.list`.

use super::{Account, COLUMNS};
use crate::projects;
use fogbank_sdk::db::{self, params};
use fogbank_sdk::{Error, Request, Response, Result, page};
use serde_json::json;

/// A page of a project's accounts, in order of their addresses.
pub fn list(request: Request) -> Result<Response> {
    let project = projects::id(request.param("project"))?;
    let size = page::size(&request, "pageSize", 100, 100)? as usize;
    let after = match page::cursor::<(String, String)>(&request)? {
        Some((other, _)) if other != project => return Err(Error::invalid("The page token is of another project.")),
        cursor => cursor.map(|(_, after)| after).unwrap_or_default(),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM accounts WHERE project = $1 AND deleted_ms IS NULL AND email > $2 ORDER BY email LIMIT $3"
    );
    let mut rows = db::query(&sql, params![&project, after, size + 1])?;
    let more = rows.len() > size;
    rows.truncate(size);
    let accounts = rows.iter_mut().map(Account::from_row).collect::<db::Result<Vec<_>>>()?;
    let mut answer = json!({});
    if !accounts.is_empty() {
        answer["accounts"] = accounts.iter().map(Account::wire).collect();
    }
    if let Some(last) = accounts.last().filter(|_| more) {
        answer["nextPageToken"] = json!(page::encode(&(&project, &last.email)));
    }
    Ok(Response::json(&answer))
}
