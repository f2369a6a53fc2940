//! The way of one request: id, place, tenant, route, limits, service, answer.

use super::backend::Backend;
use super::body::RawBody;
use super::error::{ApiError, of_failure};
use super::hold::hold;
use super::operator::OperatorToken;
use super::place::{Peer, Place, no_tenant};
use super::rate::Limiter;
use super::router::{Lookup, Match};
use super::{admin, auth, batch, cors, guard};
use crate::capability::docker::Calling;
use crate::capability::http::{Body, Limits as BodyLimits};
use crate::capability::identity::{Caller, Enforcement, Standing};
use crate::config::{AuthMode, Config};
use crate::observe::{Metrics, metrics, request_id};
use crate::plugin::call::{Call, CallLimits, Head};
use crate::plugin::manifest::{Method as RouteMethod, Route};
use crate::tenant::{DEFAULT, Exceeded, Tenant, Tenants};
use futures_util::FutureExt;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::Instrument;

/// Serves requests.
pub struct Gateway<B> {
    pub backend: B,
    pub tenants: Arc<Tenants>,
    pub config: Arc<Config>,
    /// The data folder.
    pub data: PathBuf,
    /// What one caller may ask for in a second.
    pub rate: Limiter,
    requests: Semaphore,
    ready: AtomicBool,
    nobody: Arc<str>,
    /// None where authentication is off.
    pub(super) administrator_token: Option<OperatorToken>,
}

/// What is learned of a request on its way, for the log and the metrics.
#[derive(Default)]
pub(super) struct Trail {
    tenant: Option<Arc<Tenant>>,
    route: Option<Arc<Route>>,
}

/// A request on its way, and where it came from.
pub(super) struct Arrived {
    pub parts: Parts,
    pub body: RawBody,
    pub peer: Peer,
    pub id: Arc<str>,
    /// Whether it is a part of a batch.
    pub part: bool,
    /// Whether the operator sends it: a seed.
    pub by_operator: bool,
    /// The container that sends it, over the way that is open to containers alone.
    pub container: Option<Arc<Calling>>,
}

impl<B: Backend> Gateway<B> {
    /// A gateway that is not ready yet: see [`Gateway::set_ready`].
    pub fn new(
        backend: B,
        tenants: Arc<Tenants>,
        config: Arc<Config>,
        data: PathBuf,
        administrator_token: Option<OperatorToken>,
    ) -> Self {
        let requests = Semaphore::new(config.limits.in_flight);
        let (ready, rate) = (AtomicBool::new(false), Limiter::new(config.limits.per_caller));
        let nobody = Arc::from("");
        Self { backend, tenants, config, data, rate, requests, ready, nobody, administrator_token }
    }

    /// Whether health says ready, as far as the gateway itself goes: after the seed, until it stops.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Release);
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    /// Answers a request, whatever happens.
    pub async fn serve(self: &Arc<Self>, request: Request<RawBody>, peer: Peer) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let id = request_id::of(&parts.headers);
        self.serve_as(Arrived { parts, body, peer, id, part: false, by_operator: false, container: None }).await
    }

    /// Answers a request of the operator's own, who may do everything.
    pub async fn serve_operator(self: &Arc<Self>, request: Request<RawBody>, peer: Peer) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let id = request_id::of(&parts.headers);
        self.serve_as(Arrived { parts, body, peer, id, part: false, by_operator: true, container: None }).await
    }

    pub(super) async fn serve_as(self: &Arc<Self>, arrived: Arrived) -> Response<Body> {
        let started = Instant::now();
        let _counted = metrics().request();
        let (id, method) = (Arc::clone(&arrived.id), arrived.parts.method.clone());
        let path = arrived.parts.uri.path().to_owned();
        let origin = cors::allowed_origin(&arrived.parts.headers, &self.config.cors_origins);
        let span = tracing::info_span!("request", request = &*id, %method, path);
        crate::observe::traces::continue_from(&span, &arrived.parts.headers);
        let mut trail = Trail::default();
        let work = AssertUnwindSafe(self.answer(arrived, &mut trail)).catch_unwind().instrument(span.clone());
        let answer = match work.await {
            Ok(answer) => answer,
            // The panic's own message is in the log already, under the same span.
            Err(_) => Err(ApiError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internalError",
                format!("The request could not be served (request {id})."),
            )),
        };
        let form = trail.route.as_ref().map(|route| route.errors).unwrap_or_default();
        let mut answer = answer.unwrap_or_else(|error| error.answer_in(form));
        auth::challenge(&mut answer);
        guard::page(answer.headers_mut());
        if let Ok(id) = HeaderValue::from_str(&id) {
            answer.headers_mut().insert(request_id::HEADER, id);
        }
        if let Some(origin) = origin {
            cors::mark(answer.headers_mut(), origin);
        }
        cors::settle(answer.headers_mut());
        span.in_scope(|| self.note(&trail, answer.status(), started.elapsed(), metrics()));
        answer
    }

    fn note(&self, trail: &Trail, status: StatusCode, took: Duration, metrics: &Metrics) {
        let tenant = trail.tenant.as_ref().map_or(&self.nobody, |tenant| &tenant.name);
        let (plugin, route) =
            trail.route.as_ref().map_or((&self.nobody, &self.nobody), |route| (&route.plugin, &route.id));
        metrics.answered(plugin, tenant, route, status.as_u16(), took);
        let (status, ms) = (status.as_u16(), took.as_micros() as f64 / 1000.0);
        let (tenant, plugin, route) = (&**tenant, &**plugin, &**route);
        match status {
            500.. => tracing::warn!(target: "access", tenant, plugin, route, status, ms, "answered"),
            _ => tracing::debug!(target: "access", tenant, plugin, route, status, ms, "answered"),
        }
    }

    async fn answer(self: &Arc<Self>, arrived: Arrived, trail: &mut Trail) -> Result<Response<Body>, ApiError> {
        let place = match (Place::of(&arrived.parts, arrived.peer, &self.config), &arrived.container) {
            (Ok(place), Some(container)) => place.within(&container.tenant, &arrived.parts),
            (Ok(place), None) => self.by_token(place, &arrived.parts.headers),
            (Err(error), _) => return Err(refuse(arrived.body, error)),
        };
        let by_container = arrived.container.is_some();
        if place.prefix.is_empty() && !by_container && admin::is_admin(&place.path) {
            return admin::answer(self, arrived, &place).await;
        }
        let _permit = match self.permit(&arrived) {
            Ok(permit) => permit,
            Err(error) => return Err(refuse(arrived.body, error)),
        };
        if !by_container && batch::is_batch(&arrived.parts.method, &place.path) {
            return batch::answer(self, arrived, &place).await;
        }
        let Some(tenant) = self.tenants.get(&place.tenant) else {
            return Err(refuse(arrived.body, no_tenant(&place.tenant)));
        };
        trail.tenant = Some(Arc::clone(&tenant));
        let router = self.backend.router();
        let (method, path) = (arrived.parts.method.clone(), place.path.clone());
        match router.lookup(&method, Some(&place.authority), &path) {
            Lookup::Match(found) => {
                trail.route = Some(Arc::clone(found.route));
                self.call(arrived, place, &tenant, found).await
            }
            lookup => {
                if cors::is_preflight(&method, &arrived.parts.headers) {
                    return Ok(cors::preflight(&arrived.parts.headers, &self.config.cors_origins));
                }
                Err(refuse(arrived.body, refusal(&method, &path, lookup)))
            }
        }
    }

    /// The credential's tenant, where neither path nor host name a tenant.
    fn by_token(&self, mut place: Place, headers: &HeaderMap) -> Place {
        if self.config.auth != AuthMode::Off
            && place.tenant == DEFAULT
            && place.prefix.is_empty()
            && let Some(tenant) = auth::tenant_of_token(headers)
        {
            place.tenant = tenant;
        }
        place
    }

    async fn call(
        &self,
        arrived: Arrived,
        place: Place,
        tenant: &Arc<Tenant>,
        found: Match<'_, '_, B::Service>,
    ) -> Result<Response<Body>, ApiError> {
        let Match { payload, route, params, path } = found;
        let Arrived { mut parts, body, id, by_operator, container, .. } = arrived;
        if route.unimplemented {
            return Err(refuse(body, ApiError::unimplemented(route)));
        }
        let entered = match tenant.enter() {
            Ok(entered) => entered,
            Err(exceeded) => return Err(refuse(body, over_quota(&tenant.name, exceeded))),
        };
        let caller = match by_operator {
            true => Ok(Caller::operator(Enforcement::On)),
            false => self.caller(tenant, &place, &parts.headers, parts.uri.query(), &id, route).await,
        };
        if !by_operator && let Err(error) = self.pace(tenant, &place, caller.as_deref().ok()) {
            return Err(refuse(body, error));
        }
        let caller = match caller {
            Ok(caller) => caller,
            Err(error) => return Err(refuse(body, error)),
        };
        let limits = self.body_limits(route, tenant);
        if body.declared().is_some_and(|declared| declared > limits.max_size) {
            return Err(refuse(body, ApiError::too_large(limits.max_size)));
        }
        crate::observe::traces::pass_on(&mut parts.headers);
        let mut head = Head {
            route: Arc::clone(&route.id),
            params,
            method: parts.method,
            path: path.to_owned(),
            query: parts.uri.query().map(str::to_owned),
            headers: parts.headers,
            authority: place.authority,
            base_url: place.base_url.into(),
            request_id: Arc::clone(&id),
            depth: 0,
            caller,
            container,
            plugin_decides: route.plugin_decides,
        };
        if let Err(error) = self.admit(tenant, route, &head).await {
            return Err(refuse(body, error));
        }
        let body = decoded(body.limited(limits), &mut head.headers, route, limits);
        let length_matters = head.method == Method::HEAD && route.method == RouteMethod::One(Method::GET);
        let answer = self.backend.call(payload, tenant, Call { head, body, limits: self.call_limits(route) }).await;
        match answer {
            Ok(mut answer) => {
                if length_matters {
                    say_empty(&mut answer);
                }
                Ok(answer.map(|body| hold(body, entered)))
            }
            Err(failure) => {
                report(route, &failure);
                Err(of_failure(&route.plugin, &id, &failure))
            }
        }
    }

    /// Counts a request of somebody; whoever is unknown, or shows what is no credential, is counted by address.
    fn pace(&self, tenant: &Tenant, place: &Place, caller: Option<&Caller>) -> Result<(), ApiError> {
        if !self.rate.is_on() {
            return Ok(());
        }
        let known = caller.filter(|caller| caller.standing != Standing::Anybody);
        let name = known.map_or_else(|| place.remote.to_string().into(), |caller| Arc::clone(&caller.name));
        Ok(self.rate.check(&tenant.name, &name)?)
    }

    /// A permit of the whole server, which parts of a batch share with it.
    fn permit(&self, arrived: &Arrived) -> Result<Option<SemaphorePermit<'_>>, ApiError> {
        if arrived.part {
            return Ok(None);
        }
        let most = self.config.limits.in_flight;
        let refusal = |_| ApiError::too_many(format!("The server has {most} requests in hand (limits.in-flight)."));
        self.requests.try_acquire().map(Some).map_err(refusal)
    }

    fn body_limits(&self, route: &Route, tenant: &Tenant) -> BodyLimits {
        let limits = &self.config.limits;
        let max_size = route.limits.body.min(limits.max_body).min(tenant.quotas.body.unwrap_or(u64::MAX));
        BodyLimits { max_size, idle: limits.idle }
    }

    pub(super) fn call_limits(&self, route: &Route) -> CallLimits {
        let limits = route.limits.capped(&self.config.plugin_caps);
        CallLimits { cpu: limits.cpu, wall: limits.wall }
    }
}

/// Notes a service's failure with everything that its answer does not say.
pub(super) fn report(route: &Route, failure: &crate::plugin::failure::Failure) {
    metrics().failed(&route.plugin, failure.kind());
    tracing::error!(plugin = &*route.plugin, route = &*route.id, kind = failure.kind(), "the service {failure}");
}

/// Passes over a body that nobody wants, for an error that is the answer.
fn refuse(body: RawBody, error: ApiError) -> ApiError {
    body.discard();
    error
}

pub(super) fn refusal<T>(method: &Method, path: &str, lookup: Lookup<'_, '_, T>) -> ApiError {
    match lookup {
        Lookup::BadPath(why) => ApiError::invalid(why),
        Lookup::MethodNotAllowed { allow, .. } => ApiError::wrong_method(method, path, allow),
        Lookup::NotFound { .. } | Lookup::Match(_) => ApiError::no_route(method, path),
    }
}

fn over_quota(tenant: &str, exceeded: Exceeded) -> ApiError {
    match exceeded {
        Exceeded::InFlight(limit) => ApiError::too_many(format!("The tenant `{tenant}` has {limit} requests in hand.")),
        Exceeded::PerSecond(limit) => {
            ApiError::too_many(format!("The tenant `{tenant}` has made {limit} requests in this second."))
        }
        Exceeded::Closed => ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "backendError",
            format!("The tenant `{tenant}` is being reset or deleted."),
        ),
    }
}

/// Says the length of a `GET` that has none, to a `HEAD` (RFC 9110, section 9.3.2): hyper, which says every other, cannot tell
/// an empty body from one that is left out.
fn say_empty(answer: &mut Response<Body>) {
    let bodiless = matches!(answer.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if !bodiless && answer.body_mut().length() == Some(0) {
        answer.headers_mut().entry(header::CONTENT_LENGTH).or_insert(HeaderValue::from_static("0"));
    }
}

/// The body as the service wants it: unpacked, where its manifest says so.
fn decoded(mut body: Body, headers: &mut HeaderMap, route: &Route, limits: BodyLimits) -> Body {
    let gzip = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"gzip");
    if !route.gzip_body || !headers.get(header::CONTENT_ENCODING).is_some_and(gzip) {
        return body;
    }
    headers.remove(header::CONTENT_ENCODING);
    headers.remove(header::CONTENT_LENGTH);
    Body::from_http_body(body.gunzip().into_http_body(), limits)
}
