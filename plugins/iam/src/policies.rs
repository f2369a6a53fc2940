//! IAM policies of resources that live here. The host keeps and enforces them.
//! <https://cloud.google.com/iam/docs/reference/rest/v1/Policy>

use crate::authority::condition;
use crate::failures;
use crate::wire::document_of;
use fogbank_sdk::{Error, Request, Response, Result, identity};
use serde_json::{Value, json};

const KINDS: [&str; 9] = [
    "user:",
    "serviceAccount:",
    "group:",
    "domain:",
    "projectOwner:",
    "projectEditor:",
    "projectViewer:",
    "principal:",
    "principalSet:",
];

/// Answers `getIamPolicy` for a full resource name.
///
/// Errors: 400 for a version that there is not.
pub fn get(request: &mut Request, resource: &str) -> Result<Response> {
    let sent = document_of(request)?;
    let asked = match sent["options"]["requestedPolicyVersion"].as_i64() {
        None => request.query_i64("options.requestedPolicyVersion")?,
        asked => asked,
    };
    if asked.is_some_and(|version| !matches!(version, 0 | 1 | 3)) {
        return Err(Error::invalid("Invalid value for requestedPolicyVersion: it is 0, 1 or 3."));
    }
    Ok(Response::json(&wire(&identity::get_policy(resource)?)))
}

/// Answers `setIamPolicy`: replaces the whole policy.
///
/// Errors: 400 for what is no policy, 409 `ABORTED` where its etag is an old one.
pub fn set(request: &mut Request, resource: &str) -> Result<Response> {
    let sent = document_of(request)?;
    let policy = sent.get("policy").filter(|policy| policy.is_object()).ok_or_else(|| Error::required("policy"))?;
    let mut document = document(policy)?;
    if let Some(etag) = policy.get("etag").and_then(Value::as_str) {
        document["etag"] = json!(failures::standard(etag));
    }
    Ok(Response::json(&wire(&identity::set_policy(resource, document)?)))
}

/// Answers `testIamPermissions`.
///
/// Errors: 400 for a permission with `*`, or more than a hundred.
pub fn test(request: &mut Request, resource: &str) -> Result<Response> {
    let sent = document_of(request)?;
    let permissions: Vec<String> = serde_json::from_value(sent["permissions"].clone()).unwrap_or_default();
    if permissions.is_empty() {
        return Err(Error::required("permissions"));
    }
    if permissions.len() > 100 {
        return Err(Error::invalid("More than 100 permissions cannot be tested at once."));
    }
    if let Some(other) = permissions.iter().find(|name| name.contains('*') || !name.contains('.')) {
        return Err(Error::invalid(format!("Permission {other} is not valid.")));
    }
    let held = identity::test_permissions(resource, &permissions)?;
    Ok(Response::json(&if held.is_empty() { json!({}) } else { json!({"permissions": held}) }))
}

/// A policy without bindings shows none, as the real service has it.
fn wire(policy: &identity::Policy) -> Value {
    let mut wire = policy.to_json();
    if let Some(fields) = wire.as_object_mut().filter(|fields| fields["bindings"] == json!([])) {
        fields.remove("bindings");
    }
    wire
}

/// The policy in `sent`, with `version`, `bindings` and `auditConfigs` and nothing else.
fn document(sent: &Value) -> Result<Value> {
    let version = sent.get("version").and_then(Value::as_i64).unwrap_or(1);
    if !matches!(version, 0 | 1 | 3) {
        return Err(Error::invalid(format!("Invalid policy version: {version}")));
    }
    let bindings = match sent.get("bindings") {
        None | Some(Value::Null) => &vec![],
        Some(Value::Array(bindings)) => bindings,
        Some(_) => return Err(Error::invalid("The bindings of a policy are a list.")),
    };
    let bindings = bindings.iter().map(|sent| binding(sent, version)).collect::<Result<Vec<_>>>()?;
    let mut document = json!({"version": version.max(1), "bindings": bindings});
    if let Some(audit) = sent.get("auditConfigs").filter(|audit| audit.is_array()) {
        document["auditConfigs"] = audit.clone();
    }
    Ok(document)
}

fn binding(sent: &Value, version: i64) -> Result<Value> {
    let role = sent.get("role").and_then(Value::as_str).unwrap_or_default();
    if !is_role(role) {
        return Err(Error::invalid(format!("Invalid role: {role:?}")));
    }
    let members = sent.get("members").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if let Some(other) = members.iter().find(|member| !member.as_str().is_some_and(is_member)) {
        return Err(Error::invalid(format!("Invalid member: {other}")));
    }
    let mut binding = json!({"role": role, "members": members});
    if let Some(condition) = sent.get("condition").filter(|condition| !condition.is_null()) {
        if version < 3 {
            return Err(Error::invalid("A policy with conditions has version 3."));
        }
        let expression = condition["expression"].as_str().filter(|expression| !expression.is_empty());
        let expression = expression.ok_or_else(|| Error::invalid("A condition has an expression."))?;
        condition::check(expression).map_err(|why| Error::invalid(format!("Invalid condition: {why}.")))?;
        binding["condition"] = condition.clone();
    }
    Ok(binding)
}

fn is_role(role: &str) -> bool {
    let parts: Vec<_> = role.split('/').collect();
    let whole = parts.iter().all(|part| !part.is_empty());
    whole && matches!(parts.as_slice(), ["roles", _] | ["projects" | "organizations", _, "roles", _])
}

fn is_member(member: &str) -> bool {
    let member = member.strip_prefix("deleted:").unwrap_or(member);
    let named = KINDS.iter().any(|kind| member.strip_prefix(kind).is_some_and(|who| !who.is_empty()));
    named || member == "allUsers" || member == "allAuthenticatedUsers"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(role: &str, member: &str) -> Result<Value> {
        document(&json!({"bindings": [{"role": role, "members": [member]}], "kind": "x"}))
    }

    #[test]
    fn a_policy_is_kept_without_what_it_does_not_have() {
        let kept =
            json!({"version": 1, "bindings": [{"role": "roles/iam.serviceAccountUser", "members": ["user:a@b.c"]}]});
        assert_eq!(with("roles/iam.serviceAccountUser", "user:a@b.c").unwrap(), kept);
    }

    #[test]
    fn what_is_no_role_or_member_is_refused() {
        for (role, member) in [("viewer", "allUsers"), ("roles/", "allUsers"), ("roles/x", "ann"), ("roles/x", "user:")]
        {
            assert_eq!(with(role, member).unwrap_err().http_status(), 400, "{role} {member}");
        }
        assert!(document(&json!({"bindings": {}})).is_err() && document(&json!({"version": 2})).is_err());
    }

    #[test]
    fn conditions_need_version_three_and_an_expression() {
        let policy = |version: i64, expression: &str| {
            let condition = json!({"expression": expression, "title": "t"});
            document(
                &json!({"version": version, "bindings": [{"role": "roles/x", "members": [], "condition": condition}]}),
            )
        };
        assert!(policy(1, "true").is_err() && policy(3, "").is_err() && policy(3, "1 +").is_err());
        assert_eq!(policy(3, "true").unwrap()["bindings"][0]["condition"]["title"], "t");
    }

    #[test]
    fn a_policy_that_nobody_set_has_an_etag_and_no_bindings() {
        let wire = wire(&identity::Policy { document: json!({}), etag: "ACAB".into() });
        assert_eq!(wire, json!({"version": 1, "etag": "ACAB"}));
    }
}
