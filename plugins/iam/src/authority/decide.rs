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
mod tests;
