//! `storage.folders.rename`: a folder with all that is below it, at once.
//! <https://cloud.google.com/storage/docs/json_api/v1/folders/rename>

use super::{KIND, hierarchical, require};
use crate::buckets::operations;
use crate::conditions::Conditions;
use crate::model::bucket::Bucket;
use crate::model::folder::{self, Folder};
use crate::model::prefix;
use crate::objects::policy;
use fogbank_sdk::db::{self, Statement, Transaction, params, stmt};
use fogbank_sdk::operations::{self as sdk_operations, Operation};
use fogbank_sdk::{Error, Request, Response, Result, Timestamp, context};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The kind of operation.
pub const RENAME: &str = "folders.rename";

/// What the operation has to do.
#[derive(Debug, Serialize, Deserialize)]
struct Input {
    bucket: String,
    source: String,
    destination: String,
}

/// Starts to rename a folder.
///
/// Errors: 400 for a bad name or a place below the folder itself, 404, 409, 412.
pub fn rename(request: Request) -> Result<Response> {
    let input = Input {
        bucket: request.param("bucket").to_owned(),
        source: folder::name(request.param("sourceFolder"))?,
        destination: folder::name(request.param("destinationFolder"))?,
    };
    let matches = request.query_i64("ifSourceMetagenerationMatch")?;
    let conditions = Conditions { matches, not_matches: request.query_i64("ifSourceMetagenerationNotMatch")? };
    require("storage.folders.rename", &request, &input.source)?;
    require("storage.folders.create", &request, &input.destination)?;
    let id = db::transaction(|tx| {
        let (bucket, folder) = check(tx, &input)?;
        conditions.require(folder.metageneration)?;
        operations::start(tx, &bucket, RENAME, &input)
    })?;
    operations::started(&id, &input.bucket, &request.base_url())
}

/// Carries a rename out, in one transaction. Gives the folder as it is then.
pub fn work(operation: &Operation) -> Result<String> {
    let input: Input = sdk_operations::read(&operation.input)?;
    let (bucket, folder) = db::transaction(|tx| {
        if let Some(done) = done(tx, &input)? {
            return Ok(done);
        }
        let (bucket, _) = check(tx, &input)?;
        forget_policies(tx, &bucket, &input.destination)?;
        tx.execute_all(statements(bucket.id, &input, context::now()))?;
        let folder = Folder::load_in(tx, KIND, bucket.id, &input.destination)?;
        Ok((bucket, folder))
    })?;
    Ok(json!(folder.wire(KIND, &bucket, "")).to_string())
}

/// What is moved to names that were there before does not get the policies of what had them.
fn forget_policies(tx: &Transaction, bucket: &Bucket, destination: &str) -> Result<()> {
    let sql = "SELECT name FROM object_policies WHERE bucket = $1 AND name >= $2 AND name < $3";
    let end = prefix::end_of(destination).unwrap_or_default();
    for mut row in tx.query(sql, params![bucket.id, destination, &end])? {
        let name: String = row.take("name")?;
        tx.execute_all(vec![policy::forget(bucket.id, &bucket.name, &name)?])?;
    }
    Ok(())
}

/// The folder, if an earlier run has renamed it already.
fn done(tx: &Transaction, input: &Input) -> Result<Option<(Bucket, Folder)>> {
    let bucket = Bucket::load_in(tx, &input.bucket)?;
    let gone = Folder::load_in(tx, KIND, bucket.id, &input.source).is_err_and(|error| error.http_status() == 404);
    match Folder::load_in(tx, KIND, bucket.id, &input.destination) {
        Ok(folder) if gone => Ok(Some((bucket, folder))),
        _ => Ok(None),
    }
}

fn check(tx: &Transaction, input: &Input) -> Result<(Bucket, Folder)> {
    let bucket = hierarchical(Bucket::load_in(tx, &input.bucket)?)?;
    if input.destination.starts_with(&input.source) {
        return Err(Error::invalid("A folder cannot be renamed into itself."));
    }
    let folder = Folder::load_in(tx, KIND, bucket.id, &input.source)?;
    let taken = Folder::load_in(tx, KIND, bucket.id, &input.destination);
    if taken.is_ok() {
        return Err(Error::already_exists("The destination folder already exists."));
    }
    if let Some(parent) = folder::parents(&input.destination).last() {
        Folder::load_in(tx, KIND, bucket.id, parent)
            .map_err(|_| Error::not_found("The parent of the destination folder does not exist."))?;
    }
    Ok((bucket, folder))
}

/// Gives everything below the source its new name. `substr` counts characters on both backends.
fn statements(bucket: i64, input: &Input, now: Timestamp) -> Vec<Statement> {
    let behind = input.source.chars().count() + 1;
    let end = prefix::end_of(&input.source).unwrap_or_default();
    let moved = |table: &str| {
        let sql = format!(
            "UPDATE {table} SET name = $2 || substr(name, CAST($3 AS INTEGER)) WHERE bucket = $1 AND name >= $4 AND name < $5"
        );
        stmt(sql, params![bucket, &input.destination, behind, &input.source, &end])
    };
    let touch =
        "UPDATE folders SET metageneration = metageneration + 1, updated_ms = $3 WHERE bucket = $1 AND name = $2";
    vec![
        moved("objects"),
        moved("folders"),
        moved("managed_folders"),
        stmt(touch, params![bucket, &input.destination, now]),
    ]
}
