//! `storage.folders.deleteRecursive`: a folder with all that is below it, page by page.
//! <https://cloud.google.com/storage/docs/json_api/v1/folders/deleteRecursive>

use super::{KIND, hierarchical, require};
use crate::buckets::operations;
use crate::conditions::Conditions;
use crate::model::bucket::Bucket;
use crate::model::folder::{self, Folder};
use crate::model::prefix;
use crate::objects::record::{COLUMNS, Object};
use crate::objects::retire::{Ending, retire};
use crate::removals;
use fogbank_sdk::db::{self, params};
use fogbank_sdk::operations::{self as sdk_operations, Operation};
use fogbank_sdk::{Request, Response, Result, context};
use serde::{Deserialize, Serialize};

/// The kind of operation.
pub const DELETE_RECURSIVE: &str = "folders.deleteRecursive";

const PAGE: usize = 200;

/// What the operation has to do.
#[derive(Debug, Serialize, Deserialize)]
struct Input {
    bucket: String,
    folder: String,
}

/// Starts to delete a folder and everything below it.
///
/// Errors: 404, 412.
pub fn delete_recursive(request: Request) -> Result<Response> {
    let conditions = Conditions::of(&request)?;
    let input = Input { bucket: request.param("bucket").to_owned(), folder: folder::name(request.param("folder"))? };
    require("storage.folders.delete", &request, &input.folder)?;
    require("storage.objects.delete", &request, &input.folder)?;
    let id = db::transaction(|tx| {
        let bucket = hierarchical(Bucket::load_in(tx, &input.bucket)?)?;
        conditions.require(Folder::load_in(tx, KIND, bucket.id, &input.folder)?.metageneration)?;
        operations::start(tx, &bucket, DELETE_RECURSIVE, &input)
    })?;
    operations::started(&id, &input.bucket, &request.base_url())
}

/// Deletes a page of objects, or the folders when no object is left. Gives whether all is done.
///
/// Errors: 403 for an object that a hold or a retention keeps: what was deleted before it stays deleted.
pub fn work(operation: &Operation) -> Result<bool> {
    let input: Input = sdk_operations::read(&operation.input)?;
    let end = prefix::end_of(&input.folder).unwrap_or_default();
    let (files, done) = db::transaction(|tx| {
        let bucket = Bucket::load_in(tx, &input.bucket)?;
        let sql = format!(
            "SELECT {COLUMNS} FROM objects WHERE bucket = $1 AND name >= $2 AND name < $3 AND state = 'live' \
             ORDER BY name LIMIT $4"
        );
        let rows = tx.query(&sql, params![bucket.id, &input.folder, &end, PAGE])?;
        let done = rows.is_empty();
        let mut files = Vec::new();
        for row in rows {
            let retired = retire(&Object::read(row)?, &bucket, Ending::Superseded, context::now())?;
            tx.execute_all(retired.statements)?;
            files.extend(retired.file);
        }
        if done {
            let sql = "DELETE FROM folders WHERE bucket = $1 AND name >= $2 AND name < $3";
            tx.execute(sql, params![bucket.id, &input.folder, &end])?;
        }
        Ok((files, done))
    })?;
    removals::unlink(&files);
    Ok(done)
}
