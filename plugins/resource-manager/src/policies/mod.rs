//! IAM policies of everything in the hierarchy. The host keeps and enforces them; here is what the real service adds: what may
//! stand in one, and how conditions look to clients that do not know them.
//! <https://cloud.google.com/iam/docs/reference/rest/v1/Policy>

mod check;
mod view;

use crate::refusal;
use fogbank_sdk::{Error, Request, Response, Result, identity};
use serde::Deserialize;
use serde_json::{Value, json};

/// The most permissions that one test asks for.
const MOST_TESTED: usize = 100;

/// What kind of resource a policy is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A project, which nobody can open to everybody.
    Project,
    /// Anything else.
    Other,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GetRequest {
    options: Option<GetOptions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GetOptions {
    requested_policy_version: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SetRequest {
    policy: Option<Value>,
    update_mask: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TestRequest {
    permissions: Vec<String>,
}

/// Answers `getIamPolicy` about `resource`, a full name.
///
/// Errors: 400.
pub fn get(request: &mut Request, resource: &str) -> Result<Response> {
    let in_query = request.query_i64("options.requestedPolicyVersion")?.unwrap_or(0);
    let body: GetRequest = request.json()?;
    let version = body.options.map_or(in_query, |options| options.requested_policy_version);
    if !matches!(version, 0 | 1 | 3) {
        let issue = "must be 0, 1 or 3";
        return Err(refusal::field("options.requested_policy_version", issue));
    }
    let policy = identity::get_policy(resource)?.to_json();
    Ok(Response::json(&view::of(policy, version)))
}

/// Answers `setIamPolicy` about `resource`, a full name. Of the policy only what the mask names is replaced; without a mask that is
/// the bindings.
///
/// Errors: 400 for what is no policy; 409 where the etag is an old one.
pub fn set(request: &mut Request, resource: &str, kind: Kind) -> Result<Response> {
    let body: SetRequest = request.json()?;
    let sent = body.policy.ok_or_else(|| Error::required("policy"))?;
    let mut document = check::document(&sent, kind)?;
    let mask = body.update_mask.as_deref().unwrap_or("bindings,etag");
    let present = identity::get_policy(resource)?.to_json();
    check::knows_conditions(&sent, &present)?;
    keep(&mut document, &present, "bindings", names(mask, "bindings"));
    keep(&mut document, &present, "auditConfigs", names(mask, "auditConfigs"));
    if let Some(etag) = sent.get("etag").filter(|etag| etag.is_string()) {
        document["etag"] = etag.clone();
    }
    Ok(Response::json(&identity::set_policy(resource, document)?.to_json()))
}

/// Whether a mask (`bindings,etag`, or with underscores) names a field.
fn names(mask: &str, field: &str) -> bool {
    let plain = |text: &str| text.replace('_', "").to_lowercase();
    mask.split(',').map(|part| plain(part.trim())).any(|part| part == plain(field) || part == "*")
}

/// Takes a field from the present policy where the request does not replace it.
fn keep(document: &mut Value, present: &Value, field: &str, replaced: bool) {
    let Some(fields) = document.as_object_mut().filter(|_| !replaced) else { return };
    match present.get(field) {
        Some(value) => drop(fields.insert(field.to_owned(), value.clone())),
        None => drop(fields.remove(field)),
    }
}

/// Answers `testIamPermissions` about `resource`, a full name.
///
/// Errors: 400.
pub fn test(request: &mut Request, resource: &str) -> Result<Response> {
    let body: TestRequest = request.json()?;
    if body.permissions.len() > MOST_TESTED {
        return Err(refusal::field("permissions", "at most 100 permissions can be tested at once"));
    }
    if let Some(bad) = body.permissions.iter().find(|permission| !check::is_permission(permission)) {
        return Err(refusal::field("permissions", &format!("permission {bad} is not valid for this resource")));
    }
    let held = identity::test_permissions(resource, &body.permissions)?;
    Ok(Response::json(&if held.is_empty() { json!({}) } else { json!({"permissions": held}) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_mask_does_not_name_stays() {
        let mut document = json!({"bindings": [1], "auditConfigs": [2]});
        keep(&mut document, &json!({"bindings": [3]}), "auditConfigs", false);
        keep(&mut document, &json!({"bindings": [3]}), "bindings", true);
        assert_eq!(document, json!({"bindings": [1]}));
        assert!(names("bindings, etag", "bindings") && names("audit_configs", "auditConfigs"));
        assert!(!names("bindings,etag", "auditConfigs"));
    }
}
