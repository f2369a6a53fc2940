//! What may stand in a policy. <https://cloud.google.com/iam/docs/reference/rest/v1/Policy>

use fogbank_sdk::{Error, Result};
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

/// The policy in `sent`, with `version` and `bindings` and nothing else.
pub(super) fn document(sent: &Value) -> Result<Value> {
    let version = sent.get("version").and_then(Value::as_i64).unwrap_or(1);
    if !(0..=3).contains(&version) || version == 2 {
        return Err(Error::invalid(format!("Invalid policy version: {version}")));
    }
    let bindings = match sent.get("bindings") {
        None | Some(Value::Null) => &vec![],
        Some(Value::Array(bindings)) => bindings,
        Some(_) => return Err(Error::invalid("The bindings of a policy are a list.")),
    };
    let bindings = bindings.iter().map(|sent| binding(sent, version)).collect::<Result<Vec<_>>>()?;
    Ok(json!({"version": version.max(1), "bindings": bindings}))
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
    named || is_everybody(member)
}

/// Whether a policy names everybody.
pub fn is_public(document: &Value) -> bool {
    let bindings = document["bindings"].as_array().into_iter().flatten();
    let mut members = bindings.flat_map(|binding| binding["members"].as_array().into_iter().flatten());
    members.any(|member| member.as_str().is_some_and(is_everybody))
}

/// Whether a member stands for everybody.
pub fn is_everybody(member: &str) -> bool {
    member == "allUsers" || member == "allAuthenticatedUsers"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(role: &str, member: &str) -> Result<Value> {
        document(&json!({"bindings": [{"role": role, "members": [member]}], "kind": "storage#policy"}))
    }

    #[test]
    fn a_policy_is_kept_without_what_is_ignored_on_input() {
        let policy = with("roles/storage.objectViewer", "allUsers").unwrap();
        let kept = json!({"version": 1, "bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]});
        assert_eq!(policy, kept);
        assert!(is_public(&policy));
        assert!(!is_public(&with("projects/p/roles/mine", "user:a@b.c").unwrap()));
    }

    #[test]
    fn what_is_no_role_or_member_is_refused() {
        for (role, member) in [("viewer", "allUsers"), ("roles/", "allUsers"), ("roles/x", "ann"), ("roles/x", "user:")]
        {
            assert_eq!(with(role, member).unwrap_err().http_status(), 400, "{role} {member}");
        }
        assert!(document(&json!({"bindings": {}})).is_err());
        assert!(document(&json!({"version": 2})).is_err());
    }

    #[test]
    fn conditions_need_version_three() {
        let policy = |version: i64| json!({"version": version, "bindings": [{"role": "roles/x", "members": [], "condition": {"expression": "true"}}]});
        assert!(document(&policy(1)).is_err());
        assert_eq!(document(&policy(3)).unwrap()["bindings"][0]["condition"]["expression"], "true");
    }
}
