//! `POST /batch` and `/batch/...`: several requests in one body of `multipart/mixed` (RFC 2046), each a part of type
//! `application/http`. Each part goes through the gateway as if it had come alone, all of them at once, and has its own
//! status; a part that makes no sense is that part's 400 (F37).
//!
//! <https://cloud.google.com/storage/docs/batch>

mod multipart;
mod part;

use super::backend::Backend;
use super::error::{ApiError, of_body};
use super::pipeline::{Arrived, Gateway};
use super::place::Place;
use crate::capability::http::{Body, Limits};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::iter;
use http::{HeaderValue, Method, Response, header};
use std::fmt::Write;
use std::sync::Arc;

/// Parts of one batch.
const MAX_PARTS: usize = 1000;
/// Bytes of a batch, and of all its answers: it is held in memory.
const MAX_BYTES: u64 = 64 << 20;
/// Bytes of one part's answer.
const MAX_ANSWER: u64 = 10 << 20;
/// Parts that are under way at once.
const AT_ONCE: usize = 64;

/// Whether a request is a batch.
pub fn is_batch(method: &Method, path: &str) -> bool {
    *method == Method::POST && (path == "/batch" || path.starts_with("/batch/"))
}

/// Answers a batch.
pub(super) async fn answer<B: Backend>(
    gateway: &Arc<Gateway<B>>,
    arrived: Arrived,
    place: &Place,
) -> Result<Response<Body>, ApiError> {
    let Arrived { parts, body, peer, id, part, by_operator, container } = arrived;
    if part {
        return Err(ApiError::invalid("A batch cannot hold another batch."));
    }
    let boundary = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let Some(boundary) = boundary.and_then(multipart::boundary) else {
        body.discard();
        return Err(ApiError::invalid("A batch is multipart/mixed and names its boundary."));
    };
    let limits = Limits { max_size: MAX_BYTES, idle: gateway.config.limits.idle };
    let bytes = body.limited(limits).read_to_end(MAX_BYTES).await.map_err(|error| of_body(&error))?;
    let pieces = multipart::split(&bytes, &boundary).map_err(ApiError::invalid)?;
    if pieces.len() > MAX_PARTS {
        return Err(ApiError::invalid(format!("A batch has at most {MAX_PARTS} parts.")));
    }
    let outer = Outer { prefix: &place.prefix, authority: &place.authority, headers: &parts.headers };
    let answers = iter(pieces.into_iter().enumerate()).map(|(index, piece)| {
        let inner = part::read(&piece, &outer);
        let id: Arc<str> = format!("{id}-{index}").into();
        let container = container.clone();
        async move {
            let answer = match inner.request {
                Ok((parts, body)) => {
                    let part = Arrived { parts, body, peer, id, part: true, by_operator, container };
                    gateway.serve_as(part).await
                }
                Err(error) => error.answer(),
            };
            (inner.content_id, whole(answer).await)
        }
    });
    // In the order of the parts, whatever gets ready first.
    let answers: Vec<_> = answers.buffered(AT_ONCE).collect().await;
    Ok(assemble(&id, &answers))
}

/// What parts take over from the batch that they are in.
struct Outer<'a> {
    /// Of the tenant.
    prefix: &'a str,
    authority: &'a str,
    headers: &'a http::HeaderMap,
}

/// An answer with its whole body in memory; one that is too long or breaks off is an error of its part.
async fn whole(answer: Response<Body>) -> Response<Bytes> {
    let (parts, mut body) = answer.into_parts();
    match body.read_to_end(MAX_ANSWER).await {
        Ok(bytes) => Response::from_parts(parts, bytes),
        Err(_) => {
            let error = ApiError::new(
                http::StatusCode::INTERNAL_SERVER_ERROR,
                "internalError",
                "This answer is too long for a batch, or broke off; ask for it alone.",
            );
            let mut answer = error.answer().map(|_| Bytes::from(error.json()));
            answer.headers_mut().extend(
                parts
                    .headers
                    .get(crate::observe::request_id::HEADER)
                    .cloned()
                    .map(|id| (crate::observe::request_id::HEADER, id)),
            );
            answer
        }
    }
}

fn assemble(id: &str, answers: &[(Option<String>, Response<Bytes>)]) -> Response<Body> {
    // Each part declares its length, so the boundary only has to be unlikely.
    let boundary = format!("batch_{}", id.replace(|c: char| !c.is_ascii_alphanumeric(), "_"));
    let boundary = &boundary[..boundary.len().min(60)];
    let mut text = Vec::new();
    for (content_id, answer) in answers {
        let mut head = format!("--{boundary}\r\nContent-Type: application/http\r\n");
        if let Some(content_id) = content_id {
            let _ = write!(head, "Content-ID: {}\r\n", part::response_id(content_id));
        }
        let status = answer.status();
        let _ = write!(head, "\r\nHTTP/1.1 {} {}\r\n", status.as_u16(), status.canonical_reason().unwrap_or("Status"));
        text.extend_from_slice(head.as_bytes());
        for (name, value) in answer.headers().iter().filter(|(name, _)| *name != header::CONTENT_LENGTH) {
            for piece in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                text.extend_from_slice(piece);
            }
        }
        text.extend_from_slice(format!("content-length: {}\r\n\r\n", answer.body().len()).as_bytes());
        text.extend_from_slice(answer.body());
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let mut answer = Response::new(Body::from_bytes(text));
    if let Ok(value) = HeaderValue::from_str(&format!("multipart/mixed; boundary={boundary}")) {
        answer.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    answer
}
