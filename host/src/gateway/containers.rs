//! Requests that containers send: over listeners of their own, with a token that says which container it is.
//!
//! With the token as `Authorization`, a request goes to the host that the container's domain names in its manifest, whoever it says
//! it is for, and its sender is nobody. With the token as `Proxy-Authorization` (RFC 9110, section 11.7), it goes where its `Host`
//! says, with whatever credential it brings, as a client's would. Either way it stays in the container's tenant.

use super::backend::Backend;
use super::body::RawBody;
use super::error::ApiError;
use super::listener::{self, Front};
use super::pipeline::{Arrived, Gateway};
use super::place::Peer;
use crate::capability::docker::{Calling, Docker, Door};
use crate::capability::http::Body;
use crate::observe::request_id;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves containers with a gateway. It does not keep the gateway alive.
pub struct ContainerDoor<B> {
    pub gateway: Weak<Gateway<B>>,
    pub docker: Weak<Docker>,
}

impl<B: Backend> Door for ContainerDoor<B> {
    fn open(&self, socket: TcpListener, stop: CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (gateway, docker) = (self.gateway.upgrade(), self.docker.upgrade());
        Box::pin(async move {
            if let (Some(gateway), Some(docker)) = (gateway, docker) {
                listener::run(gateway, socket, None, Front::Containers(docker), stop).await;
            }
        })
    }
}

impl<B: Backend> Gateway<B> {
    /// Answers a container's request.
    pub async fn serve_container(
        self: &Arc<Self>,
        docker: &Docker,
        request: Request<RawBody>,
        peer: Peer,
    ) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        let id = request_id::of(&parts.headers);
        let (container, own) = match calling(docker, &parts.headers) {
            Some(found) => found,
            None => {
                body.discard();
                return stranger().answer();
            }
        };
        parts.headers.remove(header::PROXY_AUTHORIZATION);
        if own {
            parts.headers.remove(header::AUTHORIZATION);
            let Some(host) = self.host_of(&container.domain) else {
                body.discard();
                return no_host(&container.domain).answer();
            };
            parts.headers.insert(header::HOST, host);
        }
        // A target with an authority would outweigh the header.
        if parts.uri.authority().is_some() {
            let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            parts.uri = path.parse().unwrap_or_else(|_| Uri::from_static("/"));
        }
        // Only a proxy of ours could be trusted with these, and there is none. `X-Forwarded-For` stays: nothing here believes it, and a
        // service may refuse what was passed on.
        for name in ["x-forwarded-host", "x-forwarded-proto", "forwarded"] {
            parts.headers.remove(HeaderName::from_static(name));
        }
        let container = Some(Arc::new(container));
        self.serve_as(Arrived { parts, body, peer, id, part: false, by_operator: false, container }).await
    }

    /// Where requests of a domain's containers go.
    fn host_of(&self, domain: &str) -> Option<HeaderValue> {
        let services = self.backend.services();
        let hosts = services.iter().filter(|service| &*service.manifest.docker.domain == domain);
        hosts.filter_map(|service| service.manifest.docker.host.as_deref()).find_map(|host| host.parse().ok())
    }
}

/// The container that shows its token, and whether it is to its own service.
fn calling(docker: &Docker, headers: &HeaderMap) -> Option<(Calling, bool)> {
    let token = |name: HeaderName| {
        let (scheme, token) = headers.get(name)?.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    };
    if let Some(token) = token(header::PROXY_AUTHORIZATION) {
        return docker.calling(&token).map(|calling| (calling, false));
    }
    docker.calling(&token(header::AUTHORIZATION)?).map(|calling| (calling, true))
}

fn stranger() -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "authError", "Only containers of this server are answered here.")
}

fn no_host(domain: &str) -> ApiError {
    let message = format!("No service answers the containers of `{domain}`.");
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "backendError", message)
}
