//! `/_fogbank/tenants`: list, make, look at, reset and remove tenants, and move their clocks.

use super::{json_answer, read};
use crate::capability::context::clock::machine_now_ms;
use crate::capability::http::Body;
use crate::gateway::backend::Backend;
use crate::gateway::error::ApiError;
use crate::gateway::pipeline::Gateway;
use crate::gateway::place::no_tenant;
use crate::observe::metrics;
use crate::tenant::{Quotas, Tenant, TenantError};
use http::{Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTenant {
    name: String,
    quotas: Option<Quotas>,
}

/// `{"advance-ms": 1000}`, `{"set": 1700000000000}` (milliseconds since 1970) or `{"reset": true}`.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum MoveClock {
    AdvanceMs(i64),
    Set(i64),
    Reset(bool),
}

/// Answers a request; `steps` are what follows `/_fogbank/tenants` in its path.
pub(super) async fn answer<B: Backend>(
    gateway: &Arc<Gateway<B>>,
    method: &Method,
    steps: &[&str],
    body: &[u8],
) -> Result<Response<Body>, ApiError> {
    let tenants = &gateway.tenants;
    match (method, steps) {
        (&Method::GET, []) => {
            let list: Vec<Value> = tenants.list().iter().map(|tenant| describe(tenant)).collect();
            Ok(json_answer(StatusCode::OK, &json!({ "tenants": list })))
        }
        (&Method::POST, []) => {
            let NewTenant { name, quotas } = read(body)?;
            tenants.create(&name, quotas).map_err(of_tenant).map(|tenant| one(&tenant))
        }
        (&Method::GET, [name]) => found(gateway, name).map(|tenant| one(&tenant)),
        (&Method::DELETE, [name]) => {
            tenants.delete(name).await.map_err(of_tenant)?;
            metrics().forget_tenant(name);
            Ok(json_answer(StatusCode::OK, &json!({})))
        }
        (&Method::POST, [name, "reset"]) => tenants.reset(name).await.map_err(of_tenant).map(|tenant| one(&tenant)),
        (&Method::POST, [name, "clock"]) => {
            let tenant = found(gateway, name)?;
            let offset = offset(&tenant, read(body)?)?;
            tenants.set_clock(name, offset).map_err(of_tenant)?;
            found(gateway, name).map(|tenant| one(&tenant))
        }
        (_, [] | [_] | [_, "reset" | "clock"]) => {
            let allow = match steps {
                [] => vec![Method::GET, Method::POST],
                [_] => vec![Method::DELETE, Method::GET],
                _ => vec![Method::POST],
            };
            Err(ApiError::wrong_method(method, "/_fogbank/tenants", allow))
        }
        _ => Err(ApiError::no_route(method, "/_fogbank/tenants/...")),
    }
}

fn found<B: Backend>(gateway: &Gateway<B>, name: &str) -> Result<Arc<Tenant>, ApiError> {
    gateway.tenants.get(name).ok_or_else(|| no_tenant(name))
}

fn offset(tenant: &Tenant, to: MoveClock) -> Result<i64, ApiError> {
    let offset = match to {
        MoveClock::AdvanceMs(by) => tenant.clock.offset_ms().checked_add(by),
        MoveClock::Set(time) => time.checked_sub_unsigned(machine_now_ms()),
        MoveClock::Reset(true) => Some(0),
        MoveClock::Reset(false) => Some(tenant.clock.offset_ms()),
    };
    // A few thousand years: what calendars can say.
    let sane = offset.filter(|offset| offset.abs() < 100_000_000_000_000);
    sane.ok_or_else(|| ApiError::invalid("The clock cannot be moved that far."))
}

fn one(tenant: &Tenant) -> Response<Body> {
    json_answer(StatusCode::OK, &describe(tenant))
}

fn describe(tenant: &Tenant) -> Value {
    json!({
        "name": &*tenant.name,
        "clock": { "now-ms": tenant.clock.now_ms(), "offset-ms": tenant.clock.offset_ms() },
        "quotas": tenant.quotas,
        "in-flight": tenant.in_flight(),
    })
}

fn of_tenant(error: TenantError) -> ApiError {
    let (code, reason) = match &error {
        TenantError::Name(_) | TenantError::Default => (StatusCode::BAD_REQUEST, "invalid"),
        TenantError::NotFound(_) => (StatusCode::NOT_FOUND, "notFound"),
        TenantError::Exists(_) => (StatusCode::CONFLICT, "conflict"),
        TenantError::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "quotaExceeded"),
        TenantError::Busy(_) => (StatusCode::CONFLICT, "resourceInUse"),
        TenantError::Io(cause) => {
            tracing::error!(%cause, "a tenant could not be changed");
            let message = "The tenant's data could not be changed; the log says why.";
            return ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internalError", message);
        }
    };
    let exists = matches!(error, TenantError::Exists(_));
    let rendered = ApiError::new(code, reason, error.to_string());
    if exists { ApiError { status: "ALREADY_EXISTS", ..rendered } } else { rendered }
}
