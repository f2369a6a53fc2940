//! A policy as a client sees it that may not know conditions.

use fogbank_sdk::etag;
use serde_json::{Value, json};

/// The policy for a client that asked for `version`. Conditions are shown from version 3 on; before that, a role that is given on a
/// condition has another name, so that nobody takes it for one that is given for good.
pub fn of(mut policy: Value, version: i64) -> Value {
    let mut conditional = false;
    for binding in policy["bindings"].as_array_mut().into_iter().flatten() {
        let Some(condition) = binding.get("condition").filter(|condition| !condition.is_null()).cloned() else {
            continue;
        };
        conditional = true;
        if version < 3 {
            binding["role"] = json!(disguised(binding["role"].as_str().unwrap_or_default(), &condition));
            if let Some(fields) = binding.as_object_mut() {
                fields.remove("condition");
            }
        }
    }
    policy["version"] = json!(if conditional && version >= 3 { 3 } else { 1 });
    policy
}

/// `roles/viewer_withcond_` and twenty digits that change with the condition.
fn disguised(role: &str, condition: &Value) -> String {
    let tags = [etag::of(condition.to_string().as_bytes()), etag::of(role.as_bytes())].concat();
    let digits: String = tags.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{role}_withcond_{}", &digits[..20])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_shown_to_those_who_know_them() {
        let policy = json!({"version": 3, "bindings": [
            {"role": "roles/viewer", "members": ["user:a@b.c"]},
            {"role": "roles/editor", "members": ["user:a@b.c"], "condition": {"title": "t", "expression": "true"}},
        ]});
        assert_eq!(of(policy.clone(), 3), policy);
        let old = of(policy, 1);
        assert_eq!((&old["version"], &old["bindings"][0]["role"]), (&json!(1), &json!("roles/viewer")));
        let role = old["bindings"][1]["role"].as_str().unwrap();
        assert!(role.starts_with("roles/editor_withcond_") && role.len() == 42, "{role}");
        assert_eq!(old["bindings"][1].get("condition"), None);
    }

    #[test]
    fn a_policy_without_conditions_is_of_version_1() {
        assert_eq!(of(json!({"version": 3, "bindings": []}), 3)["version"], 1);
    }
}
