//! Access boundaries: what a downscoped token leaves of its holder's rights.
//! <https://cloud.google.com/iam/docs/downscoping-short-lived-credentials>

use serde::{Deserialize, Serialize};

/// At least one of the rules has to let a request through, whatever policies grant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Boundary {
    pub access_boundary_rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rule {
    /// A full resource name; what is below it is meant too.
    pub available_resource: String,
    /// `inRole:roles/storage.objectViewer`.
    pub available_permissions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_condition: Option<Expression>,
}

/// google.type.Expr, as far as it counts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Expression {
    pub expression: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// How many rules a boundary may have.
pub const MOST_RULES: usize = 10;

impl Boundary {
    /// Says what is wrong with a boundary that a client sends; nothing where it is in order.
    pub fn fault(&self) -> Option<String> {
        let rules = &self.access_boundary_rules;
        if rules.is_empty() || rules.len() > MOST_RULES {
            return Some(format!("An access boundary has 1 to {MOST_RULES} rules."));
        }
        rules.iter().find_map(Rule::fault)
    }
}

impl Rule {
    fn fault(&self) -> Option<String> {
        if !self.available_resource.starts_with("//") {
            return Some(
                "availableResource is not a full resource name, such as //storage.googleapis.com/projects/_/buckets/B."
                    .into(),
            );
        }
        let roles =
            |permission: &String| permission.strip_prefix("inRole:").is_some_and(|role| role.contains("roles/"));
        if self.available_permissions.is_empty() || !self.available_permissions.iter().all(roles) {
            return Some("availablePermissions has to name roles, such as inRole:roles/storage.objectViewer.".into());
        }
        None
    }

    /// Whether the rule is about a resource, or about one of the levels above it.
    pub fn is_about(&self, resource: &str) -> bool {
        super::self_signed::is_below(resource, &self.available_resource)
    }

    /// The roles whose permissions are available.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.available_permissions.iter().filter_map(|permission| permission.strip_prefix("inRole:"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn boundary(rules: serde_json::Value) -> Boundary {
        serde_json::from_value(json!({ "accessBoundaryRules": rules })).unwrap()
    }

    #[test]
    fn a_boundary_names_resources_and_roles() {
        let bucket = "//storage.googleapis.com/projects/_/buckets/b";
        let good = json!({"availableResource": bucket, "availablePermissions": ["inRole:roles/storage.objectViewer"]});
        let read = boundary(json!([good]));
        assert_eq!(read.fault(), None);
        assert!(read.access_boundary_rules[0].is_about(bucket));
        assert!(read.access_boundary_rules[0].is_about(&format!("{bucket}/objects/o")));
        assert!(!read.access_boundary_rules[0].is_about(&format!("{bucket}2/objects/o")));
        for bad in [
            json!([]),
            json!([{"availableResource": "b", "availablePermissions": ["inRole:roles/storage.objectViewer"]}]),
            json!([{"availableResource": bucket, "availablePermissions": []}]),
            json!([{"availableResource": bucket, "availablePermissions": ["storage.objects.get"]}]),
            json!(vec![good; 11]),
        ] {
            assert!(boundary(bad.clone()).fault().is_some(), "{bad}");
        }
    }
}
