//! `/_fogbank/...`: health, metrics, services, settings for clients, tenants. For the operator, not for clients of the
//! services.

mod iam;
mod tenants;

use super::backend::Backend;
use super::error::{ApiError, of_body};
use super::pipeline::{Arrived, Gateway};
use super::place::{Place, TENANTS, no_tenant};
use super::{cors, guard, health};
use crate::capability::http::{Body, Limits};
use crate::cli::env;
use crate::config::{AuthMode, MetricsAccess};
use crate::plugin::manifest::{HostPattern, Permission};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

/// Where all of it is.
const PREFIX: &str = "/_fogbank";

/// Bytes of a body in here.
const MAX_BODY: u64 = 64 << 10;

/// Bytes of a policy document.
const MAX_POLICY: u64 = 1 << 20;

/// Whether a path is one of these.
pub fn is_admin(path: &str) -> bool {
    path.strip_prefix(PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a request of the operator.
pub(super) async fn answer<B: Backend>(
    gateway: &Arc<Gateway<B>>,
    arrived: Arrived,
    place: &Place,
) -> Result<Response<Body>, ApiError> {
    let Arrived { parts, body, id, .. } = arrived;
    if cors::is_preflight(&parts.method, &parts.headers) {
        return Ok(cors::preflight(&parts.headers, &gateway.config.cors_origins));
    }
    // A page of somebody else's must not empty a tenant: browsers send such requests without asking first.
    if cors::is_foreign(&parts.headers, &gateway.config.cors_origins) {
        body.discard();
        return Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", "This origin may not do that (cors-origins)."));
    }
    let path = place.path.strip_prefix(PREFIX).unwrap_or_default();
    let steps: Vec<&str> = path.split('/').skip(1).collect();
    let method = if parts.method == Method::HEAD { Method::GET } else { parts.method.clone() };
    if let Err(error) = may_administer(gateway, &parts.headers, place, &id, &steps).await {
        body.discard();
        return Err(error);
    }
    match (&method, steps.as_slice()) {
        (&Method::GET, ["health", "live"]) => Ok(json_answer(StatusCode::OK, &json!({ "status": "live" }))),
        (&Method::GET, ["health", "ready"]) => Ok(health::ready(gateway).await),
        (&Method::GET, ["metrics"]) => Ok(metrics()),
        (&Method::GET, ["plugins"]) => Ok(json_answer(StatusCode::OK, &plugins(gateway))),
        (&Method::GET, ["plugins", name]) => plugin(gateway, name),
        (&Method::GET, ["env"]) => settings(gateway, &place.base_url, parts.uri.query()),
        (_, ["iam", rest @ ..]) => {
            let limits = Limits { max_size: MAX_POLICY, idle: gateway.config.limits.idle };
            let body = body.limited(limits).read_to_end(MAX_POLICY).await.map_err(|error| of_body(&error))?;
            iam::answer(gateway, &method, rest, parts.uri.query(), &body).await
        }
        (_, ["tenants", rest @ ..]) => {
            let limits = Limits { max_size: MAX_BODY, idle: gateway.config.limits.idle };
            let body = body.limited(limits).read_to_end(MAX_BODY).await.map_err(|error| of_body(&error))?;
            tenants::answer(gateway, &method, rest, &body).await
        }
        (_, ["health", "live" | "ready"] | ["metrics"] | ["plugins"] | ["plugins", _] | ["env"]) => {
            Err(ApiError::wrong_method(&parts.method, &place.path, vec![Method::GET, Method::HEAD]))
        }
        _ => Err(ApiError::no_route(&parts.method, &place.path)),
    }
}

/// Lets in whoever may ask for what `steps` lead to: health is everybody's, the metrics whose the configuration says, and the
/// rest is for administrators.
async fn may_administer<B: Backend>(
    gateway: &Gateway<B>,
    headers: &HeaderMap,
    place: &Place,
    id: &Arc<str>,
    steps: &[&str],
) -> Result<(), ApiError> {
    let asks = gateway.config.auth != AuthMode::Off;
    match (steps, gateway.config.metrics) {
        (["health", ..], _) | (["metrics"], MetricsAccess::Open) => Ok(()),
        (["metrics"], MetricsAccess::Local) if !asks => match place.remote.is_loopback() {
            true => Ok(()),
            false => {
                let message = "Metrics are for this machine only (metrics = \"open\" is for all).";
                Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", message))
            }
        },
        _ => gateway.administrator(headers, place, id).await,
    }
}

/// An answer with JSON in it.
pub(super) fn json_answer(status: StatusCode, value: &Value) -> Response<Body> {
    let mut answer = Response::new(Body::from_bytes(format!("{value:#}\n")));
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json; charset=UTF-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    guard::own(answer.headers_mut());
    answer
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    // serde_json's messages say where in the text, and nothing of this program.
    serde_json::from_slice(body)
        .map_err(|error| ApiError::invalid(format!("The body is not what is asked for: {error}.")))
}

fn metrics() -> Response<Body> {
    let mut answer = Response::new(Body::from_bytes(crate::observe::metrics().text()));
    let text = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, text);
    guard::own(answer.headers_mut());
    answer
}

fn plugins<B: Backend>(gateway: &Gateway<B>) -> Value {
    let services = gateway.backend.services().into_iter().map(|service| {
        let manifest = &service.manifest;
        json!({
            "name": &*manifest.name,
            "version": manifest.version,
            "title": manifest.title,
            "revision": service.revision,
            "state": "serving",
            "routes": manifest.routes.len(),
            "unimplemented": manifest.routes.iter().filter(|route| route.unimplemented).count(),
            "prefixes": manifest.prefixes,
        })
    });
    let problems = gateway.backend.problems().into_iter();
    let problems: Vec<Value> = problems.map(|(place, why)| json!({ "place": place, "problems": why })).collect();
    json!({ "plugins": services.collect::<Vec<_>>(), "problems": problems })
}

/// One service with its routes: what they need and what they are about.
fn plugin<B: Backend>(gateway: &Gateway<B>, name: &str) -> Result<Response<Body>, ApiError> {
    let services = gateway.backend.services();
    let found = services.iter().find(|service| &*service.manifest.name == name);
    let manifest = &found.ok_or_else(|| ApiError::no_route(&Method::GET, name))?.manifest;
    let routes = manifest.routes.iter().map(|route| {
        let permission = match &route.permission {
            Some(Permission::Named(name)) => json!(&**name),
            Some(Permission::Open { reason }) => json!({ "open": reason }),
            None => Value::Null,
        };
        json!({
            "id": &*route.id,
            "method": route.method.to_string(),
            "paths": route.paths.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "host": route.host.as_ref().map(HostPattern::shape),
            "permission": permission,
            "resource": route.resource.as_ref().map(ToString::to_string),
            "decide": if route.plugin_decides { "plugin" } else { "host" },
            "unimplemented": route.unimplemented,
        })
    });
    let permissions: Vec<&str> = manifest.access.permissions.iter().map(|name| &**name).collect();
    let about = json!({
        "name": &*manifest.name,
        "version": manifest.version,
        "title": manifest.title,
        "permissions": permissions,
        "routes": routes.collect::<Vec<_>>(),
    });
    Ok(json_answer(StatusCode::OK, &about))
}

/// What points clients here, or at the tenant that the query names: see `fogbank env`.
fn settings<B: Backend>(gateway: &Gateway<B>, base: &str, query: Option<&str>) -> Result<Response<Body>, ApiError> {
    let base = match query.and_then(|query| query.strip_prefix("tenant=")) {
        Some(tenant) if gateway.tenants.get(tenant).is_none() => return Err(no_tenant(tenant)),
        Some(tenant) => format!("{base}{TENANTS}{tenant}"),
        None => base.to_owned(),
    };
    let services = gateway.backend.services();
    let manifests: Vec<_> = services.iter().map(|service| &*service.manifest).collect();
    let settings = env::Settings::of(&manifests, &gateway.config, Some(&gateway.data), &base);
    Ok(json_answer(StatusCode::OK, &json!({ "env": settings.env, "terraform": settings.terraform })))
}
