//! `objects.bulkRestore`: of each name that matches, the youngest soft-deleted generation becomes live again. Work of an
//! operation, page by page.
//!
//! <https://cloud.google.com/storage/docs/json_api/v1/objects/bulkRestore>

use super::glob::Glob;
use super::lookup::{self, Which};
use super::record::{COLUMNS, Object};
use super::restore::revive;
use super::write::Target;
use crate::access::{self, Permit};
use crate::buckets::operations;
use crate::model::bucket::Bucket;
use fogbank_sdk::db::{self, params};
use fogbank_sdk::operations::{self as sdk_operations, Operation};
use fogbank_sdk::{Error, Preconditions, Request, RequestHead, Response, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// The kind of operation.
pub const BULK_RESTORE: &str = "objects.bulkRestore";

/// Rows that one step looks at.
const PAGE: usize = 100;

/// What is restored: the body of the request.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wanted {
    allow_overwrite: bool,
    copy_source_acl: bool,
    match_globs: Vec<String>,
    created_after_time: Option<Timestamp>,
    created_before_time: Option<Timestamp>,
    soft_deleted_after_time: Option<Timestamp>,
    soft_deleted_before_time: Option<Timestamp>,
}

/// What the operation has to do.
#[derive(Debug, Serialize, Deserialize)]
struct Input {
    bucket: String,
    owner: Option<String>,
    wanted: Wanted,
}

/// How far it has come.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Done {
    after: String,
    after_generation: i64,
    succeeded_count: u64,
    skipped_count: u64,
    failed_count: u64,
}

/// Starts to restore, and answers with the operation.
pub fn bulk_restore(mut request: Request) -> Result<Response> {
    let wanted: Wanted = request.json()?;
    globs(&wanted)?;
    require(&request, &wanted)?;
    let input = Input { bucket: request.param("bucket").to_owned(), owner: super::access::caller(), wanted };
    let id = db::transaction(|tx| {
        let bucket = Bucket::load_in(tx, &input.bucket)?;
        operations::start(tx, &bucket, BULK_RESTORE, &input)
    })?;
    operations::started(&id, &input.bucket, &request.base_url())
}

fn require(request: &RequestHead, wanted: &Wanted) -> Result<()> {
    if !access::enforced() {
        return Ok(());
    }
    let bucket = Bucket::load(request.param("bucket"))?;
    access::bucket("storage.objects.restore", &bucket)?;
    access::bucket("storage.objects.create", &bucket)?;
    if wanted.allow_overwrite {
        access::bucket("storage.objects.delete", &bucket)?;
    }
    if wanted.copy_source_acl { access::bucket("storage.objects.setIamPolicy", &bucket) } else { Ok(()) }
}

fn globs(wanted: &Wanted) -> Result<Vec<Glob>> {
    let parsed = wanted.match_globs.iter().map(|glob| Glob::parse(glob));
    parsed.collect::<Result<_, _>>().map_err(|_| Error::invalid("A glob pattern of matchGlobs is not valid."))
}

/// Restores what a page of soft-deleted generations asks for. Gives whether all is done. A step that runs twice finds the
/// live generations that it made, which are younger than the operation, and leaves them.
pub fn work(operation: &Operation) -> Result<bool> {
    if operation.cancel_requested {
        return Err(Error::new(fogbank_sdk::Code::Cancelled, "cancelled", "The operation was cancelled."));
    }
    let input: Input = sdk_operations::read(&operation.input)?;
    let mut done: Done = sdk_operations::read::<Option<Done>>(&operation.metadata)?.unwrap_or_default();
    let bucket = Bucket::load(&input.bucket)?;
    let globs = globs(&input.wanted)?;
    let page = page(bucket.id, &done)?;
    for object in &page {
        if input.wanted.takes(object, &globs) {
            match restored(&input, &bucket, object, operation.created_ms) {
                Ok(true) => done.succeeded_count += 1,
                Ok(false) => done.skipped_count += 1,
                Err(error) if error.http_status() < 500 => done.failed_count += 1,
                Err(error) => return Err(error),
            }
        }
        done.after.clone_from(&object.name);
        done.after_generation = object.generation;
    }
    sdk_operations::progress(&operation.id, 0, &done)?;
    Ok(page.len() < PAGE)
}

/// Soft-deleted generations by name, the youngest of a name last.
fn page(bucket: i64, done: &Done) -> Result<Vec<Object>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM objects WHERE bucket = $1 AND state = 'softdeleted' AND (name, generation) > ($2, $3) \
         ORDER BY name, generation LIMIT {PAGE}"
    );
    let rows = db::query(&sql, params![bucket, &done.after, done.after_generation])?;
    Ok(rows.into_iter().map(Object::read).collect::<db::Result<_>>()?)
}

/// Restores a generation, unless a live one may not be replaced, or a younger one takes its place.
fn restored(input: &Input, bucket: &Bucket, object: &Object, started_ms: u64) -> Result<bool> {
    let live = match lookup::find(&bucket.name, &object.name, Which::Live) {
        Ok(found) => Some(found.object),
        Err(error) if error.http_status() == 404 => None,
        Err(error) => return Err(error),
    };
    let mine = |live: &Object| live.created.millis() >= i64::try_from(started_ms).unwrap_or(i64::MAX);
    if live.as_ref().is_some_and(|live| mine(live) || !input.wanted.allow_overwrite) || younger(bucket.id, object)? {
        return Ok(false);
    }
    // What was seen is what is replaced: a client that writes meanwhile wins.
    let generation_match = Some(live.map_or(0, |live| live.generation));
    let preconditions = Preconditions { generation_match, ..Preconditions::default() };
    // Who started this was asked then.
    let target = Target { bucket: &bucket.name, name: &object.name, preconditions, replace: Permit::given() };
    revive(&target, object.generation, input.wanted.copy_source_acl, input.owner.as_deref())?;
    Ok(true)
}

/// Whether the name has a younger soft-deleted generation.
fn younger(bucket: i64, object: &Object) -> Result<bool> {
    let sql = "SELECT 1 AS found FROM objects WHERE bucket = $1 AND name = $2 AND state = 'softdeleted' \
               AND generation > $3 LIMIT 1";
    Ok(db::query_one(sql, params![bucket, &object.name, object.generation])?.is_some())
}

impl Wanted {
    fn takes(&self, object: &Object, globs: &[Glob]) -> bool {
        let within = |time: Timestamp, after: Option<Timestamp>, before: Option<Timestamp>| {
            after.is_none_or(|after| time > after) && before.is_none_or(|before| time < before)
        };
        let deleted = object.soft_deleted.unwrap_or(object.created);
        (globs.is_empty() || globs.iter().any(|glob| glob.matches(&object.name)))
            && within(object.created, self.created_after_time, self.created_before_time)
            && within(deleted, self.soft_deleted_after_time, self.soft_deleted_before_time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn f38_names_and_times_say_what_is_restored() {
        let wanted = json!({"matchGlobs": ["a*", "d/**"], "softDeletedAfterTime": "1970-01-01T01:00:00+01:00"});
        let wanted: Wanted = serde_json::from_value(wanted).unwrap();
        let globs = globs(&wanted).unwrap();
        let takes = |name: &str, deleted: i64| {
            let soft_deleted = Some(Timestamp::from_millis(deleted));
            wanted.takes(&Object { name: name.into(), soft_deleted, ..Object::default() }, &globs)
        };
        assert!(takes("abc", 1) && takes("d/e/f", 1));
        assert!(!takes("abc", 0) && !takes("b", 1));
    }
}
