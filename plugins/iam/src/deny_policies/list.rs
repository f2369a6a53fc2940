//! `iam.policies.listPolicies`.

use super::{COLUMNS, DenyPolicy, attachment};
use fogbank_sdk::db::{self, params};
use fogbank_sdk::{Error, Request, Response, Result, page};
use serde_json::{Value, json};

/// A page of the policies attached to something, in order of their ids. Rules are not shown, as in the real service.
pub fn list(request: Request) -> Result<Response> {
    let attachment = attachment(&request, "iam.denypolicies.list")?;
    let size = page::size(&request, "pageSize", 1000, 1000)? as usize;
    let after = match page::cursor::<(String, String)>(&request)? {
        Some((other, _)) if other != attachment => {
            return Err(Error::invalid("The page token is of another attachment point."));
        }
        cursor => cursor.map(|(_, after)| after).unwrap_or_default(),
    };
    let sql = format!("SELECT {COLUMNS} FROM deny_policies WHERE attachment = $1 AND id > $2 ORDER BY id LIMIT $3");
    let mut rows = db::query(&sql, params![&attachment, after, size + 1])?;
    let more = rows.len() > size;
    rows.truncate(size);
    let policies = rows.iter_mut().map(DenyPolicy::from_row).collect::<db::Result<Vec<_>>>()?;
    let mut answer = json!({});
    if !policies.is_empty() {
        answer["policies"] = policies.iter().map(shown).collect();
    }
    if let Some(last) = policies.last().filter(|_| more) {
        answer["nextPageToken"] = json!(page::encode(&(&attachment, &last.id)));
    }
    Ok(Response::json(&answer))
}

fn shown(policy: &DenyPolicy) -> Value {
    let mut wire = policy.wire();
    if let Some(fields) = wire.as_object_mut() {
        fields.remove("rules");
    }
    wire
}
