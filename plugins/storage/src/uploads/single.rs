//! Uploads in one request. The bytes go from the connection to the disk inside the host.

use crate::model::bucket::Bucket;
use crate::objects::content::Content;
use crate::objects::draft::{self, Draft};
use crate::signed::form::{ANY, Range};
use fogbank_sdk::files::{self, Options};
use fogbank_sdk::multipart::Multipart;
use fogbank_sdk::{Body, Error, JSON_LIMIT, Request, Response, Result, from_json};
use serde_json::{Value, json};

/// `uploadType=media`: the body is the content.
pub fn media(mut request: Request) -> Result<Response> {
    let mut draft = Draft::by_caller(&request, json!({}), request.header("content-type"))?;
    let mut body = request.take_body();
    store(&mut draft, &mut body)
}

/// `uploadType=multipart`: the first part is the metadata, the second the content.
pub fn multipart(mut request: Request) -> Result<Response> {
    let kind = request.header("content-type").unwrap_or_default().to_owned();
    let mut parts = Multipart::parse(&kind, request.take_body())?;
    let metadata: Value = {
        let mut first = parts.next()?.ok_or_else(|| missing("metadata"))?;
        from_json(&first.body.read_to_end(JSON_LIMIT)?)?
    };
    let mut second = parts.next()?.ok_or_else(|| missing("media"))?;
    let mut draft = Draft::by_caller(&request, metadata, second.content_type())?;
    store(&mut draft, &mut second.body)
}

/// Stages, commits and records the content. The bucket is looked up first, so that nobody sends bytes for nothing.
pub fn store(draft: &mut Draft, body: &mut Body) -> Result<Response> {
    store_within(draft, body, ANY)
}

/// As [`store`], for a content of this many bytes.
pub fn store_within(draft: &mut Draft, body: &mut Body, range: Range) -> Result<Response> {
    draft.admit(&Bucket::load(&draft.bucket)?)?;
    let most = draft::max_size()?.min(range.most);
    if body.length().is_some_and(|length| length > most) {
        return Err(Error::too_large(most));
    }
    let options = Options { max_size: Some(most), exact_size: body.length(), md5: true };
    let staged = files::stage(&[body.as_source()?], options)?;
    range.require_least(staged.digest().size)?;
    let content = Content::keep(&staged, &draft.expected)?;
    let found = draft.store(&content, None)?;
    Ok(draft.answer(&found))
}

fn missing(part: &str) -> Error {
    Error::invalid(format!("The multipart body has no {part} part."))
}
