//! Outgoing requests of services that are unmodified WASI HTTP components: to peers inside the host, nowhere else.

use super::state::{CallContext, Scope};
use crate::capability::http::{Body, Limits};
use crate::capability::peers::{PeerError, PeerRequest};
use http_body_util::BodyExt;
use std::sync::Arc;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// A guest's way out. Holds what a peer request needs to know about its caller.
#[derive(Default)]
pub struct PeerHooks {
    origin: Option<(Arc<Scope>, CallContext)>,
}

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl PeerHooks {
    /// Requests from now on belong to this call.
    pub fn belong_to(&mut self, scope: &Arc<Scope>, call: &CallContext) {
        self.origin = Some((Arc::clone(scope), call.clone()));
    }
}

impl WasiHttpHooks for PeerHooks {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        _options: Option<RequestOptions>,
        _outcome: Io,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Io), Error>> + Send> {
        let origin = self.origin.clone();
        Box::new(async move {
            let (scope, call) = origin.ok_or(Error::HttpRequestDenied)?;
            let sender = scope.process.peers.get().cloned().ok_or(Error::DestinationUnavailable)?;
            let response = sender.send(peer_request(&scope, &call, request)).await.map_err(wasi_error)?;
            let mut builder = http::Response::builder().status(response.status);
            for (name, value) in response.headers {
                builder = builder.header(name, value);
            }
            let body = response.body.into_http_body().map_err(|_| Error::HttpResponseIncomplete).boxed_unsync();
            let answer = builder.body(body).map_err(|_| Error::HttpProtocolError)?;
            Ok((answer, Box::new(std::future::ready(Ok(()))) as Io))
        })
    }
}

fn peer_request(scope: &Arc<Scope>, call: &CallContext, request: http::Request<WasiBody>) -> PeerRequest {
    let (parts, body) = request.into_parts();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    PeerRequest {
        tenant: Arc::clone(&scope.tenant),
        from: Arc::clone(&scope.plugin),
        depth: call.depth + 1,
        request_id: Arc::clone(&call.request_id),
        method: parts.method.to_string(),
        url: parts.uri.to_string(),
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: Body::from_http_body(body.map_err(|error| error.to_string()), Limits::default()),
        base_url: Arc::clone(&call.base_url),
        caller: Arc::clone(&call.caller),
    }
}

fn wasi_error(error: PeerError) -> Error {
    match error {
        PeerError::Unreachable(_) => Error::DestinationNotFound,
        PeerError::TooDeep => Error::HttpRequestDenied,
        PeerError::Busy => Error::ConnectionLimitReached,
        PeerError::Timeout => Error::ConnectionReadTimeout,
        PeerError::Other(_) => Error::DestinationUnavailable,
    }
}
