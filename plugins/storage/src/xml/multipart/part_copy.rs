//! A part that is a range of another object. <https://cloud.google.com/storage/docs/xml-api/put-object-multipart>

use super::super::object::copy;
use crate::objects::checksum::Expected;
use crate::objects::content::Content;
use crate::objects::customer_key::CustomerKey;
use crate::objects::lookup::Which;
use crate::objects::range::{self, Selection};
use crate::objects::record::Object;
use crate::objects::source::{self, Source};
use fogbank_sdk::files::{self, Options, Staged};
use fogbank_sdk::{Error, RequestHead, Result};

/// How often the row is read again when its file is gone.
const TRIES: usize = 5;

const RANGE: &str = "x-goog-copy-source-range";

/// The bytes that `x-goog-copy-source` and its range name, as a file of their own.
///
/// Errors: as for a copy; 400 for a range that the source does not have.
pub fn receive(request: &RequestHead) -> Result<Content> {
    let (bucket, name) = copy::source_name(request.header("x-goog-copy-source").unwrap_or_default())?;
    let source = Source {
        bucket: &bucket,
        name: &name,
        which: Which::numbered(copy::number(request, "x-goog-copy-source-generation")?),
        permission: Some("storage.objects.get"),
        preconditions: copy::conditions(request)?,
        key: CustomerKey::of_source(request)?,
    };
    for _ in 0..TRIES {
        let object = source.find()?.object;
        copy::require(request, &object)?;
        match stage(&object, span(request.header(RANGE), object.size)?) {
            Err(files::Error::NotFound) => {}
            staged => return Content::keep(&staged?, &Expected::default()),
        }
    }
    Err(source::vanishing())
}

fn stage(object: &Object, (offset, length): (u64, u64)) -> files::Result<Staged> {
    let options = Options { max_size: None, exact_size: Some(length), md5: true };
    match &object.file {
        Some(file) => files::stage(&[files::Source::File { id: file.clone(), offset, length: Some(length) }], options),
        None => files::stage(&[files::Source::Bytes(Vec::new())], options),
    }
}

/// Where the range begins, and how long it is.
fn span(range: Option<&str>, size: u64) -> Result<(u64, u64)> {
    let bad = |text: &str| {
        Error::invalid(format!("Invalid value for {RANGE}: '{text}' of {size} bytes.")).with_location("header", RANGE)
    };
    let Some(text) = range else { return Ok((0, size)) };
    match range::select(range, size) {
        Selection::Part { offset, length } => Ok((offset, length)),
        Selection::Whole | Selection::Unsatisfiable => Err(bad(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f35_a_range_lies_within_the_source() {
        assert_eq!(span(None, 10).unwrap(), (0, 10));
        assert_eq!(span(Some("bytes=2-5"), 10).unwrap(), (2, 4));
        for range in ["bytes=10-12", "2-5", "bytes=a-b"] {
            assert_eq!(span(Some(range), 10).unwrap_err().http_status(), 400, "{range}");
        }
    }
}
