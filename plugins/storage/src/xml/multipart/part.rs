//! `PUT /OBJECT?partNumber=N&uploadId=...`. <https://cloud.google.com/storage/docs/xml-api/put-object-multipart>

use super::super::writer;
use super::part_copy;
use super::record::{Part, Upload};
use crate::objects::checksum::{self, Expected};
use crate::objects::content::Content;
use crate::objects::customer_key::CustomerKey;
use crate::objects::draft;
use crate::removals;
use fogbank_sdk::encoding::hex;
use fogbank_sdk::files::{self, Options};
use fogbank_sdk::{Body, Error, Request, RequestHead, Response, Result, context, db};

/// Part numbers begin at 1 and end here.
const MOST: i64 = 10_000;

/// The most bytes of a part.
const LARGEST: u64 = 5 << 30;

/// Takes a part; a second one of the same number replaces the first.
pub fn part(mut request: Request) -> Result<Response> {
    let number = number(&request)?;
    let upload = super::upload(&request, &super::WRITE)?;
    require_key(&request, &upload)?;
    let copies = request.header("x-goog-copy-source").is_some();
    let content = match copies {
        true => part_copy::receive(&request)?,
        false => {
            let expected = expected(&request)?;
            receive(&mut request.take_body(), &expected)?
        }
    };
    let part = Part {
        number,
        file: content.file.clone(),
        size: content.size,
        crc32c: content.crc32c,
        md5: content.md5.clone().unwrap_or_default(),
        modified: context::now(),
    };
    let old = db::transaction(|tx| upload.put(tx, &part)).inspect_err(|error| discard(&content, error))?;
    removals::unlink(old.as_slice());
    let etag = format!("\"{}\"", hex(&part.md5));
    let response = if copies { copied(&part, &etag) } else { Response::new(200) };
    Ok(response.header("etag", etag).header("x-goog-hash", hashes(&part)))
}

fn copied(part: &Part, etag: &str) -> Response {
    writer::answer(writer::document("CopyPartResult", writer::UPLOADS, |xml| {
        xml.text("LastModified", part.modified.to_rfc3339());
        xml.text("ETag", etag);
    }))
}

fn hashes(part: &Part) -> String {
    format!("crc32c={},md5={}", checksum::encode_crc32c(part.crc32c), checksum::encode_md5(&part.md5))
}

fn number(request: &RequestHead) -> Result<i64> {
    let number = request.query_i64("partNumber")?.ok_or_else(|| Error::required("partNumber"))?;
    if (1..=MOST).contains(&number) {
        return Ok(number);
    }
    let error = Error::invalid(format!("Part numbers are 1 to {MOST}, not {number}."));
    Err(error.with_location("parameter", "partNumber"))
}

/// Every part of an upload comes with the key that it was begun with.
fn require_key(request: &RequestHead, upload: &Upload) -> Result<()> {
    if CustomerKey::of(request)?.map(|key| key.0) == upload.draft.key_sha256 {
        return Ok(());
    }
    Err(Error::invalid("A part has to come with the encryption key that its upload was begun with."))
}

fn expected(request: &RequestHead) -> Result<Expected> {
    let mut draft = draft::Draft::default();
    draft.expect_headers(request)?;
    Ok(draft.expected)
}

fn receive(body: &mut Body, expected: &Expected) -> Result<Content> {
    let most = draft::max_size()?.min(LARGEST);
    if body.length().is_some_and(|length| length > most) {
        return Err(Error::too_large(most));
    }
    let options = Options { max_size: Some(most), exact_size: body.length(), md5: true };
    Content::keep(&files::stage(&[body.as_source()?], options)?, expected)
}

/// Removes the file of a part that was not recorded, unless the record is there all the same.
fn discard(content: &Content, why: &Error) {
    content.discard_unless("SELECT 1 AS used FROM multipart_parts WHERE file_id = $1 LIMIT 1", why);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f35_part_numbers_are_bounded() {
        let number = |query: &str| {
            let head = RequestHead::new("storage.xml.object.put", "PUT", &format!("/b/o?{query}")).unwrap();
            number(&head).map_err(|error| error.http_status())
        };
        assert_eq!((number("partNumber=1"), number("partNumber=10000")), (Ok(1), Ok(10_000)));
        for query in ["", "partNumber=", "partNumber=0", "partNumber=10001", "partNumber=-1", "partNumber=x"] {
            assert_eq!(number(query), Err(400), "{query}");
        }
    }
}
