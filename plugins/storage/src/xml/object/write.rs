//! `PUT` of an object, in one request or resumable.
//! <https://cloud.google.com/storage/docs/xml-api/put-object-upload>,
//! <https://cloud.google.com/storage/docs/xml-api/post-object-resumable>

use super::super::call::Call;
use super::super::{answer, headers, link};
use crate::model::bucket::Bucket;
use crate::uploads::session::{Session, UPLOADER};
use crate::uploads::{self, single};
use fogbank_sdk::{Error, Request, RequestHead, Response, Result};

/// The body is the content.
pub fn write(mut request: Request) -> Result<Response> {
    let mut draft = headers::draft(&request)?;
    made(single::store(&mut draft, &mut request.take_body())?)
}

/// `x-goog-resumable: start`: answers 201 with the address that takes the bytes.
pub fn start(request: &RequestHead) -> Result<Response> {
    if request.header("x-goog-resumable") != Some("start") {
        let error = Error::invalid("The header x-goog-resumable has to be 'start'.");
        return Err(error.with_location("header", "x-goog-resumable"));
    }
    let mut draft = headers::draft(request)?;
    let bucket = Bucket::load(&draft.bucket)?;
    draft.admit(&bucket)?;
    let session = Session::begin(bucket.id, draft)?;
    let place = format!("{}?upload_id={}", link(request), session.id);
    Ok(Response::new(201).header("location", place).header(UPLOADER, session.id))
}

/// Takes bytes of a resumable upload, or says how far it has come (308). Who knows its address may go on with it.
pub fn resume(mut request: Request) -> Result<Response> {
    let body = request.take_body();
    let head = session_call(&request).head()?;
    match uploads::append(Request::new(head, body))? {
        response if response.status() == 200 => made(response),
        response => Ok(response),
    }
}

/// Ends a resumable upload.
pub fn cancel(request: &RequestHead) -> Result<Response> {
    uploads::cancel(session_call(request).bare()?)
}

fn session_call(request: &RequestHead) -> Call<'_> {
    Call::on_bucket(request).query("upload_id", request.query("upload_id"))
}

/// The answer to a write: everything is in the headers.
fn made(response: Response) -> Result<Response> {
    Ok(answer::describe(Response::new(200), &answer::resource(&response)?))
}
