//! Whether somebody may: the union of what the bindings of all levels and the service's own access lists grant, less what deny rules,
//! scopes and boundaries take away. <https://cloud.google.com/iam/docs/policy-evaluation>

use fogbank_sdk::{Answer, Grant, Level, Question, Result, Timestamp, context, log};
use serde::Deserialize;
use std::collections::HashMap;
use std::rc::Rc;

use super::boundary::{Boundary, Expression};
use super::condition::{self, Scene};
use super::deny;
use super::groups::Groups;
use super::principal::Principal;
use super::restriction::Restriction;
use super::scopes;
use crate::deny_policies::{self, DenyPolicy, DenyRule};
use crate::roles;

/// Deny policies are attached to projects, folders and organizations.
const HIERARCHY: &str = "//cloudresourcemanager.googleapis.com/";

/// What a decision follows from beside the question. A trait, so that the rules are tested without a host.
pub trait Basis {
    /// Whether a role has a permission.
    ///
    /// Errors: the database's, as for all of these.
    fn includes(&mut self, role: &str, permission: &str) -> Result<bool>;

    /// The rules of the deny policies that are attached to any of these levels.
    fn denials(&mut self, levels: &[Level]) -> Result<Rc<Vec<DenyRule>>>;

    /// The operator's groups.
    fn groups(&mut self) -> Result<Rc<Groups>>;

    /// The tenant's clock.
    fn now(&self) -> Timestamp;
}

/// What is loaded and stored, each thing read once a call.
#[derive(Debug, Default)]
pub struct Stored {
    roles: roles::Book,
    /// By the names of the levels that deny policies can be attached to.
    denials: HashMap<Vec<String>, Rc<Vec<DenyRule>>>,
    groups: Option<Rc<Groups>>,
}

impl Basis for Stored {
    fn includes(&mut self, role: &str, permission: &str) -> Result<bool> {
        match self.roles.includes(role, permission) {
            // What is no role's name grants nothing, and must not keep others from being answered.
            Err(error) if error.http_status() < 500 => Ok(false),
            result => result,
        }
    }

    fn denials(&mut self, levels: &[Level]) -> Result<Rc<Vec<DenyRule>>> {
        let names = levels.iter().map(|level| &level.resource).filter(|name| name.starts_with(HIERARCHY));
        let names: Vec<String> = names.cloned().collect();
        if let Some(known) = self.denials.get(&names) {
            return Ok(Rc::clone(known));
        }
        let policies = deny_policies::attached_to(names.iter().map(String::as_str))?;
        let read = Rc::new(policies.iter().flat_map(DenyPolicy::rules).collect::<Vec<_>>());
        self.denials.insert(names, Rc::clone(&read));
        Ok(read)
    }

    fn groups(&mut self) -> Result<Rc<Groups>> {
        if let Some(known) = &self.groups {
            return Ok(Rc::clone(known));
        }
        let read = Rc::new(Groups::configured()?);
        self.groups = Some(Rc::clone(&read));
        Ok(read)
    }

    fn now(&self) -> Timestamp {
        context::now()
    }
}

/// google.iam.v1.Policy, as far as it counts.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Policy {
    pub bindings: Vec<Binding>,
}

/// google.iam.v1.Binding.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Binding {
    pub role: String,
    pub members: Vec<String>,
    pub condition: Option<Expression>,
}

impl Binding {
    /// The condition, where there is one to ask.
    pub fn expression(&self) -> Option<&str> {
        let expression = self.condition.as_ref().map(|condition| condition.expression.trim());
        expression.filter(|expression| !expression.is_empty())
    }
}

impl Policy {
    /// Reads the host's text. What does not read is no policy of ours and grants nothing.
    pub fn read(text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
        serde_json::from_str(text).unwrap_or_else(|error| {
            log::error!("a stored policy does not read: {error}");
            Self::default()
        })
    }
}

/// Answers each question.
///
/// Errors: those of `basis`: nobody can say then.
pub fn answers(questions: &[Question], basis: &mut dyn Basis) -> Result<Vec<Vec<Answer>>> {
    // Many resources share the policies above them, which may be long: each text is read once.
    let mut policies: HashMap<&str, Rc<Policy>> = HashMap::new();
    let mut read = |text| Rc::clone(policies.entry(text).or_insert_with(|| Rc::new(Policy::read(text))));
    questions
        .iter()
        .map(|question| {
            let policies = question.levels.iter().map(|level| read(level.policy.as_str())).collect();
            Case::new(question, policies, basis)?.map_or_else(
                || Ok(vec![Answer { allowed: false, lasting: true }; question.permissions.len()]),
                |mut case| question.permissions.iter().map(|permission| case.answer(permission)).collect(),
            )
        })
        .collect()
}

/// One question, made ready.
struct Case<'q, 'b> {
    question: &'q Question,
    policies: Vec<Rc<Policy>>,
    principal: Principal,
    restriction: Restriction,
    basis: &'b mut dyn Basis,
    now: Timestamp,
    /// Whether a condition was asked for the answer at hand.
    conditional: bool,
}

impl<'q, 'b> Case<'q, 'b> {
    /// None where the caller's restriction does not read.
    fn new(question: &'q Question, policies: Vec<Rc<Policy>>, basis: &'b mut dyn Basis) -> Result<Option<Self>> {
        let Some(restriction) = Restriction::read(&question.caller.restriction) else {
            log::error!("a caller's restriction does not read");
            return Ok(None);
        };
        let principal = Principal::new(&question.caller.name, &restriction, &*basis.groups()?);
        let now = basis.now();
        Ok(Some(Self { question, policies, principal, restriction, basis, now, conditional: false }))
    }

    fn answer(&mut self, permission: &str) -> Result<Answer> {
        self.conditional = false;
        let allowed = scopes::allow(&self.restriction.scope, permission)
            && self.is_granted(permission)?
            && self.is_within_boundary(permission)?
            && !self.is_denied(permission)?;
        Ok(Answer { allowed, lasting: !self.conditional })
    }

    fn is_granted(&mut self, permission: &str) -> Result<bool> {
        // What depends on nothing is looked at first: such an answer lasts.
        Ok(self.binding_grants(permission, false)?
            || self.list_grants(permission)?
            || self.binding_grants(permission, true)?)
    }

    fn binding_grants(&mut self, permission: &str, conditional: bool) -> Result<bool> {
        for policy in self.policies.clone() {
            for binding in policy.bindings.iter().filter(|binding| binding.expression().is_some() == conditional) {
                let concerns = self.names_caller(&binding.members) && self.basis.includes(&binding.role, permission)?;
                if concerns && binding.expression().is_none_or(|expression| self.holds(expression)) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn names_caller(&self, members: &[String]) -> bool {
        members.iter().any(|member| self.principal.is(member, &self.question.levels))
    }

    /// What the service's own access lists give.
    fn list_grants(&mut self, permission: &str) -> Result<bool> {
        for Grant { member, permissions } in &self.question.grants {
            if !self.principal.is(member, &self.question.levels) {
                continue;
            }
            for given in permissions {
                if given == permission || given.contains("roles/") && self.basis.includes(given, permission)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn holds(&mut self, expression: &str) -> bool {
        self.conditional = true;
        condition::holds(expression, self.scene()).unwrap_or_else(|why| {
            log::warn!("a binding grants nothing because {why}");
            false
        })
    }

    fn scene(&self) -> Scene<'q> {
        Scene { resource: &self.question.resource, facts: &self.question.facts, now: self.now }
    }

    fn is_within_boundary(&mut self, permission: &str) -> Result<bool> {
        let Some(Boundary { access_boundary_rules: rules }) = self.restriction.boundary.clone() else {
            return Ok(true);
        };
        // A rule is about a resource that may be below every level that the host knows.
        self.conditional = true;
        for rule in rules {
            if !rule.is_about(&self.question.resource)
                && !self.question.levels.iter().any(|level| rule.is_about(&level.resource))
            {
                continue;
            }
            let condition = rule.availability_condition.as_ref().map(|condition| condition.expression.as_str());
            for role in rule.roles() {
                if self.basis.includes(role, permission)? && condition.is_none_or(|expression| self.holds(expression)) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn is_denied(&mut self, permission: &str) -> Result<bool> {
        let (mut denied, levels) = (false, &self.question.levels);
        for rule in self.basis.denials(levels)?.iter() {
            let verdict = deny::verdict(rule, &self.principal, permission, levels, self.scene());
            self.conditional |= verdict.conditional;
            denied |= verdict.denied;
        }
        Ok(denied)
    }
}

#[cfg(test)]
mod tests {
    use super::super::groups::tests::sample;
    use super::*;
    use fogbank_sdk::{Caller, Facts};
    use serde_json::{Value, json};

    const BUCKET: &str = "//storage.googleapis.com/projects/_/buckets/b";
    const OBJECT: &str = "//storage.googleapis.com/projects/_/buckets/b/objects/o";
    const PROJECT: &str = "//cloudresourcemanager.googleapis.com/projects/shop";

    /// Roles that are named after what they hold.
    #[derive(Default)]
    struct Fixed {
        denials: Rc<Vec<DenyRule>>,
        /// Minutes behind noon.
        minutes: i64,
    }

    impl Basis for Fixed {
        fn includes(&mut self, role: &str, permission: &str) -> Result<bool> {
            Ok(match role {
                "roles/storage.objectViewer" => ["storage.objects.get", "storage.objects.list"].contains(&permission),
                "roles/storage.admin" => permission.starts_with("storage."),
                "projects/shop/roles/deleter" => permission == "storage.objects.delete",
                _ => false,
            })
        }

        fn denials(&mut self, _levels: &[Level]) -> Result<Rc<Vec<DenyRule>>> {
            Ok(Rc::clone(&self.denials))
        }

        fn groups(&mut self) -> Result<Rc<Groups>> {
            Ok(Rc::new(sample()))
        }

        fn now(&self) -> Timestamp {
            Timestamp::parse("2026-11-21T12:00:00Z").unwrap().plus_seconds(self.minutes * 60)
        }
    }

    fn question(name: &str, bucket: Value, project: Value) -> Question {
        let text =
            |policy: Value| if policy.is_null() { String::new() } else { json!({ "bindings": policy }).to_string() };
        Question {
            caller: Caller { name: name.into(), restriction: String::new(), expires_ms: None },
            permissions: vec!["storage.objects.get".into(), "storage.objects.delete".into()],
            resource: OBJECT.into(),
            levels: vec![
                Level { resource: OBJECT.into(), policy: String::new() },
                Level { resource: BUCKET.into(), policy: text(bucket) },
                Level { resource: PROJECT.into(), policy: text(project) },
            ],
            grants: vec![],
            facts: Facts { method: "GET".into(), host: "h".into(), path: "/".into() },
        }
    }

    /// Whether reading and deleting are allowed, and whether both answers last.
    fn asked(question: Question, basis: &mut Fixed) -> (bool, bool, bool) {
        let answers = answers(&[question], basis).unwrap().remove(0);
        (answers[0].allowed, answers[1].allowed, answers.iter().all(|answer| answer.lasting))
    }

    fn viewer(members: &[&str]) -> Value {
        json!([{"role": "roles/storage.objectViewer", "members": members}])
    }

    #[test]
    fn bindings_of_all_levels_add_up() {
        let deleter = json!([{"role": "projects/shop/roles/deleter", "members": ["group:devs@example.com"]}]);
        let ask = |name: &str| {
            asked(question(name, viewer(&["user:ann@example.com"]), deleter.clone()), &mut Fixed::default())
        };
        assert_eq!(ask("user:ann@example.com"), (true, true, true));
        assert_eq!(ask("user:bob@example.com"), (false, true, true));
        assert_eq!(ask("user:cy@example.com"), (false, false, true));
        assert_eq!(ask("allUsers"), (false, false, true));
    }

    #[test]
    fn nobody_has_what_no_policy_says() {
        assert_eq!(
            asked(question("user:ann@example.com", Value::Null, Value::Null), &mut Fixed::default()),
            (false, false, true)
        );
        let mut broken = question("user:ann@example.com", Value::Null, Value::Null);
        broken.levels[0].policy = "{".into();
        assert_eq!(asked(broken, &mut Fixed::default()), (false, false, true));
    }

    #[test]
    fn access_lists_grant_beside_policies() {
        let mut question = question("user:ann@example.com", Value::Null, Value::Null);
        let grant =
            |member: &str, permission: &str| Grant { member: member.into(), permissions: vec![permission.into()] };
        question.grants = vec![
            grant("allUsers", "roles/storage.objectViewer"),
            grant("user:ann@example.com", "storage.objects.delete"),
        ];
        assert_eq!(asked(question.clone(), &mut Fixed::default()), (true, true, true));
        question.caller.name = "allUsers".into();
        assert_eq!(asked(question, &mut Fixed::default()), (true, false, true));
    }

    #[test]
    fn a_condition_grants_while_it_holds_and_its_answer_does_not_last() {
        let binding = json!([{"role": "roles/storage.objectViewer", "members": ["user:ann@example.com"],
            "condition": {"expression": "request.time < timestamp('2026-11-21T12:10:00Z') && resource.name.endsWith('/o')"}}]);
        let ask = |minutes| {
            asked(
                question("user:ann@example.com", binding.clone(), Value::Null),
                &mut Fixed { minutes, ..Fixed::default() },
            )
        };
        assert_eq!(ask(9), (true, false, false));
        assert_eq!(ask(10), (false, false, false));
        let broken = json!([{"role": "roles/storage.admin", "members": ["allUsers"], "condition": {"expression": "resource.size"}}]);
        assert_eq!(
            asked(question("user:ann@example.com", broken, Value::Null), &mut Fixed::default()),
            (false, false, false)
        );
        // What is granted without a condition does not depend on one.
        let both = asked(question("user:ann@example.com", binding, viewer(&["allUsers"])), &mut Fixed::default());
        assert_eq!(both, (true, false, true));
    }

    #[test]
    fn a_deny_rule_outweighs_every_grant() {
        let rule: DenyRule = serde_json::from_value(json!({
            "deniedPrincipals": ["principalSet://goog/public:all"],
            "exceptionPrincipals": ["principal://goog/subject/bob@example.com"],
            "deniedPermissions": ["storage.googleapis.com/objects.delete"],
        }))
        .unwrap();
        let mut basis = Fixed { denials: Rc::new(vec![rule]), ..Fixed::default() };
        let admin = json!([{"role": "roles/storage.admin", "members": ["allUsers"]}]);
        assert_eq!(
            asked(question("user:ann@example.com", Value::Null, admin.clone()), &mut basis),
            (true, false, true)
        );
        assert_eq!(asked(question("user:bob@example.com", Value::Null, admin.clone()), &mut basis), (true, true, true));
        let mut listed = question("user:ann@example.com", Value::Null, admin);
        listed.grants = vec![Grant { member: "allUsers".into(), permissions: vec!["storage.objects.delete".into()] }];
        assert_eq!(asked(listed, &mut basis), (true, false, true));
    }

    fn restricted(restriction: Restriction) -> (bool, bool, bool) {
        let admin = json!([{"role": "roles/storage.admin", "members": ["user:ann@example.com"]}]);
        let mut question = question("user:ann@example.com", Value::Null, admin);
        question.caller.restriction = restriction.text();
        asked(question, &mut Fixed::default())
    }

    #[test]
    fn scopes_take_away_what_they_do_not_name() {
        let scope = "https://www.googleapis.com/auth/devstorage.read_only".to_owned();
        assert_eq!(restricted(Restriction { scope, ..Restriction::default() }), (true, false, true));
    }

    #[test]
    fn a_boundary_takes_away_what_no_rule_lets_through() {
        let rule = |resource: &str, role: &str, condition: Value| {
            let boundary = json!({"accessBoundaryRules": [
                {"availableResource": resource, "availablePermissions": [format!("inRole:{role}")], "availabilityCondition": condition},
            ]});
            restricted(Restriction {
                boundary: Some(serde_json::from_value(boundary).unwrap()),
                ..Restriction::default()
            })
        };
        assert_eq!(rule(BUCKET, "roles/storage.objectViewer", Value::Null), (true, false, false));
        assert_eq!(rule(BUCKET, "roles/storage.admin", Value::Null), (true, true, false));
        assert_eq!(rule(&format!("{BUCKET}2"), "roles/storage.admin", Value::Null), (false, false, false));
        let prefix = |prefix: &str| json!({"expression": format!("resource.name.startsWith('projects/_/buckets/b/objects/{prefix}')")});
        assert_eq!(rule(BUCKET, "roles/storage.admin", prefix("o")), (true, true, false));
        assert_eq!(rule(BUCKET, "roles/storage.admin", prefix("other")), (false, false, false));
        assert_eq!(restricted(Restriction::default()), (true, true, true));
    }

    #[test]
    fn f27_a_restriction_that_does_not_read_leaves_nothing() {
        let mut question = question("user:ann@example.com", viewer(&["allUsers"]), Value::Null);
        question.caller.restriction = "{".into();
        assert_eq!(asked(question, &mut Fixed::default()), (false, false, true));
    }
}
