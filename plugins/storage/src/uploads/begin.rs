//! `POST` on an upload path: a whole upload, or the begin of a resumable one.

use super::session::{Session, UPLOADER};
use super::{append, single};
use crate::access;
use crate::model::bucket::Bucket;
use crate::objects::draft::{self, Draft};
use fogbank_sdk::{Error, Request, RequestHead, Response, Result, query};
use serde_json::Value;

/// Answers with the object, or with the address of the session that takes its bytes.
pub fn begin(request: Request) -> Result<Response> {
    if request.query("upload_id").is_some() {
        return append(request);
    }
    let head = request.head();
    start(request).map_err(|error| refused_first(&head, error))
}

/// What is wrong with a request is told to those who may upload to the bucket at all: without a name nobody has been asked.
fn refused_first(request: &RequestHead, error: Error) -> Error {
    let broken = error.http_status() == 400;
    let asked = broken.then(|| access::bucket_named("storage.objects.create", request.param("bucket")));
    asked.and_then(Result::err).unwrap_or(error)
}

fn start(request: Request) -> Result<Response> {
    match request.query("uploadType").unwrap_or_default() {
        "media" => single::media(request),
        "multipart" => single::multipart(request),
        "resumable" => resumable(request),
        "" if is_multipart(&request) => single::multipart(request),
        "" => single::media(request),
        other => {
            let error = Error::invalid(format!("Invalid value for uploadType: '{other}'"));
            Err(error.with_location("parameter", "uploadType"))
        }
    }
}

fn is_multipart(request: &RequestHead) -> bool {
    request.header("content-type").is_some_and(|kind| kind.trim_start().starts_with("multipart/related"))
}

/// Begins a session: the body is the object's metadata, and the bytes follow by `PUT` on the address in `Location`.
fn resumable(mut request: Request) -> Result<Response> {
    let metadata: Value = request.json()?;
    let mut draft = Draft::by_caller(&request, metadata, request.header("x-upload-content-type"))?;
    draft.size = announced(&request)?;
    let bucket = Bucket::load(&draft.bucket)?;
    draft.admit(&bucket)?;
    let session = Session::begin(bucket.id, draft)?;
    let place = format!("{}/upload/storage/v1/b/{}/o", request.base_url(), query::encode(&bucket.name));
    Ok(Response::new(200)
        .header("location", format!("{place}?uploadType=resumable&upload_id={}", session.id))
        .header(UPLOADER, session.id))
}

/// `X-Upload-Content-Length`; 413 where that is more than an object may have.
fn announced(request: &RequestHead) -> Result<Option<u64>> {
    let Some(text) = request.header("x-upload-content-length") else {
        return Ok(None);
    };
    let size: u64 = text.trim().parse().map_err(|_| {
        Error::invalid(format!("Invalid value for X-Upload-Content-Length: '{text}'"))
            .with_location("header", "X-Upload-Content-Length")
    })?;
    let most = draft::max_size()?;
    if size > most { Err(Error::too_large(most)) } else { Ok(Some(size)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f06_an_announced_size_is_refused_at_once() {
        let with = |size: &str| {
            let head = RequestHead::new("r", "POST", "/").unwrap().with_header("x-upload-content-length", size);
            announced(&head).map_err(|error| error.http_status())
        };
        assert_eq!(with("10"), Ok(Some(10)));
        assert_eq!(with("5497558138881"), Err(413));
        assert_eq!(with("many"), Err(400));
    }
}
