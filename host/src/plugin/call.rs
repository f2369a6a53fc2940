//! One request on its way into a guest, and the answer on its way out.

use super::bindings::fogbank::service::types::{Request, RequestBody, Response, ResponseBody};
use super::failure::Failure;
use super::progress::Progress;
use super::state::State;
use crate::capability::docker::Calling;
use crate::capability::http::Body;
use crate::capability::identity::{Caller, Facts};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::Store;

/// Bodies up to this many bytes, with a declared length, are handed over whole.
pub const INLINE_BODY: u64 = 64 << 10;

/// A request that was matched to a route.
pub struct Call {
    pub head: Head,
    pub body: Body,
    /// What the route allows, after the operator's caps.
    pub limits: CallLimits,
}

/// Everything of a request but its body.
#[derive(Debug, Clone)]
pub struct Head {
    /// The route's id.
    pub route: Arc<str>,
    /// Decoded path parameters in the order of the path.
    pub params: Vec<(String, String)>,
    pub method: http::Method,
    /// Less the tenant's prefix, as the client sent it.
    pub path: String,
    pub query: Option<String>,
    pub headers: HeaderMap,
    /// The authority that the client named.
    pub authority: String,
    pub base_url: Arc<str>,
    pub request_id: Arc<str>,
    /// 0 for a client's request.
    pub depth: u32,
    pub caller: Arc<Caller>,
    /// The container that sent it, if one did.
    pub container: Option<Arc<Calling>>,
    /// Whether the service itself decides what policies alone cannot.
    pub plugin_decides: bool,
}

impl Head {
    /// What conditions of policies may look at.
    pub fn facts(&self) -> Facts {
        Facts { method: self.method.to_string(), host: self.authority.clone(), path: self.path.clone() }
    }
}

/// Bounds of one call.
#[derive(Debug, Clone, Copy)]
pub struct CallLimits {
    /// Processor time.
    pub cpu: Duration,
    /// Time in which nothing moves.
    pub wall: Duration,
}

/// A request's body as far as it was fetched before an instance was taken: a slow sender holds none.
#[derive(Debug)]
pub(super) enum Fetched {
    None,
    Bytes(bytes::Bytes),
    Stream(Body),
}

impl Fetched {
    /// The same body once more; none where it is a stream, which is read once.
    pub fn again(&self) -> Option<Fetched> {
        match self {
            Fetched::None => Some(Fetched::None),
            Fetched::Bytes(bytes) => Some(Fetched::Bytes(bytes.clone())),
            Fetched::Stream(_) => None,
        }
    }

    /// As a stream.
    pub fn into_body(self) -> Body {
        match self {
            Fetched::None => Body::empty(),
            Fetched::Bytes(bytes) => Body::from_bytes(bytes),
            Fetched::Stream(body) => body,
        }
    }
}

/// Fetches a short body of declared length; a longer one counts as progress when it is read.
pub(super) async fn fetch(mut body: Body, progress: &Progress) -> Result<Fetched, Failure> {
    match body.length() {
        Some(0) => Ok(Fetched::None),
        Some(length) if length <= INLINE_BODY => match body.read_to_end(INLINE_BODY).await {
            Ok(bytes) => Ok(Fetched::Bytes(bytes)),
            Err(error) => Err(Failure::RequestBody(error)),
        },
        _ => Ok(Fetched::Stream(progress.watch(body))),
    }
}

/// The request as the guest sees it; a stream becomes a resource of `store`.
pub(super) fn guest_request(store: &mut Store<State>, head: &Head, body: Fetched) -> Result<Request, Failure> {
    let body = match body {
        Fetched::None => RequestBody::None,
        Fetched::Bytes(bytes) => RequestBody::Bytes(bytes.into()),
        Fetched::Stream(body) => {
            let resource = store.data_mut().table.push(body);
            RequestBody::Stream(resource.map_err(|error| Failure::Internal(error.to_string()))?)
        }
    };
    Ok(Request {
        route: head.route.to_string(),
        params: head.params.clone(),
        method: head.method.to_string(),
        path: head.path.clone(),
        query: head.query.clone(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text_of(value))).collect(),
        body,
    })
}

/// A header's value as text: UTF-8, else ISO 8859-1.
pub fn text_of(value: &HeaderValue) -> String {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_string(),
        Err(_) => value.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
    }
}

/// The guest's response as HTTP.
pub(super) fn http_response(store: &mut Store<State>, response: Response) -> Result<http::Response<Body>, Failure> {
    let body = match response.body {
        ResponseBody::None => Body::empty(),
        ResponseBody::Bytes(bytes) => Body::from_bytes(bytes),
        ResponseBody::Stream(resource) => {
            let body = store.data_mut().table.delete(resource);
            body.map_err(|error| Failure::Contract(format!("gave a body that is not its own: {error}")))?
        }
    };
    assemble(response.status, response.headers, body)
}

/// Bytes of all headers of an answer: what clients take.
const MAX_HEADERS: usize = 64 << 10;

/// A head from the contract's terms, with a body.
pub(super) fn assemble(
    status: u16,
    headers: Vec<(String, String)>,
    body: Body,
) -> Result<http::Response<Body>, Failure> {
    let status = http::StatusCode::from_u16(status).ok().filter(|status| status.as_u16() >= 200);
    let status = status.ok_or_else(|| Failure::Contract("gave a status that is none".into()))?;
    let size: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > MAX_HEADERS {
        return Err(Failure::Contract(format!("gave {size} bytes of headers, more than {MAX_HEADERS}")));
    }
    let mut answer = http::Response::new(body);
    *answer.status_mut() = status;
    for (name, value) in headers {
        let pair = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_bytes(value.as_bytes()).ok());
        let (name, value) = pair.ok_or_else(|| Failure::Contract(format!("gave a header that is none: {name}")))?;
        answer.headers_mut().append(name, value);
    }
    Ok(answer)
}
