//! `storage.folders`: real folders, in buckets with a hierarchical namespace.
//! <https://cloud.google.com/storage/docs/json_api/v1/folders>

pub mod delete_recursive;
mod list;
pub mod rename;

pub use delete_recursive::delete_recursive;
pub use list::list;
pub use rename::rename;

use crate::access;
use crate::conditions::Conditions;
use crate::model::bucket::Bucket;
use crate::model::folder::{self, Folder, Kind};
use fogbank_sdk::db::{self, Statement, Transaction, params};
use fogbank_sdk::{Error, Request, RequestHead, Response, Result, Timestamp, context};
use serde_json::Value;

const KIND: Kind = Kind::Hierarchical;

/// Makes a folder; with `recursive` those above it as well.
///
/// Errors: 400 for a bad name or a flat bucket, 404 without the folder above, 409.
pub fn insert(mut request: Request) -> Result<Response> {
    let body: Value = request.json()?;
    let Some(name) = body.get("name").and_then(Value::as_str) else {
        access::bucket_named("storage.folders.create", request.param("bucket"))?;
        return Err(Error::required("name"));
    };
    let folder = Folder::new(folder::name(name)?, context::now());
    let recursive = request.query_bool("recursive")?;
    require("storage.folders.create", &request, &folder.name)?;
    let bucket = db::transaction(|tx| {
        let bucket = hierarchical(Bucket::load_in(tx, request.param("bucket"))?)?;
        if recursive {
            tx.execute_all(make_parents(bucket.id, &folder.name, folder.created))?;
        } else if let Some(parent) = folder::parents(&folder.name).last() {
            Folder::load_in(tx, KIND, bucket.id, parent)
                .map_err(|_| Error::not_found("The parent folder does not exist."))?;
        }
        tx.execute_all(vec![folder.insert(KIND, bucket.id, false)]).map_err(|error| match error {
            error if error.is_unique() => Error::already_exists("The folder already exists."),
            error => error.into(),
        })?;
        Ok(bucket)
    })?;
    Ok(Response::json(&folder.wire(KIND, &bucket, &request.base_url())))
}

/// Shows a folder.
///
/// Errors: 404, 412, 304.
pub fn get(request: Request) -> Result<Response> {
    let bucket = Bucket::load(request.param("bucket"))?;
    let name = folder::name(request.param("folder"))?;
    access::folder("storage.folders.get", &bucket, KIND, &name)?;
    let bucket = hierarchical(bucket)?;
    let folder = Folder::load(KIND, bucket.id, &name)?;
    Conditions::of(&request)?.require_for_read(folder.metageneration)?;
    Ok(Response::json(&folder.wire(KIND, &bucket, &request.base_url())))
}

/// Deletes an empty folder.
///
/// Errors: 404, 409 `notEmpty`, 412.
pub fn delete(request: Request) -> Result<Response> {
    let conditions = Conditions::of(&request)?;
    let name = folder::name(request.param("folder"))?;
    require("storage.folders.delete", &request, &name)?;
    db::transaction(|tx| {
        let bucket = hierarchical(Bucket::load_in(tx, request.param("bucket"))?)?;
        let folder = Folder::load_in(tx, KIND, bucket.id, &name)?;
        conditions.require(folder.metageneration)?;
        if folder.has_objects(tx, bucket.id, true)? || has_folders(tx, bucket.id, &name)? {
            return Err(Error::conflict("notEmpty", "The folder you tried to delete is not empty."));
        }
        tx.execute("DELETE FROM folders WHERE bucket = $1 AND name = $2", params![bucket.id, &name])?;
        Ok(())
    })?;
    Ok(Response::no_content())
}

/// Refuses unless the caller has `permission` on a folder that a transaction looks up.
fn require(permission: &str, request: &RequestHead, name: &str) -> Result<()> {
    if !access::enforced() {
        return Ok(());
    }
    access::folder(permission, &Bucket::load(request.param("bucket"))?, KIND, name)
}

/// Statements that make the folders above `name`, an object or a folder, as writing it does. They may exist.
pub fn make_parents(bucket: i64, name: &str, now: Timestamp) -> Vec<Statement> {
    let parents = folder::parents(name);
    parents.map(|parent| Folder::new(parent.to_owned(), now).insert(KIND, bucket, true)).collect()
}

/// 400 for a bucket without a hierarchical namespace.
fn hierarchical(bucket: Bucket) -> Result<Bucket> {
    match bucket.config.is_hierarchical() {
        true => Ok(bucket),
        false => Err(Error::invalid("The bucket does not have hierarchical namespace enabled.")),
    }
}

fn has_folders(tx: &Transaction, bucket: i64, name: &str) -> Result<bool> {
    let sql = "SELECT 1 AS found FROM folders WHERE bucket = $1 AND name > $2 AND name < $3 LIMIT 1";
    let end = crate::model::prefix::end_of(name).unwrap_or_default();
    Ok(tx.query_one(sql, params![bucket, name, end])?.is_some())
}
