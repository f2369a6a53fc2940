//! `storage.buckets.list`. <https://cloud.google.com/storage/docs/json_api/v1/buckets/list>

use super::input;
use crate::model::bucket::{Bucket, COLUMNS, Projection};
use crate::model::{prefix, project};
use fogbank_sdk::db::{self, params};
use fogbank_sdk::{Request, Response, Result, page};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The last bucket of a page.
#[derive(Serialize, Deserialize)]
struct After(String, i64);

/// A page of a project's buckets, in order of name.
pub fn list(request: Request) -> Result<Response> {
    let size = page::size(&request, "maxResults", 1000, 1000)?;
    let projection = Projection::of(&request, Projection::NoAcl)?;
    let mut buckets = select(&request, size + 1)?;
    let more = buckets.len() > size as usize;
    buckets.truncate(size as usize);
    let base = request.base_url();
    let mut answer = json!({"kind": "storage#buckets"});
    if !buckets.is_empty() {
        answer["items"] = buckets.iter().map(|bucket| bucket.wire(&base, projection)).collect::<Value>();
    }
    if let Some(last) = buckets.pop().filter(|_| more) {
        answer["nextPageToken"] = json!(page::encode(&After(last.name, last.generation)));
    }
    Ok(Response::json(&answer))
}

fn select(request: &Request, limit: u32) -> Result<Vec<Bucket>> {
    let number = project::number(&input::project(request));
    let After(name, generation) = match request.query("pageToken") {
        Some(token) if !token.is_empty() => page::decode(token)?,
        _ => After(String::new(), 0),
    };
    let from = request.query("prefix").unwrap_or_default();
    let deleted = if request.query_bool("softDeleted")? { "IS NOT NULL" } else { "IS NULL" };
    let below = if prefix::end_of(from).is_some() { "AND name < $6" } else { "AND $6 = ''" };
    let sql = format!(
        "SELECT {COLUMNS} FROM buckets WHERE project_number = $1 AND soft_deleted_ms {deleted} AND name >= $2 \
         AND (name > $3 OR (name = $3 AND generation > $4)) {below} ORDER BY name, generation LIMIT $5"
    );
    let params = params![number, from, name, generation, limit, prefix::end_of(from).unwrap_or_default()];
    db::query(&sql, params)?.iter_mut().map(Bucket::from_row).collect()
}
