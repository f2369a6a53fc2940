//! The rules of deny policies. <https://cloud.google.com/iam/docs/deny-overview>

use crate::authority::condition;
use fogbank_sdk::{Error, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How many rules one policy can have.
const MOST: usize = 500;

/// Who may not do what, unless.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DenyRule {
    /// `principal://...`, `principalSet://goog/public:all`.
    pub denied_principals: Vec<String>,
    pub exception_principals: Vec<String>,
    /// `storage.googleapis.com/buckets.get`, `storage.googleapis.com/buckets.*`.
    pub denied_permissions: Vec<String>,
    pub exception_permissions: Vec<String>,
    /// Holds always where it is absent.
    pub denial_condition: Option<Condition>,
}

/// google.type.Expr.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Condition {
    pub expression: String,
    pub title: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Rule {
    deny_rule: Option<DenyRule>,
}

/// A permission as deny policies write it: `storage.buckets.get` is `storage.googleapis.com/buckets.get`.
pub fn denied_name(permission: &str) -> String {
    match permission.split_once('.') {
        Some(("resourcemanager", rest)) => format!("cloudresourcemanager.googleapis.com/{rest}"),
        Some((service, rest)) => format!("{service}.googleapis.com/{rest}"),
        None => permission.to_owned(),
    }
}

/// The rules of a document that was checked.
pub(super) fn read(config: &Map<String, Value>) -> Vec<DenyRule> {
    let rules = config.get("rules").and_then(Value::as_array).into_iter().flatten();
    rules.filter_map(|rule| serde_json::from_value::<Rule>(rule.clone()).ok()?.deny_rule).collect()
}

/// The document of a policy: what a client sent less what is not its to say.
///
/// Errors: 400.
pub(super) fn document(sent: &Value) -> Result<Map<String, Value>> {
    let mut config = Map::new();
    match &sent["displayName"] {
        Value::Null => {}
        Value::String(name) => {
            crate::failures::check_length("displayName", name, 63)?;
            config.insert("displayName".to_owned(), name.clone().into());
        }
        _ => return Err(Error::invalid("Invalid value for displayName: it is a text.")),
    }
    match &sent["annotations"] {
        Value::Null => {}
        Value::Object(notes) if notes.values().all(Value::is_string) => {
            config.insert("annotations".to_owned(), sent["annotations"].clone());
        }
        _ => return Err(Error::invalid("Invalid value for annotations: texts by name.")),
    }
    let rules = sent["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
    if rules.is_empty() || rules.len() > MOST {
        return Err(Error::invalid(format!("A deny policy has 1 to {MOST} rules.")));
    }
    rules.iter().enumerate().try_for_each(|(at, rule)| check(at, rule))?;
    config.insert("rules".to_owned(), sent["rules"].clone());
    Ok(config)
}

fn check(at: usize, rule: &Value) -> Result<()> {
    let bad = |why: String| Error::invalid(format!("Invalid value for rules[{at}]: {why}"));
    let rule: Rule = serde_json::from_value(rule.clone()).map_err(|error| bad(error.to_string()))?;
    let rule = rule.deny_rule.ok_or_else(|| bad("it has no denyRule.".to_owned()))?;
    if rule.denied_principals.is_empty() || rule.denied_permissions.is_empty() {
        return Err(bad("it denies nothing, or nobody.".to_owned()));
    }
    let mut principals = rule.denied_principals.iter().chain(&rule.exception_principals);
    if let Some(other) = principals.find(|principal| !is_principal(principal)) {
        return Err(bad(format!("'{other}' is no principal identifier of IAM v2.")));
    }
    let mut permissions = rule.denied_permissions.iter().chain(&rule.exception_permissions);
    if let Some(other) = permissions.find(|permission| !is_permission(permission)) {
        return Err(bad(format!("'{other}' is no permission of IAM v2 (service.googleapis.com/resource.verb).")));
    }
    match rule.denial_condition {
        Some(condition) if condition.expression.trim().is_empty() => {
            Err(bad("its condition has no expression.".to_owned()))
        }
        Some(condition) => condition::check(&condition.expression).map_err(bad),
        None => Ok(()),
    }
}

fn is_principal(text: &str) -> bool {
    let rest = text.strip_prefix("principal://").or_else(|| text.strip_prefix("principalSet://"));
    rest.is_some_and(|rest| rest.contains('/') && !rest.ends_with('/'))
}

fn is_permission(text: &str) -> bool {
    let Some((host, rest)) = text.split_once('/') else { return false };
    let piece =
        |piece: &str| piece == "*" || !piece.is_empty() && piece.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    host.contains('.') && !rest.contains('/') && rest.contains('.') && rest.split('.').all(piece)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn policy(rule: Value) -> Result<Map<String, Value>> {
        document(&json!({"rules": [{"description": "d", "denyRule": rule}]}))
    }

    #[test]
    fn a_rule_says_who_and_what() {
        let config = policy(json!({
            "deniedPrincipals": ["principalSet://goog/public:all"],
            "exceptionPrincipals": ["principal://goog/subject/ann@example.com"],
            "deniedPermissions": ["storage.googleapis.com/buckets.delete", "iam.googleapis.com/roles.*"],
            "denialCondition": {"title": "t", "expression": "true"},
        }))
        .unwrap();
        let rules = read(&config);
        assert_eq!(rules[0].denied_permissions.len(), 2);
        assert_eq!(rules[0].denial_condition.as_ref().unwrap().expression, "true");
    }

    #[test]
    fn f35_what_is_no_rule_is_400() {
        let who = json!(["principalSet://goog/public:all"]);
        let what = json!(["storage.googleapis.com/buckets.delete"]);
        for rule in [
            json!({}),
            json!({"deniedPrincipals": who}),
            json!({"deniedPrincipals": ["user:ann@example.com"], "deniedPermissions": what}),
            json!({"deniedPrincipals": who, "deniedPermissions": ["storage.buckets.delete"]}),
            json!({"deniedPrincipals": who, "deniedPermissions": what, "denialCondition": {}}),
            json!({"deniedPrincipals": 1}),
        ] {
            assert_eq!(policy(rule.clone()).unwrap_err().http_status(), 400, "{rule}");
        }
        assert!(document(&json!({})).is_err() && document(&json!({"rules": [{}]})).is_err());
    }

    #[test]
    fn permissions_have_another_name_here() {
        assert_eq!(denied_name("storage.buckets.get"), "storage.googleapis.com/buckets.get");
        assert_eq!(denied_name("resourcemanager.projects.get"), "cloudresourcemanager.googleapis.com/projects.get");
    }
}
