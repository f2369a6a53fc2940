//! Who sends a request, and whether the route's permission lets it in.
//!
//! The credential is an access token (`Authorization: Bearer`, RFC 6750) or an API key (`X-API-Key`, `x-goog-api-key`, the query's
//! `key`). A token outweighs a key, as with Google's own APIs, where a key beside a token only names a project.

use super::backend::Backend;
use super::error::ApiError;
use super::pipeline::Gateway;
use super::place::Place;
use crate::capability::http::Body;
use crate::capability::identity::authority::{Known, Refusal};
use crate::capability::identity::{Ask, Caller, Credential, Enforcement, Origin, Standing, Unavailable, refusal};
use crate::config::AuthMode;
use crate::observe::metrics;
use crate::plugin::call::Head;
use crate::plugin::manifest::{Permission, Route};
use crate::tenant::{DEFAULT, Tenant};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::json;
use std::borrow::Cow;
use std::sync::Arc;

/// Where to read how a request is authenticated, in answers without a credential.
const REALM: &str = "Bearer realm=\"fogbank\"";

/// What a request brought.
enum Brought {
    Nothing,
    /// Something that only the service understands: a signature in a header.
    Foreign,
    Credential(Credential),
}

impl<B: Backend> Gateway<B> {
    /// Who sends a request to `route` in `tenant`; an error where what it shows is no credential.
    pub(super) async fn caller(
        &self,
        tenant: &Arc<Tenant>,
        place: &Place,
        headers: &HeaderMap,
        query: Option<&str>,
        request_id: &Arc<str>,
        route: &Route,
    ) -> Result<Arc<Caller>, ApiError> {
        let enforcement = match self.config.auth {
            AuthMode::Off => return Ok(Caller::anybody(Enforcement::Off)),
            AuthMode::Audit => Enforcement::Audit,
            AuthMode::Optional | AuthMode::Required => Enforcement::On,
        };
        let credential = match brought(headers, query)? {
            Brought::Credential(credential) => credential,
            Brought::Foreign if route.plugin_decides => return Ok(Caller::anybody(enforcement)),
            Brought::Foreign => return Err(not_understood()),
            Brought::Nothing if self.config.auth == AuthMode::Optional && !signs_itself(query) => {
                return Ok(Caller::anybody(Enforcement::Off));
            }
            Brought::Nothing => return Ok(Caller::anybody(enforcement)),
        };
        let origin = Origin { base_url: place.base_url.as_str().into(), request_id: Arc::clone(request_id) };
        match self.known(tenant, &origin, credential, enforcement).await? {
            Ok(caller) => Ok(caller),
            Err(refused) if enforcement == Enforcement::Audit => {
                metrics().would_refuse();
                tracing::warn!(target: "audit", reason = refused.reason, "a credential would have been refused");
                Ok(Caller::anybody(enforcement))
            }
            // A route that is open to all may be about the credential itself: whether a token in the query is good.
            Err(_) if is_open(route) && !headers.contains_key(header::AUTHORIZATION) => {
                Ok(Caller::anybody(enforcement))
            }
            Err(refused) => Err(unauthenticated(&refused)),
        }
    }

    /// Who brings `credential`: the operator's token is known to the host, everything else to the authority.
    async fn known(
        &self,
        tenant: &Arc<Tenant>,
        origin: &Origin,
        credential: Credential,
        enforcement: Enforcement,
    ) -> Result<Result<Arc<Caller>, Refusal>, ApiError> {
        if let Credential::Bearer(token) = &credential
            && self.administrator_token.as_ref().is_some_and(|own| own.matches(token))
        {
            return Ok(Ok(Caller::operator(enforcement)));
        }
        let known = self.backend.authenticate(tenant, origin, credential).await.map_err(of_unavailable)?;
        Ok(known.map(|known: Known| {
            let administrator = self.config.administrators.iter().any(|name| name.eq_ignore_ascii_case(&known.name));
            Arc::new(Caller::known(known, administrator, enforcement))
        }))
    }

    /// Whether the caller has the route's permission, where the service does not decide that itself.
    pub(super) async fn admit(&self, tenant: &Arc<Tenant>, route: &Route, head: &Head) -> Result<(), ApiError> {
        let Some(Permission::Named(permission)) = &route.permission else { return Ok(()) };
        if route.plugin_decides || head.caller.may_do_everything() {
            return Ok(());
        }
        let resource = resource(route, head);
        let origin = Origin { base_url: Arc::clone(&head.base_url), request_id: Arc::clone(&head.request_id) };
        let facts = head.facts();
        let ask = Ask { tenant, caller: &head.caller, origin: &origin, facts: &facts };
        match self.backend.may(&ask, permission, &resource).await {
            Ok(true) => Ok(()),
            Ok(false) if head.caller.standing == Standing::Anybody => {
                let error = ApiError::new(StatusCode::UNAUTHORIZED, "required", refusal::anonymous(permission));
                Err(error.with_info("CREDENTIALS_MISSING", json!({ "permission": &**permission })).challenging(REALM))
            }
            Ok(false) => {
                let error = ApiError::new(StatusCode::FORBIDDEN, "forbidden", refusal::denied(permission, &resource));
                let about = json!({ "permission": &**permission, "resource": resource });
                Err(error.with_info("IAM_PERMISSION_DENIED", about))
            }
            Err(why) => Err(of_unavailable(why)),
        }
    }

    /// Whether a request may administer the host: the operator, unless authentication is off.
    pub(super) async fn administrator(
        &self,
        headers: &HeaderMap,
        place: &Place,
        request_id: &Arc<str>,
    ) -> Result<(), ApiError> {
        if self.config.auth == AuthMode::Off {
            return Ok(());
        }
        let Brought::Credential(credential) = brought(headers, None)? else {
            let message = "The administration of this server needs an administrator's token.";
            return Err(ApiError::new(StatusCode::UNAUTHORIZED, "required", message).challenging(REALM));
        };
        let origin = Origin { base_url: place.base_url.as_str().into(), request_id: Arc::clone(request_id) };
        let tenant = self.tenants.get(DEFAULT).ok_or_else(|| super::place::no_tenant(DEFAULT))?;
        match self.known(&tenant, &origin, credential, Enforcement::On).await? {
            Ok(caller) if caller.standing == Standing::Administrator => Ok(()),
            Ok(caller) => {
                let message = format!("{} is no administrator of this server.", caller.name);
                Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", message))
            }
            Err(refused) => Err(unauthenticated(&refused)),
        }
    }
}

/// The full name of the resource that a request is about; of the service where its route says nothing.
pub fn resource(route: &Route, head: &Head) -> String {
    let Some(template) = &route.resource else { return format!("//{}.fogbank.internal", route.plugin) };
    let param = |name: &str| head.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    template.fill(param, |name| query_value(head.query.as_deref(), name).map(Cow::into_owned))
}

/// The first value of a query parameter, decoded.
fn query_value<'q>(query: Option<&'q str>, name: &str) -> Option<Cow<'q, str>> {
    url::form_urlencoded::parse(query?.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
}

fn is_open(route: &Route) -> bool {
    matches!(route.permission, Some(Permission::Open { .. }))
}

/// Says how to authenticate where a service did not.
pub fn challenge(answer: &mut Response<Body>) {
    if answer.status() == StatusCode::UNAUTHORIZED && !answer.headers().contains_key(header::WWW_AUTHENTICATE) {
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(REALM));
    }
}

/// Whether the query holds a signature, which stands for a credential.
fn signs_itself(query: Option<&str>) -> bool {
    let signature = |key: &str| {
        ["x-goog-signature", "x-amz-signature", "signature"].iter().any(|name| key.eq_ignore_ascii_case(name))
    };
    query.is_some_and(|query| url::form_urlencoded::parse(query.as_bytes()).any(|(key, _)| signature(&key)))
}

fn brought(headers: &HeaderMap, query: Option<&str>) -> Result<Brought, ApiError> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    if let Some(value) = given.next() {
        if given.next().is_some() {
            return Err(ApiError::invalid("The request has more than one Authorization header."));
        }
        return Ok(authorization(value));
    }
    if let Some(token) = query_value(query, "access_token") {
        return Ok(Brought::Credential(Credential::Bearer(token.into_owned())));
    }
    for name in ["x-api-key", "x-goog-api-key"] {
        if let Some(key) = headers.get(name) {
            return Ok(Brought::Credential(Credential::ApiKey(text(key))));
        }
    }
    Ok(match query_value(query, "key") {
        Some(key) if !key.is_empty() => Brought::Credential(Credential::ApiKey(key.into_owned())),
        _ => Brought::Nothing,
    })
}

fn authorization(value: &HeaderValue) -> Brought {
    let value = text(value);
    let (scheme, rest) = value.split_once(' ').unwrap_or((&value, ""));
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" | "oauth" => Brought::Credential(Credential::Bearer(rest.trim().to_owned())),
        _ => Brought::Foreign,
    }
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// The tenant that an access token was made for, by its own word: it is verified inside that tenant.
pub fn tenant_of_token(headers: &HeaderMap) -> Option<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let Brought::Credential(Credential::Bearer(token)) = authorization(headers.get(header::AUTHORIZATION)?) else {
        return None;
    };
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    claims.get("tenant")?.as_str().map(str::to_owned)
}

fn unauthenticated(refused: &Refusal) -> ApiError {
    let error = ApiError::new(StatusCode::UNAUTHORIZED, "authError", refused.message.clone());
    let challenge = format!("{REALM}, error=\"invalid_token\", error_description=\"{}\"", quoted(&refused.message));
    error.with_info(&refused.reason, json!({})).challenging(&challenge)
}

/// A sentence as it may stand between quotation marks in a header.
fn quoted(sentence: &str) -> String {
    sentence.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\') || *c == ' ').collect()
}

fn not_understood() -> ApiError {
    let message =
        "The Authorization header has a scheme that is not understood here: send `Bearer` and an access token.";
    ApiError::new(StatusCode::UNAUTHORIZED, "authError", message)
        .with_info("CREDENTIALS_NOT_UNDERSTOOD", json!({}))
        .challenging(REALM)
}

/// 503 where nobody can decide.
pub fn of_unavailable(why: Unavailable) -> ApiError {
    tracing::error!(?why, "nobody can say who may do what");
    let message = "It cannot be decided now who may do this; try again.";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "backendError", message)
}
