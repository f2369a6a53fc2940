//! `PUT` on the address of a resumable upload: the whole content, a piece of it, or the question how far it has come.

use super::content_range::ContentRange;
use super::session::{Session, UPLOADER};
use crate::access;
use crate::objects::draft;
use fogbank_sdk::files::{self, Upload};
use fogbank_sdk::{Body, Error, Request, RequestHead, Response, Result};

const MIB: u64 = 1 << 20;

/// Answers 308 with the range of bytes that are safe, or with the object when it is whole.
pub fn append(mut request: Request) -> Result<Response> {
    let id = request.query("upload_id").filter(|id| !id.is_empty()).ok_or_else(|| Error::required("upload_id"))?;
    let mut session = Session::load(id, request.param("bucket"))?;
    access::by_address(request.param("bucket"))?;
    if let Some(generation) = session.generation {
        return session.repeat(generation);
    }
    let mut body = request.take_body();
    let piece = Piece::of(&request, body.length(), session.draft.size)?;
    session.draft.expect_headers(&request)?;
    let upload = session.open()?;
    if let Some(first) = piece.first {
        take(&upload, first, piece.end, &mut body)?;
    }
    let total = piece.total.or(piece.is_last.then(|| upload.size()));
    match total {
        Some(total) if upload.size() == total => session.finish(upload, &session.draft.expected),
        Some(total) if upload.size() > total => Err(Error::invalid(format!(
            "The upload already has {} bytes, more than the {total} that were announced.",
            upload.size()
        ))),
        _ => Ok(incomplete(&session.id, upload.size())),
    }
}

/// What a request brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    /// Where its bytes begin; absent for a mere question.
    first: Option<u64>,
    /// Where they end, if that is known.
    end: Option<u64>,
    /// How many bytes the whole has, if this request says so.
    total: Option<u64>,
    /// The content ends where this request ends.
    is_last: bool,
}

impl Piece {
    fn of(request: &RequestHead, length: Option<u64>, announced: Option<u64>) -> Result<Piece> {
        let most = draft::max_size()?;
        let Some(header) = request.header("content-range") else {
            return Piece { first: Some(0), end: length, total: length, is_last: true }.within(most, announced);
        };
        let range = ContentRange::parse(header)
            .ok_or_else(|| bad_range(format!("Failed to parse Content-Range header: {header}")))?;
        let piece = match range {
            ContentRange::Query { total } => Piece { first: None, end: None, total, is_last: false },
            ContentRange::Chunk { first, last, total } => {
                Piece { first: Some(first), end: Some(last + 1), total, is_last: false }
            }
            ContentRange::Rest { first, total } => {
                let end = length.map(|length| first.saturating_add(length));
                Piece { first: Some(first), end, total: total.or(end), is_last: true }
            }
        };
        let said = piece.end.zip(piece.first).map(|(end, first)| end - first);
        if let (Some(said), Some(length)) = (said, length)
            && said != length
        {
            return Err(bad_range(format!("The Content-Range header says {said} bytes and the body has {length}.")));
        }
        piece.within(most, announced)
    }

    fn within(self, most: u64, announced: Option<u64>) -> Result<Piece> {
        if self.end.max(self.total).is_some_and(|bytes| bytes > most) {
            return Err(Error::too_large(most));
        }
        match (self.total, announced) {
            (Some(total), Some(announced)) if total != announced => {
                Err(bad_range(format!("The upload was announced with {announced} bytes and now has {total}.")))
            }
            _ => Ok(self),
        }
    }
}

/// Puts the bytes behind those that are there. What a client sends a second time is passed over.
fn take(upload: &Upload, first: u64, end: Option<u64>, body: &mut Body) -> Result<()> {
    let have = upload.size();
    if first > have {
        return Err(bad_range(format!(
            "According to the Content-Range header, the upload offset is {first} byte(s), which exceeds already \
             uploaded size of {have} byte(s)."
        )));
    }
    if !skip(body, have - first)? || body.is_empty() {
        return Ok(());
    }
    let most = end.map_or_else(draft::max_size, Ok)?;
    match upload.append(have, &body.as_source()?, Some(most)) {
        Ok(_) => Ok(()),
        Err(files::Error::TooLarge(_)) if end.is_some() => {
            Err(bad_range("The body has more bytes than the Content-Range header says.".to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads `count` bytes and forgets them; false where the body ends first.
fn skip(body: &mut Body, mut count: u64) -> Result<bool> {
    while count > 0 {
        match body.read(count.min(MIB) as u32)? {
            Some(bytes) => count -= bytes.len() as u64,
            None => return Ok(false),
        }
    }
    Ok(true)
}

/// 308: more is to come. Without a `Range` nothing is there yet.
fn incomplete(id: &str, size: u64) -> Response {
    let response = Response::new(308).header(UPLOADER, id);
    if size == 0 { response } else { response.header("range", format!("bytes=0-{}", size - 1)) }
}

fn bad_range(message: String) -> Error {
    Error::invalid(message).with_location("header", "Content-Range")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(header: Option<&str>, length: Option<u64>, announced: Option<u64>) -> Result<Piece, u16> {
        let mut head = RequestHead::new("r", "PUT", "/").unwrap();
        if let Some(header) = header {
            head = head.with_header("content-range", header);
        }
        Piece::of(&head, length, announced).map_err(|error| error.http_status())
    }

    #[test]
    fn a_request_says_what_it_brings() {
        let some = |first, end, total| Ok(Piece { first, end, total, is_last: false });
        let last = |first, end, total| Ok(Piece { first, end, total, is_last: true });
        assert_eq!(piece(None, Some(9), None), last(Some(0), Some(9), Some(9)));
        assert_eq!(piece(None, None, None), last(Some(0), None, None));
        assert_eq!(piece(Some("bytes 0-*/*"), None, None), last(Some(0), None, None));
        assert_eq!(piece(Some("bytes 4-*/*"), Some(5), None), last(Some(4), Some(9), Some(9)));
        assert_eq!(piece(Some("bytes 0-3/*"), Some(4), None), some(Some(0), Some(4), None));
        assert_eq!(piece(Some("bytes 4-8/9"), Some(5), Some(9)), some(Some(4), Some(9), Some(9)));
        assert_eq!(piece(Some("bytes */9"), Some(0), None), some(None, None, Some(9)));
        assert_eq!(piece(Some("bytes */*"), None, None), some(None, None, None));
    }

    #[test]
    fn f35_what_contradicts_itself_is_refused() {
        assert_eq!(piece(Some("bytes 0-3/*"), Some(5), None), Err(400));
        assert_eq!(piece(Some("bites"), Some(5), None), Err(400));
        assert_eq!(piece(Some("bytes */9"), None, Some(10)), Err(400));
        assert_eq!(piece(Some("bytes */99999999999999"), None, None), Err(413));
    }

    #[test]
    fn bytes_that_are_there_are_passed_over() {
        let mut body = Body::from(b"abcdef".to_vec());
        assert!(skip(&mut body, 4).unwrap());
        assert_eq!(body.read_to_end(9).unwrap(), b"ef");
        assert!(!skip(&mut Body::from(b"ab".to_vec()), 3).unwrap());
    }
}
