//! `POST /OBJECT?uploads` and `DELETE /OBJECT?uploadId=...`.
//! <https://cloud.google.com/storage/docs/xml-api/post-object-multipart>,
//! <https://cloud.google.com/storage/docs/xml-api/delete-multipart>

use super::super::{headers, writer};
use super::record::{self, Upload};
use crate::access;
use crate::model::bucket::Bucket;
use fogbank_sdk::{RequestHead, Response, Result};

/// Begins an upload; the headers say what the object is to be.
pub fn begin(request: &RequestHead) -> Result<Response> {
    let mut draft = headers::draft(request)?;
    let bucket = Bucket::load(&draft.bucket)?;
    access::object("storage.multipartUploads.create", &bucket, &draft.name, None)?;
    draft.admit(&bucket)?;
    let upload = Upload::begin(bucket.id, draft)?;
    Ok(writer::answer(writer::document("InitiateMultipartUploadResult", writer::UPLOADS, |xml| {
        xml.text("Bucket", &bucket.name);
        xml.text("Key", &upload.draft.name);
        xml.text("UploadId", &upload.id);
    })))
}

/// Ends an upload and frees its parts.
pub fn abort(request: &RequestHead) -> Result<Response> {
    record::abort(&super::upload(request, &["storage.multipartUploads.abort"])?.id)?;
    Ok(Response::no_content())
}
