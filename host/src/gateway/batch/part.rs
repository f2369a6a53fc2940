//! One part of a batch: a few headers, an empty line, and a request as text.

use super::Outer;
use crate::gateway::body::RawBody;
use crate::gateway::error::ApiError;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};

/// Header lines of a part, and of the request in it.
const MAX_HEADERS: usize = 100;

/// What a part says.
pub struct Inner {
    /// As it stands in the part.
    pub content_id: Option<String>,
    /// The request, or why it is none.
    pub request: Result<(Parts, RawBody), ApiError>,
}

/// Reads a part.
pub fn read(piece: &Bytes, outer: &Outer<'_>) -> Inner {
    let Ok((headers, behind)) = head(piece, 0) else {
        return Inner { content_id: None, request: Err(broken("headers of the part")) };
    };
    let content_id = headers.get("content-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    Inner { content_id, request: request(piece, behind, outer) }
}

/// The id of the part's answer: `<x>` is answered by `<response-x>`.
pub fn response_id(id: &str) -> String {
    match id.trim().strip_prefix('<') {
        Some(rest) => format!("<response-{rest}"),
        None => format!("response-{}", id.trim()),
    }
}

fn request(piece: &Bytes, at: usize, outer: &Outer<'_>) -> Result<(Parts, RawBody), ApiError> {
    // Some writers leave empty lines in front of the request.
    let at = at + piece[at..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let end = piece[at..].iter().position(|byte| *byte == b'\n').map_or(piece.len(), |found| at + found);
    let line = std::str::from_utf8(&piece[at..end]).map_err(|_| broken("request line"))?;
    let mut words = line.split_ascii_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Err(broken("request line")) };
    if words.next().is_some_and(|version| !version.starts_with("HTTP/1.")) || words.next().is_some() {
        return Err(broken("request line"));
    }
    let (headers, behind) = head(piece, (end + 1).min(piece.len())).map_err(|()| broken("headers of the request"))?;
    let mut request = Request::new(());
    *request.method_mut() = method.parse().map_err(|_| broken("method"))?;
    *request.uri_mut() = uri(target, outer)?;
    *request.headers_mut() = inherit(headers, outer);
    let body = body(piece.slice(behind..), request.headers_mut())?;
    Ok((request.into_parts().0, RawBody::Whole(body)))
}

/// The path of a target, with the tenant's prefix where the batch came with one and the part does not.
fn uri(target: &str, outer: &Outer<'_>) -> Result<Uri, ApiError> {
    let target: Uri = target.parse().map_err(|_| broken("URL"))?;
    let path = target.path_and_query().map(|path| path.as_str()).filter(|path| path.starts_with('/'));
    let path = path.ok_or_else(|| broken("URL"))?;
    let named = path.starts_with(crate::gateway::place::TENANTS);
    let prefix = if named { "" } else { outer.prefix };
    format!("{prefix}{path}").parse().map_err(|_| broken("URL"))
}

/// A part has its own headers, and of the batch's those that say who is asking and where.
fn inherit(mut headers: HeaderMap, outer: &Outer<'_>) -> HeaderMap {
    headers.remove(header::HOST);
    if let Ok(host) = HeaderValue::from_str(outer.authority) {
        headers.insert(header::HOST, host);
    }
    for name in [
        "authorization",
        "x-api-key",
        "x-goog-api-key",
        "user-agent",
        "x-forwarded-proto",
        "x-forwarded-host",
        "traceparent",
        "tracestate",
    ] {
        let name = HeaderName::from_static(name);
        if let Some(value) = outer.headers.get(&name)
            && !headers.contains_key(&name)
        {
            headers.insert(name, value.clone());
        }
    }
    headers
}

/// The body: as long as the request says, or what is there.
fn body(rest: Bytes, headers: &mut HeaderMap) -> Result<Bytes, ApiError> {
    let declared = headers.get(header::CONTENT_LENGTH).map(|value| value.to_str().ok()?.trim().parse::<usize>().ok());
    let rest = match declared {
        Some(Some(length)) if length <= rest.len() => rest.slice(..length),
        Some(_) => return Err(broken("length of the body")),
        None if headers.contains_key(header::CONTENT_TYPE) => rest,
        // Without a length and a type, what is left is line breaks.
        None => rest.slice(..rest.trim_ascii_end().len()),
    };
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(rest.len()));
    Ok(rest)
}

/// Header lines from `at` to an empty line or the end, and where what follows begins.
fn head(piece: &Bytes, mut at: usize) -> Result<(HeaderMap, usize), ()> {
    let mut headers = HeaderMap::new();
    while at < piece.len() {
        let end = piece[at..].iter().position(|byte| *byte == b'\n').map_or(piece.len(), |found| at + found);
        let line = piece[at..end].strip_suffix(b"\r").unwrap_or(&piece[at..end]);
        at = (end + 1).min(piece.len());
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':').ok_or(())?;
        let name = HeaderName::from_bytes(&line[..colon]).map_err(drop)?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).map_err(drop)?;
        if headers.len() >= MAX_HEADERS {
            return Err(());
        }
        headers.append(name, value);
    }
    Ok((headers, at))
}

fn broken(what: &str) -> ApiError {
    ApiError::invalid(format!("This part of the batch is malformed ({what})."))
}
