//! What may stand in a policy.

use super::Kind;
use crate::refusal;
use fogbank_sdk::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The most principals in a policy.
const MOST_MEMBERS: usize = 1500;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    #[serde(default)]
    version: i64,
    #[serde(default)]
    bindings: Vec<Binding>,
    #[serde(default)]
    audit_configs: Vec<Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Binding {
    #[serde(default)]
    role: String,
    #[serde(default)]
    members: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition: Option<Value>,
}

/// The document to be stored: `version`, `bindings` (one for each role and condition, without those that name nobody) and
/// `auditConfigs`.
///
/// Errors: 400.
pub fn document(sent: &Value, kind: Kind) -> Result<Value> {
    if !sent.is_object() {
        return Err(Error::invalid("Invalid value at 'policy': it is not an object"));
    }
    let sent: Sent = serde_json::from_value(sent.clone())
        .map_err(|error| Error::invalid(format!("Invalid value at 'policy': {error}")))?;
    if !matches!(sent.version, 0 | 1 | 3) {
        return Err(refusal::field("policy.version", "must be 0, 1 or 3"));
    }
    let members: usize = sent.bindings.iter().map(|binding| binding.members.len()).sum();
    if members > MOST_MEMBERS {
        return Err(refusal::field("policy.bindings", "at most 1500 principals can be bound in a policy"));
    }
    let mut bindings: Vec<Binding> = Vec::new();
    for binding in sent.bindings {
        check(&binding, kind)?;
        if binding.condition.is_some() && sent.version != 3 {
            return Err(refusal::field("policy.version", "must be 3 for a policy with conditional role bindings"));
        }
        join(&mut bindings, binding);
    }
    let conditional = bindings.iter().any(|binding| binding.condition.is_some());
    let mut document = json!({"version": if conditional { 3 } else { 1 }, "bindings": bindings});
    if !sent.audit_configs.is_empty() {
        document["auditConfigs"] = json!(sent.audit_configs);
    }
    Ok(document)
}

/// Refuses a change by a client that read a policy with conditions and does not know them: it would take them away.
///
/// Errors: 400.
pub fn knows_conditions(sent: &Value, present: &Value) -> Result<()> {
    let mut bindings = present["bindings"].as_array().into_iter().flatten();
    let conditional = bindings.any(|binding| binding.get("condition").is_some_and(|condition| !condition.is_null()));
    let read_before = sent.get("etag").and_then(Value::as_str).is_some_and(|etag| !etag.is_empty());
    match conditional && read_before && sent["version"] != 3 {
        true => Err(refusal::field("policy.version", "must be 3: the present policy has conditional role bindings")),
        false => Ok(()),
    }
}

/// Adds a binding to those of its role and condition; each member once.
fn join(bindings: &mut Vec<Binding>, binding: Binding) {
    if binding.members.is_empty() {
        return;
    }
    let same = |other: &&mut Binding| other.role == binding.role && other.condition == binding.condition;
    let at = match bindings.iter_mut().find(same) {
        Some(present) => present,
        None => {
            bindings.push(Binding { members: Vec::new(), ..binding.clone() });
            let last = bindings.len() - 1;
            &mut bindings[last]
        }
    };
    for member in binding.members {
        if !at.members.contains(&member) {
            at.members.push(member);
        }
    }
}

fn check(binding: &Binding, kind: Kind) -> Result<()> {
    if !is_role(&binding.role) {
        return Err(refusal::field("policy.bindings.role", &format!("role {} is not valid", binding.role)));
    }
    if let Some(bad) = binding.members.iter().find(|member| !is_member(member)) {
        return Err(refusal::field("policy.bindings.members", &format!("member {bad} is not valid")));
    }
    let everybody = |member: &&String| matches!(member.as_str(), "allUsers" | "allAuthenticatedUsers");
    if let Some(member) = binding.members.iter().find(everybody).filter(|_| kind == Kind::Project) {
        let issue = format!("members of type {member} cannot be set on a project");
        return Err(refusal::field("policy.bindings.members", &issue));
    }
    binding.condition.as_ref().map_or(Ok(()), condition)
}

fn condition(condition: &Value) -> Result<()> {
    let text = |name: &str| condition.get(name).and_then(Value::as_str).unwrap_or_default();
    if !condition.is_object() || text("expression").trim().is_empty() {
        return Err(refusal::field("policy.bindings.condition", "a condition needs an expression"));
    }
    match text("title") {
        "" => Err(refusal::field("policy.bindings.condition", "a condition needs a title")),
        title if title.len() > 100 => {
            Err(refusal::field("policy.bindings.condition", "the title of a condition has at most 100 characters"))
        }
        _ => Ok(()),
    }
}

/// `roles/viewer`, `projects/shop/roles/clerk`, `organizations/123/roles/clerk`; not the name under which a conditional binding is
/// shown to clients that do not know conditions.
fn is_role(role: &str) -> bool {
    if role.contains("_withcond_") {
        return false;
    }
    let name = |name: &str| {
        !name.is_empty()
            && name.len() <= 300
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte))
    };
    match role.split('/').collect::<Vec<_>>().as_slice() {
        ["roles", id] => name(id),
        ["projects" | "organizations", parent, "roles", id] => !parent.is_empty() && name(id),
        _ => false,
    }
}

/// `allUsers`, `user:ann@example.com`, `domain:example.com`, `principal://...`.
fn is_member(member: &str) -> bool {
    if matches!(member, "allUsers" | "allAuthenticatedUsers") {
        return true;
    }
    if member.len() > 1000 || member.contains(char::is_whitespace) {
        return false;
    }
    let Some((kind, value)) = member.split_once(':') else { return false };
    match kind {
        "user" | "serviceAccount" | "group" => is_address(value),
        "domain" => value.contains('.') && !value.contains(['@', '/']),
        "projectOwner" | "projectEditor" | "projectViewer" => !value.is_empty(),
        "principal" | "principalSet" => value.len() > 2 && value.starts_with("//"),
        "deleted" => is_member(value.split_once("?uid=").map_or(value, |(member, _)| member)),
        _ => false,
    }
}

/// `a@b`; the name of a service account for a workload has a pool in brackets in front (`p.svc.id.goog[ns/name]`).
fn is_address(text: &str) -> bool {
    match text.split_once('@') {
        Some((name, domain)) => !name.is_empty() && !domain.is_empty() && !domain.contains('@'),
        None => text.ends_with(']') && text.contains(".svc.id.goog["),
    }
}

/// `storage.buckets.get`, without a star.
pub fn is_permission(text: &str) -> bool {
    let part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    text.split('.').count() >= 3 && text.split('.').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(role: &str, member: &str) -> Result<Value> {
        document(&json!({"bindings": [{"role": role, "members": [member]}]}), Kind::Project)
    }

    #[test]
    fn members_and_roles_have_their_forms() {
        let members = [
            "user:a@example.com",
            "serviceAccount:sa1@p.iam.gserviceaccount.com",
            "group:g@example.com",
            "domain:example.com",
            "principalSet://iam.googleapis.com/locations/global/workforcePools/p/*",
            "deleted:user:a@example.com?uid=1",
            "serviceAccount:p.svc.id.goog[ns/sa]",
        ];
        for member in members {
            assert!(bound("roles/viewer", member).is_ok(), "{member}");
        }
        for member in
            ["allUsers", "allAuthenticatedUsers", "a@example.com", "user:", "user:a", "robot:a@b", "user:a b@c", ""]
        {
            assert_eq!(bound("roles/viewer", member).unwrap_err().http_status(), 400, "{member}");
        }
        for role in ["viewer", "roles/", "roles/a/b", "", "projects//roles/x", "roles/a b"] {
            assert!(bound(role, "user:a@example.com").is_err(), "{role}");
        }
        assert!(
            document(&json!({"bindings": [{"role": "roles/viewer", "members": ["allUsers"]}]}), Kind::Other).is_ok()
        );
    }

    #[test]
    fn bindings_of_a_role_are_one() {
        let sent = json!({"bindings": [
            {"role": "roles/viewer", "members": ["user:a@x.y", "user:a@x.y"]},
            {"role": "roles/editor", "members": []},
            {"role": "roles/viewer", "members": ["user:b@x.y"]},
        ]});
        let document = document(&sent, Kind::Project).unwrap();
        assert_eq!(document["bindings"], json!([{"role": "roles/viewer", "members": ["user:a@x.y", "user:b@x.y"]}]));
        assert_eq!(document["version"], 1);
    }

    #[test]
    fn conditions_need_version_3_a_title_and_an_expression() {
        let with = |version: i64, condition: Value| {
            let binding = json!({"role": "roles/viewer", "members": ["user:a@x.y"], "condition": condition});
            document(&json!({"version": version, "bindings": [binding]}), Kind::Project)
        };
        assert_eq!(with(3, json!({"title": "t", "expression": "true"})).unwrap()["version"], 3);
        assert!(with(1, json!({"title": "t", "expression": "true"})).is_err());
        assert!(with(3, json!({"title": "t"})).is_err() && with(3, json!({"expression": "true"})).is_err());
        assert!(with(3, json!("true")).is_err());
    }

    #[test]
    fn a_client_that_does_not_know_conditions_does_not_take_them_away() {
        let present = json!({"bindings": [{"role": "r", "members": [], "condition": {"title": "t"}}]});
        assert!(knows_conditions(&json!({"etag": "CAE=", "version": 3}), &present).is_ok());
        assert!(knows_conditions(&json!({"version": 1}), &present).is_ok());
        assert!(knows_conditions(&json!({"etag": "CAE="}), &json!({"bindings": []})).is_ok());
        assert_eq!(knows_conditions(&json!({"etag": "CAE="}), &present).unwrap_err().http_status(), 400);
        assert!(bound("roles/viewer_withcond_0123", "user:a@x.y").is_err());
    }

    #[test]
    fn f35_what_is_no_policy_is_400() {
        for sent in [json!([]), json!({"bindings": 1}), json!({"version": 2}), json!({"bindings": [1]})] {
            assert_eq!(document(&sent, Kind::Other).unwrap_err().http_status(), 400, "{sent}");
        }
        assert!(is_permission("storage.buckets.get") && !is_permission("storage.*") && !is_permission("a..b"));
    }
}
