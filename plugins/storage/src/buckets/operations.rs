//! `storage.buckets.operations`: work on a bucket that goes on after its request was answered.
//! <https://cloud.google.com/storage/docs/json_api/v1/operations>

use crate::access;
use crate::model::bucket::Bucket;
use fogbank_sdk::db::Transaction;
use fogbank_sdk::operations::{self, New, Operation, State};
use fogbank_sdk::{Error, Request, RequestHead, Response, Result, page};
use serde::Serialize;
use serde_json::{Value, json};

/// Starts work of that kind on a bucket. Gives the id of the operation.
pub fn start(tx: &Transaction, bucket: &Bucket, kind: &str, input: &impl Serialize) -> Result<String> {
    Ok(operations::start(tx, New::of(kind, target(&bucket.name)).input(input)?)?)
}

/// The answer to the request that started `id`.
pub fn started(id: &str, bucket: &str, base: &str) -> Result<Response> {
    Ok(Response::json(&wire(&operations::get(id)?, bucket, base)))
}

/// Shows an operation.
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Response> {
    let operation = find(&request, "storage.bucketOperations.get")?;
    Ok(Response::json(&wire(&operation, request.param("bucket"), &request.base_url())))
}

/// A page of a bucket's operations, the newest first.
pub fn list(request: Request) -> Result<Response> {
    let bucket = Bucket::load(request.param("bucket"))?;
    access::bucket("storage.bucketOperations.list", &bucket)?;
    let size = page::size(&request, "pageSize", 100, 100)?;
    let after: Option<String> = page::cursor(&request)?;
    let mut found = operations::list(&target(&bucket.name), after.as_deref(), size + 1)?;
    let more = found.len() > size as usize;
    found.truncate(size as usize);
    let base = request.base_url();
    let mut answer = json!({"kind": "storage#operations"});
    if let Some(last) = found.last() {
        answer["operations"] = found.iter().map(|operation| wire(operation, &bucket.name, &base)).collect::<Value>();
        if more {
            answer["nextPageToken"] = json!(page::encode(&last.id));
        }
    }
    Ok(Response::json(&answer))
}

/// Asks an operation to stop. One that has ended already stays as it is.
///
/// Errors: 404.
pub fn cancel(request: Request) -> Result<Response> {
    let operation = find(&request, "storage.bucketOperations.cancel")?;
    if operation.state != State::Done {
        operations::cancel(&operation.id)?;
    }
    Ok(Response::json(&json!({})))
}

fn find(request: &RequestHead, permission: &str) -> Result<Operation> {
    let bucket = Bucket::load(request.param("bucket"))?;
    access::bucket(permission, &bucket)?;
    let missing = || Error::not_found("The specified operation does not exist.");
    let operation = operations::get(request.param("operationId")).map_err(|error| match error {
        operations::Error::NotFound => missing(),
        error => error.into(),
    })?;
    if operation.target == target(&bucket.name) { Ok(operation) } else { Err(missing()) }
}

/// What an operation is about, for `operations::list`; the slash keeps `a` apart from `ab`.
fn target(bucket: &str) -> String {
    format!("buckets/{bucket}/")
}

fn wire(operation: &Operation, bucket: &str, base: &str) -> Value {
    let mut wire = operations::wire::google_longrunning(operation, &name(bucket, &operation.id));
    wire["kind"] = json!("storage#operation");
    wire["selfLink"] = json!(format!("{base}/storage/v1/b/{bucket}/operations/{}", operation.id));
    if wire.get("done").is_none() {
        wire["done"] = json!(false);
    }
    wire
}

fn name(bucket: &str, id: &str) -> String {
    format!("projects/_/buckets/{bucket}/operations/{id}")
}
