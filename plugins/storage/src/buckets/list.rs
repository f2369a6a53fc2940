//! `storage.buckets.list`. <https://cloud.google.com/storage/docs/json_api/v1/buckets/list>

use super::input;
use crate::access;
use crate::model::bucket::{Bucket, COLUMNS, Projection};
use crate::model::{prefix, project};
use fogbank_sdk::db::{self, Row, params};
use fogbank_sdk::{Request, Response, Result, page};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The last bucket of a page.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct After(String, i64);

/// About how many bytes of settings one page shows, so that the largest buckets still make an answer.
const MOST_BYTES: i64 = 4 << 20;

/// A page of a project's buckets, in order of name.
pub fn list(request: Request) -> Result<Response> {
    let size = page::size(&request, "maxResults", 1000, 1000)?;
    let projection = Projection::of(&request, Projection::NoAcl)?;
    access::project("storage.buckets.list", &input::project(&request))?;
    let (mut buckets, more) = fetch(&request, size as usize)?;
    let base = request.base_url();
    let mut answer = json!({"kind": "storage#buckets"});
    if !buckets.is_empty() {
        let shown = buckets.iter().map(|bucket| Ok(bucket.wire(&base, access::view::of_bucket(bucket, projection)?)));
        answer["items"] = shown.collect::<Result<Value>>()?;
    }
    if let Some(last) = buckets.pop().filter(|_| more) {
        answer["nextPageToken"] = json!(page::encode(&After(last.name, last.generation)));
    }
    Ok(Response::json(&answer))
}

/// Up to `size` buckets, and whether there are more: fewer where their settings are large.
fn fetch(request: &Request, mut size: usize) -> Result<(Vec<Bucket>, bool)> {
    let rows = loop {
        match select(request, size + 1)? {
            Err(db::Error::TooManyRows(_)) if size > 1 => size = (size / 8).max(1),
            rows => break rows?,
        }
    };
    let (count, mut bytes, mut buckets) = (rows.len(), 0, Vec::new());
    for mut row in rows.into_iter().take(size) {
        if bytes > MOST_BYTES {
            break;
        }
        bytes += row.get::<i64>("weight")?;
        buckets.push(Bucket::from_row(&mut row)?);
    }
    let more = count > buckets.len();
    Ok((buckets, more))
}

fn select(request: &Request, limit: usize) -> Result<db::Result<Vec<Row>>> {
    let number = project::number(&input::project(request));
    let from = request.query("prefix").unwrap_or_default();
    let After(name, generation) = begin(from, page::cursor(request)?);
    let end = prefix::end_of(from);
    let below = if end.is_some() { "AND name < $4" } else { "AND $4 = ''" };
    let deleted = if request.query_bool("softDeleted")? { "IS NOT NULL" } else { "IS NULL" };
    let sql = format!(
        "SELECT {COLUMNS}, CAST(LENGTH(config) AS BIGINT) AS weight FROM buckets \
         WHERE project_number = $1 AND soft_deleted_ms {deleted} AND (name, generation) > ($2, $3) {below} \
         ORDER BY name, generation LIMIT $5"
    );
    Ok(db::query(&sql, params![number, name, generation, end.unwrap_or_default(), limit]))
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
