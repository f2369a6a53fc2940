//! Policy Troubleshooter v1: why somebody may or may not. For each level that a decision looks at: which of its bindings name the
//! principal, hold the permission, and count now. <https://cloud.google.com/policy-intelligence/docs/troubleshoot-access>

use std::rc::Rc;

use fogbank_sdk::{Caller, Error, Facts, Level, Question, Request, Response, Result, identity};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::authority::condition::{self, Scene};
use crate::authority::decide::{self, Basis, Binding, Policy, Stored};
use crate::authority::principal::Principal;
use crate::authority::restriction::Restriction;
use crate::body;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    access_tuple: AccessTuple,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AccessTuple {
    /// `ann@example.com`, or a member as policies write it.
    principal: String,
    full_resource_name: String,
    permission: String,
}

/// Explains.
pub fn troubleshoot(mut request: Request) -> Result<Response> {
    let AccessTuple { principal, full_resource_name: resource, permission } =
        body::read::<Sent>(&mut request)?.access_tuple;
    for (value, name) in [(&principal, "principal"), (&resource, "fullResourceName"), (&permission, "permission")] {
        if value.is_empty() {
            return Err(Error::required(&format!("accessTuple.{name}")));
        }
    }
    if !resource.starts_with("//") {
        return Err(Error::invalid(
            "Invalid value for accessTuple.fullResourceName: it begins with //SERVICE.googleapis.com/.",
        ));
    }
    let levels = identity::ancestry(&resource)?;
    let hidden = levels.iter().map(|level| is_hidden(&level.resource)).collect::<Result<Vec<_>>>()?;
    let question = question(&member(&principal), &resource, &permission, levels);
    let explained = explain(&question, &hidden, &mut Stored::default())?;
    Ok(Response::json(&explained))
}

/// An address alone is an account's where it looks like one.
fn member(principal: &str) -> String {
    match principal {
        name if name.contains(':') || name == "allUsers" => name.to_owned(),
        email if email.ends_with(".gserviceaccount.com") => format!("serviceAccount:{email}"),
        email => format!("user:{email}"),
    }
}

fn question(member: &str, resource: &str, permission: &str, levels: Vec<Level>) -> Question {
    Question {
        caller: Caller { name: member.to_owned(), restriction: String::new(), expires_ms: None },
        permissions: vec![permission.to_owned()],
        resource: resource.to_owned(),
        levels,
        grants: vec![],
        facts: Facts { method: String::new(), host: String::new(), path: String::new() },
    }
}

/// Whether whoever asks may not see the policy of a level.
fn is_hidden(resource: &str) -> Result<bool> {
    if !identity::caller().enforced {
        return Ok(false);
    }
    let allowed = identity::allowed(&reading(resource), &[resource.to_owned()])?;
    Ok(!allowed.first().copied().unwrap_or_default())
}

/// The permission that shows the policy of a resource: `storage.buckets.getIamPolicy`.
fn reading(resource: &str) -> String {
    let (host, name) = resource.trim_start_matches('/').split_once('/').unwrap_or_default();
    let service = match host.split('.').next().unwrap_or_default() {
        "cloudresourcemanager" => "resourcemanager",
        service => service,
    };
    // A name is a collection and an id by turns; an object's own name may have slashes.
    let segments: Vec<&str> = name.split('/').collect();
    let objects = segments.iter().position(|segment| *segment == "objects");
    let collection =
        objects.or(segments.len().checked_sub(2)).and_then(|at| segments.get(at)).copied().unwrap_or_default();
    format!("{service}.{collection}.getIamPolicy")
}

fn explain(question: &Question, hidden: &[bool], basis: &mut dyn Basis) -> Result<Value> {
    let answers = decide::answers(std::slice::from_ref(question), basis)?;
    let allowed = answers.first().and_then(|answers| answers.first()).is_some_and(|answer| answer.allowed);
    let explanation = Explanation {
        question,
        permission: question.permissions.first().map(String::as_str).unwrap_or_default(),
        principal: Principal::new(&question.caller.name, &Restriction::default(), &*basis.groups()?),
    };
    let levels = question.levels.iter().zip(hidden);
    let levels = levels.map(|(level, hidden)| explanation.level(level, *hidden, basis)).collect::<Result<Vec<_>>>()?;
    let granted = levels.iter().any(|level| level["access"] == "GRANTED");
    let access = match (allowed && granted, hidden.contains(&true)) {
        (true, _) => "GRANTED",
        (false, true) => "UNKNOWN_INFO_DENIED",
        (false, false) => "NOT_GRANTED",
    };
    let mut answer = json!({"access": access, "explainedPolicies": levels});
    if granted && !allowed {
        let message = "A deny policy that is attached to the resource or above it overrules the bindings that grant the permission.";
        answer["errors"] = json!([{"code": 7, "message": message}]);
    }
    Ok(answer)
}

/// What is explained.
struct Explanation<'q> {
    question: &'q Question,
    permission: &'q str,
    principal: Principal,
}

impl Explanation<'_> {
    fn level(&self, level: &Level, hidden: bool, basis: &mut dyn Basis) -> Result<Value> {
        if hidden {
            return Ok(
                json!({"fullResourceName": level.resource, "access": "UNKNOWN_INFO_DENIED", "relevance": "HIGH"}),
            );
        }
        let policy = Rc::new(Policy::read(&level.policy));
        let bindings =
            policy.bindings.iter().map(|binding| self.binding(binding, basis)).collect::<Result<Vec<_>>>()?;
        let granted = bindings.iter().any(|binding| binding["access"] == "GRANTED");
        let mut explained = json!({
            "fullResourceName": level.resource,
            "access": access(granted),
            "relevance": relevance(granted),
            "bindingExplanations": bindings,
        });
        if let Ok(document) = serde_json::from_str::<Value>(&level.policy) {
            explained["policy"] = document;
        }
        Ok(explained)
    }

    fn binding(&self, binding: &Binding, basis: &mut dyn Basis) -> Result<Value> {
        let included = basis.includes(&binding.role, self.permission)?;
        let named: Vec<(&String, bool)> =
            binding.members.iter().map(|member| (member, self.principal.is(member, &self.question.levels))).collect();
        let member = named.iter().any(|(_, named)| *named);
        let scene = Scene { resource: &self.question.resource, facts: &self.question.facts, now: basis.now() };
        let holds = binding.expression().map_or(Ok(true), |expression| condition::holds(expression, scene));
        let state = match (included && member, holds) {
            (false, _) | (true, Ok(false)) => "NOT_GRANTED",
            (true, Ok(true)) => "GRANTED",
            (true, Err(_)) => "UNKNOWN_CONDITIONAL",
        };
        let mut explained = json!({
            "access": state,
            "role": binding.role,
            "rolePermission": if included { "ROLE_PERMISSION_INCLUDED" } else { "ROLE_PERMISSION_NOT_INCLUDED" },
            "rolePermissionRelevance": relevance(included),
            "relevance": relevance(included && member),
            "memberships": memberships(&named),
        });
        if let Some(condition) = &binding.condition {
            explained["condition"] = json!(condition);
        }
        Ok(explained)
    }
}

fn memberships(named: &[(&String, bool)]) -> Map<String, Value> {
    let explained = |named: bool| {
        json!({
            "membership": if named { "MEMBERSHIP_INCLUDED" } else { "MEMBERSHIP_NOT_INCLUDED" },
            "relevance": relevance(named),
        })
    };
    named.iter().map(|(member, named)| ((*member).clone(), explained(*named))).collect()
}

fn access(granted: bool) -> &'static str {
    if granted { "GRANTED" } else { "NOT_GRANTED" }
}

fn relevance(high: bool) -> &'static str {
    if high { "HIGH" } else { "NORMAL" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::groups::Groups;
    use crate::deny_policies::DenyRule;
    use fogbank_sdk::Timestamp;

    const BUCKET: &str = "//storage.googleapis.com/projects/_/buckets/b";
    const PROJECT: &str = "//cloudresourcemanager.googleapis.com/projects/shop";

    #[derive(Default)]
    struct Fixed(Vec<DenyRule>);

    impl Basis for Fixed {
        fn includes(&mut self, role: &str, permission: &str) -> Result<bool> {
            Ok(role == "roles/storage.admin" && permission.starts_with("storage."))
        }

        fn denials(&mut self, _levels: &[Level]) -> Result<Rc<Vec<DenyRule>>> {
            Ok(Rc::new(self.0.clone()))
        }

        fn groups(&mut self) -> Result<Rc<Groups>> {
            Ok(Rc::default())
        }

        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0)
        }
    }

    fn explained(name: &str, hidden: [bool; 2], basis: &mut Fixed) -> Value {
        let policy = json!({"bindings": [
            {"role": "roles/viewer", "members": ["user:ann@example.com"]},
            {"role": "roles/storage.admin", "members": ["user:ann@example.com", "user:bob@example.com"],
             "condition": {"expression": "request.time < timestamp('2000-01-01T00:00:00Z')"}},
            {"role": "roles/storage.admin", "members": ["user:cy@example.com"], "condition": {"expression": "resource.size > 1"}},
        ]});
        let levels = vec![
            Level { resource: BUCKET.into(), policy: String::new() },
            Level { resource: PROJECT.into(), policy: policy.to_string() },
        ];
        explain(&question(&member(name), BUCKET, "storage.objects.get", levels), &hidden, basis).unwrap()
    }

    #[test]
    fn every_level_says_what_was_found_or_lacking() {
        let answer = explained("ann@example.com", [false; 2], &mut Fixed::default());
        assert_eq!(answer["access"], "GRANTED");
        let [bucket, project] = [&answer["explainedPolicies"][0], &answer["explainedPolicies"][1]];
        assert_eq!((&bucket["fullResourceName"], &bucket["access"]), (&json!(BUCKET), &json!("NOT_GRANTED")));
        assert_eq!(project["access"], "GRANTED");
        let bindings = &project["bindingExplanations"];
        assert_eq!(bindings[0]["rolePermission"], "ROLE_PERMISSION_NOT_INCLUDED");
        assert_eq!(bindings[1]["access"], "GRANTED");
        assert_eq!(bindings[1]["memberships"]["user:bob@example.com"]["membership"], "MEMBERSHIP_NOT_INCLUDED");
        assert_eq!(bindings[1]["memberships"]["user:ann@example.com"]["membership"], "MEMBERSHIP_INCLUDED");
        assert_eq!(explained("dan@example.com", [false; 2], &mut Fixed::default())["access"], "NOT_GRANTED");
        let conditional = explained("cy@example.com", [false; 2], &mut Fixed::default());
        assert_eq!(conditional["explainedPolicies"][1]["bindingExplanations"][2]["access"], "UNKNOWN_CONDITIONAL");
    }

    #[test]
    fn a_deny_policy_is_named_as_the_cause() {
        let rule = json!({"deniedPrincipals": ["principalSet://goog/public:all"], "deniedPermissions": ["storage.googleapis.com/*"]});
        let answer = explained("ann@example.com", [false; 2], &mut Fixed(vec![serde_json::from_value(rule).unwrap()]));
        assert_eq!(answer["access"], "NOT_GRANTED");
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains("deny policy"));
    }

    #[test]
    fn what_somebody_may_not_see_is_not_shown() {
        let answer = explained("ann@example.com", [false, true], &mut Fixed::default());
        assert_eq!(answer["access"], "UNKNOWN_INFO_DENIED");
        assert_eq!(answer["explainedPolicies"][1].get("policy"), None);
    }

    #[test]
    fn policies_are_read_with_the_permission_of_their_kind() {
        assert_eq!(reading(BUCKET), "storage.buckets.getIamPolicy");
        assert_eq!(reading(&format!("{BUCKET}/objects/a/b/c")), "storage.objects.getIamPolicy");
        assert_eq!(reading(PROJECT), "resourcemanager.projects.getIamPolicy");
        assert_eq!(reading("//iam.googleapis.com/projects/p/serviceAccounts/a@x"), "iam.serviceAccounts.getIamPolicy");
        assert_eq!(reading("//x"), "..getIamPolicy");
    }
}
