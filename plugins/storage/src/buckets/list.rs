//! `storage.buckets.list`. <https://cloud.google.com/storage/docs/json_api/v1/buckets/list>

use super::input;
use crate::model::bucket::{Bucket, COLUMNS, Projection};
use crate::model::{prefix, project};
use fogbank_sdk::db::{self, params};
use fogbank_sdk::{Request, Response, Result, page};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The last bucket of a page.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    let from = request.query("prefix").unwrap_or_default();
    let After(name, generation) = begin(from, page::cursor(request)?);
    let end = prefix::end_of(from);
    let below = if end.is_some() { "AND name < $4" } else { "AND $4 = ''" };
    let deleted = if request.query_bool("softDeleted")? { "IS NOT NULL" } else { "IS NULL" };
    let sql = format!(
        "SELECT {COLUMNS} FROM buckets WHERE project_number = $1 AND soft_deleted_ms {deleted} \
         AND (name, generation) > ($2, $3) {below} ORDER BY name, generation LIMIT $5"
    );
    let params = params![number, name, generation, end.unwrap_or_default(), limit];
    db::query(&sql, params)?.iter_mut().map(Bucket::from_row).collect()
}

/// Behind which bucket the page begins: one bound, so that a late page costs what the first one does.
fn begin(prefix: &str, after: Option<After>) -> After {
    let first = After(prefix.to_owned(), -1);
    after.filter(|after| *after > first).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f13_a_page_begins_at_the_prefix_or_behind_the_last_one() {
        assert_eq!(begin("b", None), After("b".into(), -1));
        assert_eq!(begin("b", Some(After("bucket".into(), 7))), After("bucket".into(), 7));
        assert_eq!(begin("b", Some(After("a".into(), 7))), After("b".into(), -1));
    }
}
