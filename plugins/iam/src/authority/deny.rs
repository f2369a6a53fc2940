//! Deny policies: what nobody may, or some may not, whatever roles they have. <https://cloud.google.com/iam/docs/deny-overview>

use fogbank_sdk::{Level, log};

use super::condition::{self, Scene};
use super::principal::Principal;
use crate::deny_policies::{DenyRule, denied_name};
use crate::wildcard;

/// What a rule says about somebody and a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub denied: bool,
    /// Whether a condition was asked.
    pub conditional: bool,
}

/// Whether a rule denies `permission`. A condition that fails denies: who wrote it meant to keep somebody out.
pub fn verdict(
    rule: &DenyRule,
    principal: &Principal,
    permission: &str,
    levels: &[Level],
    scene: Scene<'_>,
) -> Verdict {
    let name = denied_name(permission);
    let names = |patterns: &[String]| patterns.iter().any(|pattern| wildcard::matches(pattern, &name));
    let means = |members: &[String]| members.iter().any(|member| principal.is(member, levels));
    let applies = names(&rule.denied_permissions)
        && !names(&rule.exception_permissions)
        && means(&rule.denied_principals)
        && !means(&rule.exception_principals);
    if !applies {
        return Verdict { denied: false, conditional: false };
    }
    match rule.denial_condition.as_ref().filter(|condition| !condition.expression.trim().is_empty()) {
        None => Verdict { denied: true, conditional: false },
        Some(condition) => Verdict { denied: is_met(&condition.expression, scene), conditional: true },
    }
}

fn is_met(expression: &str, scene: Scene<'_>) -> bool {
    condition::holds(expression, scene).unwrap_or_else(|why| {
        log::warn!("a deny rule denies because {why}");
        true
    })
}

#[cfg(test)]
mod tests {
    use super::super::groups::tests::sample;
    use super::super::restriction::Restriction;
    use super::*;
    use fogbank_sdk::{Facts, Timestamp};
    use serde_json::json;

    fn denied(rule: serde_json::Value, name: &str, permission: &str) -> Verdict {
        let rule: DenyRule = serde_json::from_value(rule).unwrap();
        let facts = Facts { method: "".into(), host: "".into(), path: "".into() };
        let scene = Scene {
            resource: "//storage.googleapis.com/projects/_/buckets/b",
            facts: &facts,
            now: Timestamp::parse("2026-11-21T12:00:00Z").unwrap(),
        };
        verdict(&rule, &Principal::new(name, &Restriction::default(), &sample()), permission, &[], scene)
    }

    #[test]
    fn a_rule_names_principals_and_permissions_with_exceptions() {
        let rule = json!({
            "deniedPrincipals": ["principalSet://goog/public:all"],
            "exceptionPrincipals": ["principal://goog/subject/ann@example.com", "principalSet://goog/group/leads@example.com"],
            "deniedPermissions": ["storage.googleapis.com/objects.*"],
            "exceptionPermissions": ["storage.googleapis.com/objects.get"],
        });
        let denied = |name: &str, permission: &str| denied(rule.clone(), name, permission).denied;
        assert!(denied("user:cy@example.com", "storage.objects.delete"));
        assert!(denied("allUsers", "storage.objects.delete"));
        assert!(!denied("user:cy@example.com", "storage.objects.get"));
        assert!(!denied("user:cy@example.com", "storage.buckets.delete"));
        assert!(!denied("user:ann@example.com", "storage.objects.delete"));
        assert!(!denied("user:bob@example.com", "storage.objects.delete"));
    }

    #[test]
    fn a_rule_may_have_a_condition_and_a_broken_one_denies() {
        let rule = |expression: &str| {
            json!({
                "deniedPrincipals": ["principal://goog/subject/cy@example.com"],
                "deniedPermissions": ["cloudresourcemanager.googleapis.com/projects.delete"],
                "denialCondition": {"expression": expression},
            })
        };
        let of = |expression: &str| denied(rule(expression), "user:cy@example.com", "resourcemanager.projects.delete");
        assert_eq!(of("true"), Verdict { denied: true, conditional: true });
        assert_eq!(of("false"), Verdict { denied: false, conditional: true });
        assert_eq!(of("resource.size > 1"), Verdict { denied: true, conditional: true });
        assert_eq!(of(""), Verdict { denied: true, conditional: false });
    }
}
