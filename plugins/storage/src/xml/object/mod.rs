//! Verbs on an object. Which of several things one means, the query and the headers tell.
//! <https://cloud.google.com/storage/docs/xml-api/reference-methods>

mod access;
mod compose;
pub mod copy;
mod read;
mod remove;
mod write;

use super::{multipart, permission, unimplemented};
use fogbank_sdk::{Request, RequestHead, Response, Result};

/// Parts of an object that are not here.
const ABSENT: [&str; 7] = ["attributes", "legal-hold", "retention", "restore", "select", "tagging", "torrent"];

fn require_known(request: &RequestHead) -> Result<()> {
    match ABSENT.into_iter().find(|part| request.query(part).is_some()) {
        Some(part) => Err(unimplemented(request, part)),
        None => Ok(()),
    }
}

/// Answers with the content, the access list, or the parts of an upload.
pub fn get(request: Request) -> Result<Response> {
    require_known(&request)?;
    if request.query("uploadId").is_some() {
        return multipart::parts(&request);
    }
    if request.query("acl").is_some() {
        return access::show(&request);
    }
    read::read(&request)
}

/// As [`get`] of the content: the host sends the head alone.
pub fn head(request: Request) -> Result<Response> {
    require_known(&request)?;
    read::read(&request)
}

/// Writes an object or a part of one: from the body, from another object, or from several.
pub fn put(request: Request) -> Result<Response> {
    require_known(&request)?;
    let has = |name: &str| request.query(name).is_some();
    match () {
        () if has("uploadId") || has("partNumber") => multipart::part(request),
        () if has("upload_id") => write::resume(request),
        () if has("acl") => access::replace(request),
        () if has("compose") => compose::compose(request),
        () if request.header("x-goog-copy-source").is_some() => copy::copy(&request),
        () if request.header("x-goog-resumable").is_some() => write::start(&request),
        () => write::write(request),
    }
}

/// Begins or completes an upload, or composes.
pub fn post(request: Request) -> Result<Response> {
    require_known(&request)?;
    let has = |name: &str| request.query(name).is_some();
    match () {
        () if has("uploads") => multipart::begin(&request),
        () if has("uploadId") => multipart::complete(request),
        () if has("upload_id") => write::resume(request),
        () if has("compose") => compose::compose(request),
        () if request.header("x-goog-resumable").is_some() => write::start(&request),
        () => {
            permission::on_object(&request, "storage.objects.create")?;
            Err(unimplemented(&request, "without ?uploads, ?compose or x-goog-resumable"))
        }
    }
}

/// Deletes an object, or ends an upload.
pub fn delete(request: Request) -> Result<Response> {
    require_known(&request)?;
    if request.query("uploadId").is_some() {
        return multipart::abort(&request);
    }
    if request.query("upload_id").is_some() {
        return write::cancel(&request);
    }
    remove::remove(&request)
}
