//! Requests from one service to another: the same route table, the same tenant, no network.

use super::backend::Backend;
use super::error::{ApiError, of_failure};
use super::pipeline::{Gateway, refusal, report};
use super::place::Place;
use super::router::{Lookup, bare_host};
use crate::capability::http::Body;
use crate::capability::identity::Caller;
use crate::capability::peers::{PeerAnswer, PeerError, PeerRequest, PeerResponse, PeerSender};
use crate::observe::traces;
use crate::plugin::call::{Call, Head, text_of};
use crate::plugin::failure::Failure;
use crate::plugin::manifest::{PeerHosts, Route};
use crate::tenant::Tenant;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use std::sync::Arc;
use tracing::Instrument;

/// Sends services' requests through a gateway. It does not keep the gateway alive.
pub struct Peers<B>(pub std::sync::Weak<Gateway<B>>);

impl<B: Backend> PeerSender for Peers<B> {
    fn send(&self, request: PeerRequest) -> PeerAnswer {
        let gateway = self.0.upgrade();
        let span = tracing::debug_span!("peer", from = &*request.from, method = request.method);
        let send = async move {
            let gateway = gateway.ok_or_else(|| PeerError::Other("the server is stopping".into()))?;
            gateway.send_to_peer(request).await
        };
        Box::pin(send.instrument(span))
    }
}

/// Whose request it is: all of it but the body, which cannot be shared between threads.
#[derive(Clone, Copy)]
struct Sender<'a> {
    tenant: &'a Arc<Tenant>,
    caller: &'a Arc<Caller>,
    base_url: &'a Arc<str>,
    request_id: &'a Arc<str>,
}

impl<B: Backend> Gateway<B> {
    async fn send_to_peer(&self, request: PeerRequest) -> Result<PeerResponse, PeerError> {
        let url = url::Url::parse(&request.url).map_err(|error| PeerError::Other(format!("no URL: {error}")))?;
        let host = bare_host(url.host_str().unwrap_or_default());
        let router = self.backend.router();
        if !self.may_call(&request.from, &host) || !router.claims_host(&host) {
            return Err(PeerError::Unreachable(host));
        }
        let method: Method = request.method.parse().map_err(|_| PeerError::Other("no method".into()))?;
        let path = url.path().to_owned();
        let (payload, route, params) = match router.lookup(&method, Some(&host), &path) {
            Lookup::Match(found) => (found.payload, found.route, found.params),
            lookup => return Ok(response(refusal(&method, &path, lookup).answer())),
        };
        if route.unimplemented {
            return Ok(response(ApiError::unimplemented(route).answer()));
        }
        let mut headers = headers(&request.headers)?;
        let sender = Sender {
            tenant: &request.tenant,
            caller: &request.caller,
            base_url: &request.base_url,
            request_id: &request.request_id,
        };
        let caller = match self.peer_caller(sender, &headers, &host, route).await {
            Ok(caller) => caller,
            Err(error) => return Ok(response(error.answer_in(route.errors))),
        };
        traces::pass_on(&mut headers);
        let head = Head {
            route: Arc::clone(&route.id),
            params,
            method,
            path: path.clone(),
            query: url.query().map(str::to_owned),
            headers,
            authority: host,
            base_url: request.base_url,
            request_id: Arc::clone(&request.request_id),
            depth: request.depth,
            caller,
            container: None,
            plugin_decides: route.plugin_decides,
        };
        if let Err(error) = self.admit(&request.tenant, route, &head).await {
            return Ok(response(error.answer_in(route.errors)));
        }
        let call = Call { head, body: request.body, limits: self.call_limits(route) };
        match self.backend.call(payload, &request.tenant, call).await {
            Ok(answer) => Ok(response(answer)),
            Err(Failure::NoInstance) => Err(PeerError::Busy),
            Err(Failure::TooDeep) => Err(PeerError::TooDeep),
            Err(failure) => {
                report(route, &failure);
                Ok(response(of_failure(&route.plugin, &request.request_id, &failure).answer()))
            }
        }
    }

    /// Whoever the request itself shows a credential of, else whoever the service acts for.
    async fn peer_caller(
        &self,
        request: Sender<'_>,
        headers: &HeaderMap,
        host: &str,
        route: &Route,
    ) -> Result<Arc<Caller>, ApiError> {
        if !headers.contains_key(http::header::AUTHORIZATION) {
            return Ok(Arc::clone(request.caller));
        }
        let place = Place {
            authority: host.to_owned(),
            tenant: request.tenant.name.to_string(),
            prefix: String::new(),
            base_url: request.base_url.to_string(),
            path: String::new(),
            // It comes from a service of this host.
            remote: std::net::Ipv4Addr::LOCALHOST.into(),
        };
        self.caller(request.tenant, &place, headers, None, request.request_id, route).await
    }

    fn may_call(&self, service: &str, host: &str) -> bool {
        let services = self.backend.services();
        let caller = services.iter().find(|status| &*status.manifest.name == service);
        caller.map_or(&PeerHosts::None, |status| &status.manifest.capabilities.peers).allows(host)
    }
}

fn headers(pairs: &[(String, String)]) -> Result<HeaderMap, PeerError> {
    let mut headers = HeaderMap::with_capacity(pairs.len() + 1);
    for (name, value) in pairs {
        let pair = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
        let (name, value) = pair.ok_or_else(|| PeerError::Other(format!("no header: {name}")))?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn response(answer: Response<Body>) -> PeerResponse {
    let (parts, body) = answer.into_parts();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text_of(value))).collect();
    PeerResponse { status: parts.status.as_u16(), headers, body }
}
