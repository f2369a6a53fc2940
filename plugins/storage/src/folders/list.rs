//! `storage.folders.list`. <https://cloud.google.com/storage/docs/json_api/v1/folders/list>

use super::{KIND, hierarchical};
use crate::access;
use crate::model::bucket::Bucket;
use crate::model::folder::{self, Folder};
use fogbank_sdk::{Error, Request, RequestHead, Response, Result, page};
use serde_json::{Value, json};

/// What is asked for.
struct Filter {
    prefix: String,
    /// Only the folders directly below the prefix.
    direct: bool,
    start: String,
    end: String,
}

/// A page of a bucket's folders, in order of name.
pub fn list(request: Request) -> Result<Response> {
    let bucket = Bucket::load(request.param("bucket"))?;
    let filter = Filter::of(&request)?;
    access::prefix("storage.folders.list", &bucket, &filter.prefix)?;
    let bucket = hierarchical(bucket)?;
    let size = page::size(&request, "pageSize", 1000, 1000)? as usize;
    let (folders, next) = filter.page(bucket.id, page::cursor(&request)?.unwrap_or_default(), size)?;
    let mut answer = json!({"kind": "storage#folders"});
    if !folders.is_empty() {
        let base = request.base_url();
        answer["items"] = folders.iter().map(|folder| folder.wire(KIND, &bucket, &base)).collect::<Value>();
    }
    if let Some(next) = next {
        answer["nextPageToken"] = json!(page::encode(&next));
    }
    Ok(Response::json(&answer))
}

// === impl Filter ===

impl Filter {
    fn of(request: &RequestHead) -> Result<Self> {
        let text = |name: &str| request.query(name).unwrap_or_default().to_owned();
        let delimiter = text("delimiter");
        if !delimiter.is_empty() && delimiter != "/" {
            return Err(Error::invalid("The only delimiter of folders is /.").with_location("parameter", "delimiter"));
        }
        Ok(Self {
            prefix: text("prefix"),
            direct: !delimiter.is_empty(),
            start: text("startOffset"),
            end: text("endOffset"),
        })
    }

    /// Up to `size` folders behind `after`, and the name behind which the next page begins.
    fn page(&self, bucket: i64, mut after: String, size: usize) -> Result<(Vec<Folder>, Option<String>)> {
        let mut found: Vec<Folder> = Vec::new();
        loop {
            let batch = folder::select(KIND, bucket, &self.prefix, &after, 1000)?;
            let last = batch.len() < 1000;
            for folder in batch {
                if !self.end.is_empty() && folder.name >= self.end {
                    return Ok((found, None));
                }
                after.clone_from(&folder.name);
                if !self.shows(&folder.name) {
                    continue;
                }
                if found.len() == size {
                    return Ok((found.clone(), found.pop().map(|folder| folder.name)));
                }
                found.push(folder);
            }
            if last {
                return Ok((found, None));
            }
        }
    }

    fn shows(&self, name: &str) -> bool {
        let below = name.strip_prefix(&self.prefix).unwrap_or(name);
        let depth = below.trim_end_matches('/').matches('/').count();
        name >= self.start.as_str() && !(self.direct && (depth > 0 || below.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_shows_what_is_directly_below() {
        let filter = Filter { prefix: "a/".into(), direct: true, start: String::new(), end: String::new() };
        assert!(filter.shows("a/b/"));
        assert!(!filter.shows("a/b/c/") && !filter.shows("a/"));
        assert!(Filter { direct: false, ..filter }.shows("a/b/c/"));
    }

    #[test]
    fn only_a_slash_delimits_folders() {
        let request = |query: &str| RequestHead::new("storage.folders.list", "GET", &format!("/x?{query}")).unwrap();
        assert!(Filter::of(&request("delimiter=%2F")).is_ok());
        assert!(Filter::of(&request("delimiter=x")).is_err());
    }
}
