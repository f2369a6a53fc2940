//! The content of an object as an answer: conditions, ranges, transcoding, and the headers that describe it. The JSON and
//! the XML API share it.
//!
//! <https://cloud.google.com/storage/docs/json_api/v1/objects/get>, <https://cloud.google.com/storage/docs/xml-api/reference-headers>

use super::conditional::{Conditional, Verdict};
use super::range::{self, Selection};
use super::record::Object;
use super::{checksum, transcoding};
use fogbank_sdk::files::{self, File};
use fogbank_sdk::{Body, Code, Error, RequestHead, Response, Result};

/// What an object without `cacheControl` is served with.
const NO_CACHE: &str = "no-cache, no-store, max-age=0, must-revalidate";

/// What came of opening the content.
pub enum Opened {
    Answer(Response),
    /// The file is gone: the object was replaced meanwhile, and its row has to be read again.
    Vanished,
}

/// Answers with the content of `object`, under the entity tag `etag` (as it stands in the header).
pub fn answer(object: &Object, etag: &str, request: &RequestHead) -> Result<Opened> {
    let conditional = conditions(request);
    let bare = etag.trim_matches('"');
    match conditional.decide(bare, object.updated) {
        Verdict::Failed => return Err(crate::conditions::unmet()),
        Verdict::NotModified => return Ok(Opened::Answer(describe(Response::new(304), object, etag))),
        Verdict::Proceed => {}
    }
    let file = match object.file.as_deref().map(files::open).transpose() {
        Ok(file) => file,
        Err(files::Error::NotFound) => return Ok(Opened::Vanished),
        Err(error) => return Err(error.into()),
    };
    let unpacks = transcoding::unpacks(
        object.content_encoding.as_deref(),
        object.cache_control.as_deref(),
        request.header("accept-encoding"),
    ) && is_gzip(file.as_ref())?;
    let header = request.header("range").filter(|_| !unpacks && conditional.range_holds(bare, object.updated));
    let selection = range::select(header, object.size);
    if selection == Selection::Unsatisfiable {
        return Err(unsatisfiable(object.size));
    }
    Ok(Opened::Answer(body(object, etag, file.as_ref(), selection, unpacks)))
}

/// Whether the content is what its `contentEncoding` says (RFC 1952, section 2.3.1). What is not is served as it is.
fn is_gzip(file: Option<&File>) -> Result<bool> {
    let start = file.map(|file| file.read(0, 3)).transpose()?;
    Ok(start.is_some_and(|start| start == [0x1f, 0x8b, 8]))
}

fn conditions(request: &RequestHead) -> Conditional<'_> {
    Conditional {
        if_match: request.header("if-match"),
        if_none_match: request.header("if-none-match"),
        if_modified_since: request.header("if-modified-since"),
        if_unmodified_since: request.header("if-unmodified-since"),
        if_range: request.header("if-range"),
    }
}

fn unsatisfiable(size: u64) -> Error {
    Error::new(Code::RangeNotSatisfiable, "requestedRangeNotSatisfiable", "Request range not satisfiable")
        .with_location("header", "Range")
        .with_header("content-range", format!("bytes */{size}"))
}

fn body(object: &Object, etag: &str, file: Option<&File>, selection: Selection, unpacks: bool) -> Response {
    let (status, offset, length) = match selection {
        Selection::Part { offset, length } => (206, offset, Some(length)),
        Selection::Whole | Selection::Unsatisfiable => (200, 0, None),
    };
    let mut response = describe(Response::new(status), object, etag);
    if let Some(length) = length {
        response = response.header("content-range", range::content_range(offset, length, object.size));
    }
    response = match &object.content_encoding {
        Some(_) if unpacks => response.header("warning", "214 UploadServer gunzipped"),
        Some(encoding) => text(response, "content-encoding", encoding),
        None => response,
    };
    match file {
        Some(file) if unpacks => response.stream(file.body(0, None).gunzip()),
        Some(file) => response.stream(file.body(offset, length)),
        None => response.stream(Body::empty()),
    }
}

/// Adds what describes the object, apart from its length.
pub fn describe(response: Response, object: &Object, etag: &str) -> Response {
    let kind = object.content_type.as_deref().unwrap_or("application/octet-stream");
    let stored = object.content_encoding.as_deref().unwrap_or("identity");
    let mut response = text(response, "content-type", kind)
        .header("accept-ranges", "bytes")
        .header("etag", etag)
        .header("last-modified", object.updated.to_http())
        .header("x-goog-generation", object.generation.to_string())
        .header("x-goog-metageneration", object.metageneration.to_string())
        .header("x-goog-hash", hashes(object))
        .header("x-goog-storage-class", object.storage_class.as_str())
        .header("x-goog-stored-content-length", object.size.to_string());
    response = text(response, "x-goog-stored-content-encoding", stored);
    response = text(response, "cache-control", object.cache_control.as_deref().unwrap_or(NO_CACHE));
    let optional = [
        ("content-disposition", &object.content_disposition),
        ("content-language", &object.content_language),
        ("x-goog-encryption-key-sha256", &object.key_sha256),
        ("x-goog-encryption-kms-key-name", &object.kms_key),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            response = text(response, name, value);
        }
    }
    if object.key_sha256.is_some() {
        response = response.header("x-goog-encryption-algorithm", "AES256");
    }
    if object.content_encoding.is_some() {
        response = response.header("vary", "Accept-Encoding");
    }
    if let Some(count) = object.component_count {
        response = response.header("x-goog-component-count", count.to_string());
    }
    custom(response, object)
}

/// `x-goog-hash` of a stored content.
pub fn hashes(object: &Object) -> String {
    let crc32c = format!("crc32c={}", checksum::encode_crc32c(object.crc32c));
    match &object.md5 {
        Some(md5) => format!("{crc32c},md5={}", checksum::encode_md5(md5)),
        None => crc32c,
    }
}

fn custom(mut response: Response, object: &Object) -> Response {
    for (key, value) in object.metadata.iter().flatten() {
        if !key.is_empty() && key.bytes().all(is_token) {
            response = text(response, &format!("x-goog-meta-{}", key.to_ascii_lowercase()), value);
        }
    }
    response
}

/// Adds a header whose value a client chose; one that cannot stand in a header is left out.
fn text(response: Response, name: &str, value: &str) -> Response {
    if value.chars().any(|c| c.is_control() && c != '\t') { response } else { response.header(name, value) }
}

/// The characters of a header's name (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn headers_describe_the_object_and_carry_nothing_else() {
        let metadata = [("Key", "välue"), ("bad key", "x"), ("split", "a\r\nset-cookie: b")];
        let object = Object {
            size: 5,
            generation: 7,
            md5: Some(vec![0; 16]),
            content_type: Some("text/plain".into()),
            metadata: Some(metadata.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect::<BTreeMap<_, _>>()),
            ..Object::default()
        };
        let response = describe(Response::new(200), &object, "\"e\"");
        assert_eq!(response.get_header("x-goog-meta-key"), Some("välue"));
        assert_eq!(response.get_header("x-goog-meta-split"), None);
        assert_eq!(response.get_header("x-goog-hash"), Some("crc32c=AAAAAA==,md5=AAAAAAAAAAAAAAAAAAAAAA=="));
        assert_eq!(response.get_header("x-goog-stored-content-encoding"), Some("identity"));
        assert!(!response.headers().iter().any(|(name, _)| name.contains(' ')));
    }

    #[test]
    fn an_empty_object_has_no_file_and_no_ranges() {
        let request = |range: &str| RequestHead::new("r", "GET", "/").unwrap().with_header("range", range);
        let object = Object::default();
        let error = answer(&object, "e", &request("bytes=0-")).err().unwrap();
        assert_eq!((error.http_status(), error.headers()), (416, &[("content-range".into(), "bytes */0".into())][..]));
        let Opened::Answer(whole) = answer(&object, "e", &request("nonsense")).unwrap() else { panic!("vanished") };
        assert_eq!((whole.status(), whole.body().length()), (200, Some(0)));
    }
}
