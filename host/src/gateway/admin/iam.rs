//! `/_fogbank/iam/...`: the operator's view of policies, whatever service a resource belongs to.
//!
//! - `GET explain?principal=&permission=&resource=`: which level and which binding grants, or what every level lacks.
//! - `GET policy?resource=`, `PUT policy?resource=`: the policy of a resource, as `gcloud ... get-iam-policy --format=json` prints it.
//!
//! `tenant=` names another tenant than the default one.

use super::{json_answer, read};
use crate::capability::http::Body;
use crate::capability::identity::authority::{Known, Question};
use crate::capability::identity::hierarchy::Level;
use crate::capability::identity::{Facts, Identity, Origin, PolicyError, Unavailable};
use crate::gateway::backend::Backend;
use crate::gateway::error::ApiError;
use crate::gateway::pipeline::Gateway;
use crate::gateway::place::no_tenant;
use crate::plugin::bindings::fogbank::identity::identity::Level as WitLevel;
use crate::tenant::{DEFAULT, Tenant};
use http::{Method, Response, StatusCode};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) async fn answer<B: Backend>(
    gateway: &Arc<Gateway<B>>,
    method: &Method,
    steps: &[&str],
    query: Option<&str>,
    body: &[u8],
) -> Result<Response<Body>, ApiError> {
    let query: BTreeMap<String, String> =
        url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let tenant = query.get("tenant").map_or(DEFAULT, String::as_str);
    let tenant = gateway.tenants.get(tenant).ok_or_else(|| no_tenant(tenant))?;
    let identity = gateway.backend.identity().ok_or_else(|| ApiError::invalid("This server keeps no policies."))?;
    match (method, steps) {
        (&Method::GET, ["explain"]) => explain(identity, &tenant, &query).await,
        (&Method::GET, ["policy"]) => {
            let policy = identity.policies.get(&tenant.name, resource(&query)?).await.map_err(of_policy)?;
            Ok(shown(&policy.document, &policy.etag))
        }
        (&Method::PUT, ["policy"]) => {
            let mut document: Map<String, Value> = read(body)?;
            let etag = document.remove("etag");
            let etag = etag.as_ref().and_then(Value::as_str);
            let text = Value::Object(document).to_string();
            let policy =
                identity.policies.set(&tenant.name, resource(&query)?, &text, etag).await.map_err(of_policy)?;
            Ok(shown(&policy.document, &policy.etag))
        }
        (_, ["explain"]) => Err(ApiError::wrong_method(method, "/_fogbank/iam/explain", vec![Method::GET])),
        (_, ["policy"]) => Err(ApiError::wrong_method(method, "/_fogbank/iam/policy", vec![Method::GET, Method::PUT])),
        _ => Err(ApiError::no_route(method, "/_fogbank/iam/...")),
    }
}

fn wanted<'q>(query: &'q BTreeMap<String, String>, name: &str) -> Result<&'q str, ApiError> {
    let value = query.get(name).map(String::as_str).filter(|value| !value.is_empty());
    value.ok_or_else(|| ApiError::invalid(format!("The query has to name `{name}`.")))
}

fn resource(query: &BTreeMap<String, String>) -> Result<&str, ApiError> {
    let resource = wanted(query, "resource")?;
    match resource.starts_with("//") {
        true => Ok(resource),
        false => Err(ApiError::invalid("`resource` is a full name, such as //SERVICE.googleapis.com/COLLECTION/ID.")),
    }
}

fn shown(document: &str, etag: &str) -> Response<Body> {
    let mut policy: Value = serde_json::from_str(document).unwrap_or_else(|_| json!({}));
    policy["etag"] = json!(etag);
    json_answer(StatusCode::OK, &policy)
}

/// Asks about the whole way up, then about each binding of each level by itself.
async fn explain(
    identity: &Identity,
    tenant: &Arc<Tenant>,
    query: &BTreeMap<String, String>,
) -> Result<Response<Body>, ApiError> {
    let (principal, permission) = (wanted(query, "principal")?, wanted(query, "permission")?);
    let resource = resource(query)?;
    let levels = identity.ancestry(tenant, resource).await.map_err(|error| of_unavailable(error.into()))?;
    let question = |levels: Vec<WitLevel>| Question {
        caller: Known { name: principal.to_owned(), restriction: String::new(), expires_ms: None },
        permissions: vec![permission.to_owned()],
        resource: resource.to_owned(),
        levels,
        grants: vec![],
        facts: Facts { method: String::new(), host: String::new(), path: String::new() },
    };
    let mut questions = vec![question(levels.iter().map(WitLevel::from).collect())];
    let bindings: Vec<(usize, Value)> = levels.iter().enumerate().flat_map(bindings_of).collect();
    for (level, binding) in &bindings {
        // The other levels stay, without policies, so that what depends on them (deny rules) is as it is.
        let alone = |(index, other): (usize, &Level)| WitLevel {
            resource: other.resource.to_string(),
            policy: if index == *level {
                json!({ "version": 3, "bindings": [binding] }).to_string()
            } else {
                String::new()
            },
        };
        questions.push(question(levels.iter().enumerate().map(alone).collect()));
    }
    let origin = Origin { base_url: Arc::from(""), request_id: Arc::from("explain") };
    let answers = identity.decide_raw(tenant, &origin, questions).await.map_err(of_unavailable)?;
    let (allowed, grants) = answers.split_first().ok_or_else(|| ApiError::invalid("Nobody answered."))?;
    let granting = |level: usize| {
        let granting = bindings.iter().zip(grants).filter(|((at, _), grants)| *at == level && **grants);
        granting.map(|((_, binding), _)| binding.clone()).collect::<Vec<_>>()
    };
    let looked_at = levels.iter().enumerate().map(|(index, level)| {
        json!({
            "resource": &*level.resource,
            "hasPolicy": level.policy.is_some(),
            "bindings": bindings.iter().filter(|(at, _)| *at == index).count(),
            "granting": granting(index),
        })
    });
    let levels: Vec<Value> = looked_at.collect();
    let overruled = !allowed && grants.contains(&true);
    let about = json!({
        "principal": principal, "permission": permission, "resource": resource,
        "allowed": allowed, "denyPolicyOverrules": overruled, "levels": levels,
    });
    Ok(json_answer(StatusCode::OK, &about))
}

fn bindings_of((index, level): (usize, &Level)) -> Vec<(usize, Value)> {
    let policy: Option<Value> = level.policy.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let bindings = policy.as_ref().and_then(|policy| policy.get("bindings")).and_then(Value::as_array);
    bindings.into_iter().flatten().map(|binding| (index, binding.clone())).collect()
}

fn of_policy(error: PolicyError) -> ApiError {
    match error {
        PolicyError::Conflict => {
            ApiError::new(StatusCode::CONFLICT, "aborted", "The policy has changed since its etag was read.")
        }
        PolicyError::Invalid(why) => ApiError::invalid(format!("This is no policy: {why}.")),
        PolicyError::Database(error) => of_unavailable(error.into()),
    }
}

fn of_unavailable(why: Unavailable) -> ApiError {
    crate::gateway::auth::of_unavailable(why)
}
