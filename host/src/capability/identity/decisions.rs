//! Who is calling, and whether they may: asked of the authority, remembered until something changes.

use super::authority::{Authority, Credential, Facts, Known, NoAuthority, Origin, Question, Refusal, Rules};
use super::caller::{Caller, Enforcement};
use super::hierarchy::{self, Ancestry, Level};
use super::policies::Policies;
use super::tables::Tables;
use crate::capability::database::Error as DatabaseError;
use crate::observe::metrics;
use crate::plugin::bindings::fogbank::identity::identity as wit;
use crate::tenant::Tenant;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Credentials and decisions that are remembered.
const REMEMBERED: usize = 100_000;

/// How long a verified credential is remembered at most, so that what the authority notes of its use is not too old.
const FRESH: Duration = Duration::from_secs(60);

/// Policies, parents, and the decisions that follow from them.
pub struct Identity {
    pub policies: Policies,
    authority: OnceLock<Arc<dyn Authority>>,
    callers: Cache<CallerKey, Remembered>,
    decisions: Cache<DecisionKey, bool>,
}

/// What an answer depends on: the tenant, and the states of its tables and of the loaded services.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Basis {
    tenant: Arc<str>,
    generation: u64,
    revision: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct CallerKey(Basis, [u8; 32]);

#[derive(Debug, Clone)]
struct Remembered {
    caller: Known,
    since: Instant,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct DecisionKey {
    basis: Basis,
    caller: Arc<str>,
    restriction: Arc<str>,
    permission: Arc<str>,
    anchor: Arc<str>,
    /// Digest of what the service's own access lists grant; none for policies alone.
    grants: Option<[u8; 32]>,
}

/// What is asked.
pub struct Ask<'a> {
    pub tenant: &'a Arc<Tenant>,
    pub caller: &'a Caller,
    pub origin: &'a Origin,
    pub facts: &'a Facts,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unavailable {
    Authority(NoAuthority),
    Database(DatabaseError),
}

impl From<NoAuthority> for Unavailable {
    fn from(error: NoAuthority) -> Self {
        Self::Authority(error)
    }
}

impl From<DatabaseError> for Unavailable {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

impl Identity {
    /// Decides by `policies`, once [`Self::ask`] has said whom to ask.
    pub fn new(policies: Policies) -> Self {
        let (callers, decisions) = (Cache::new(REMEMBERED / 10), Cache::new(REMEMBERED));
        Self { policies, authority: OnceLock::new(), callers, decisions }
    }

    /// Asks `authority` from now on. The first one stays.
    pub fn ask(&self, authority: Arc<dyn Authority>) {
        let _ = self.authority.set(authority);
    }

    fn authority(&self) -> Result<&Arc<dyn Authority>, NoAuthority> {
        self.authority.get().ok_or_else(|| NoAuthority("the server has not started yet".into()))
    }

    fn rules(&self) -> Arc<Rules> {
        self.authority.get().map(|authority| authority.rules()).unwrap_or_default()
    }

    async fn basis(&self, tenant: &Tenant) -> Result<(Arc<Tables>, Arc<Rules>, Basis), DatabaseError> {
        let tables = self.policies.tables(&tenant.name).await?;
        let rules = self.rules();
        // Read before anything that an answer follows from: what changes afterwards makes the answer's key an old one.
        let generation = tables.generation();
        let basis = Basis { tenant: Arc::clone(&tenant.name), generation, revision: rules.revision };
        Ok((tables, rules, basis))
    }

    /// What the authority keeps has changed.
    pub async fn changed(&self, tenant: &str) -> Result<(), DatabaseError> {
        self.policies.tables(tenant).await?.changed();
        Ok(())
    }

    /// Who brings a credential.
    pub async fn authenticate(
        &self,
        tenant: &Arc<Tenant>,
        origin: &Origin,
        credential: Credential,
    ) -> Result<Result<Known, Refusal>, Unavailable> {
        let (_, _, basis) = self.basis(tenant).await?;
        let key = CallerKey(basis, digest(&credential, &origin.base_url));
        if let Some(known) = self.callers.get(&key) {
            let expired = known.caller.expires_ms.is_some_and(|at| at <= tenant.clock.now_ms());
            if !expired && known.since.elapsed() < FRESH {
                return Ok(Ok(known.caller));
            }
        }
        let answer = self.authority()?.authenticate(tenant, origin, credential).await?;
        if let Ok(caller) = &answer {
            self.callers.insert(key, Remembered { caller: caller.clone(), since: Instant::now() });
        }
        Ok(answer)
    }

    /// `resource` and its ancestors.
    pub async fn ancestry(&self, tenant: &Tenant, resource: &str) -> Result<Vec<Level>, DatabaseError> {
        let (tables, rules, _) = self.basis(tenant).await?;
        Ok(way_up(&tables, &rules, resource).levels)
    }

    /// Whether the caller has a permission on a resource, by the policies of it and its ancestors or by `grants`. In audit mode a
    /// refusal is logged and counted, and the answer is yes.
    pub async fn may(
        &self,
        ask: &Ask<'_>,
        permission: &Arc<str>,
        resource: &str,
        grants: Vec<wit::Grant>,
    ) -> Result<bool, Unavailable> {
        if ask.caller.may_do_everything() {
            return Ok(true);
        }
        let allowed = self.decide_one(ask, permission, resource, grants).await?;
        if allowed || ask.caller.enforcement == Enforcement::On {
            return Ok(allowed);
        }
        metrics().would_refuse();
        let (caller, permission) = (&*ask.caller.name, &**permission);
        tracing::warn!(target: "audit", caller, permission, resource, "would have been refused");
        Ok(true)
    }

    async fn decide_one(
        &self,
        ask: &Ask<'_>,
        permission: &Arc<str>,
        resource: &str,
        grants: Vec<wit::Grant>,
    ) -> Result<bool, Unavailable> {
        let (tables, rules, basis) = self.basis(ask.tenant).await?;
        let way = way_up(&tables, &rules, resource);
        let by_policies = DecisionKey {
            basis,
            caller: Arc::clone(&ask.caller.name),
            restriction: Arc::clone(&ask.caller.restriction),
            permission: Arc::clone(permission),
            anchor: Arc::clone(&way.anchor),
            grants: None,
        };
        // Grants only add: who may by the policies alone may with them.
        match self.decisions.get(&by_policies) {
            Some(allowed) if allowed || grants.is_empty() => return Ok(allowed),
            _ => {}
        }
        let mut keys = vec![by_policies];
        if !grants.is_empty() {
            let key = DecisionKey { grants: Some(digest_of_grants(&grants)), ..keys[0].clone() };
            if let Some(allowed) = self.decisions.get(&key) {
                return Ok(allowed);
            }
            keys.push(key);
        }
        let asked = [Vec::new(), grants].into_iter().take(keys.len());
        let questions = asked.map(|grants| question(ask, vec![permission.to_string()], resource, &way.levels, grants));
        let answers = self.authority()?.decide(ask.tenant, ask.origin, questions.collect()).await?;
        let mut allowed = None;
        for (at, key) in keys.into_iter().enumerate() {
            let answer = answers.get(at).and_then(|answers| answers.first());
            let answer = answer.ok_or_else(|| NoAuthority("gave no answer".into()))?;
            if answer.lasting {
                self.decisions.insert(key, answer.allowed);
            }
            allowed = Some(answer.allowed);
        }
        Ok(allowed.unwrap_or_default())
    }

    /// For each of `permissions` whether the caller has it on `resource`.
    pub async fn test(
        &self,
        ask: &Ask<'_>,
        resource: &str,
        permissions: Vec<String>,
    ) -> Result<Vec<bool>, Unavailable> {
        if ask.caller.may_do_everything() || permissions.is_empty() {
            return Ok(vec![true; permissions.len()]);
        }
        let (tables, rules, _) = self.basis(ask.tenant).await?;
        let (count, way) = (permissions.len(), way_up(&tables, &rules, resource));
        let question = question(ask, permissions, resource, &way.levels, vec![]);
        let answers = self.authority()?.decide(ask.tenant, ask.origin, vec![question]).await?;
        let answers = answers.into_iter().next().unwrap_or_default();
        complete(answers.iter().map(|answer| answer.allowed).collect(), count)
    }

    /// For each of `resources` whether the caller has `permission` on it.
    pub async fn allowed(
        &self,
        ask: &Ask<'_>,
        permission: &str,
        resources: Vec<String>,
    ) -> Result<Vec<bool>, Unavailable> {
        if ask.caller.may_do_everything() || ask.caller.enforcement != Enforcement::On || resources.is_empty() {
            return Ok(vec![true; resources.len()]);
        }
        let (tables, rules, _) = self.basis(ask.tenant).await?;
        let questions = resources.iter().map(|resource| {
            let way = way_up(&tables, &rules, resource);
            question(ask, vec![permission.to_owned()], resource, &way.levels, vec![])
        });
        let answers = self.authority()?.decide(ask.tenant, ask.origin, questions.collect()).await?;
        let first = answers.iter().map(|answers| answers.first().is_some_and(|answer| answer.allowed));
        complete(first.collect(), resources.len())
    }

    /// The bare answers to questions that are put together by hand, for explanations.
    pub async fn decide_raw(
        &self,
        tenant: &Arc<Tenant>,
        origin: &Origin,
        questions: Vec<Question>,
    ) -> Result<Vec<bool>, Unavailable> {
        let count = questions.len();
        let answers = self.authority()?.decide(tenant, origin, questions).await?;
        let first = answers.iter().map(|answers| answers.first().is_some_and(|answer| answer.allowed));
        complete(first.collect(), count)
    }
}

fn complete(answers: Vec<bool>, count: usize) -> Result<Vec<bool>, Unavailable> {
    match answers.len() == count {
        true => Ok(answers),
        false => Err(NoAuthority(format!("gave {} answers to {count} questions", answers.len())).into()),
    }
}

fn way_up(tables: &Tables, rules: &Rules, resource: &str) -> Ancestry {
    let entries = tables.entries.read().unwrap_or_else(PoisonError::into_inner);
    hierarchy::ancestry(&entries, &rules.parents, resource)
}

fn question(
    ask: &Ask<'_>,
    permissions: Vec<String>,
    resource: &str,
    levels: &[Level],
    grants: Vec<wit::Grant>,
) -> Question {
    Question {
        caller: ask.caller.to_wit(),
        permissions,
        resource: resource.to_owned(),
        levels: levels.iter().map(wit::Level::from).collect(),
        grants,
        facts: ask.facts.clone(),
    }
}

impl From<&Level> for wit::Level {
    fn from(level: &Level) -> Self {
        let policy = level.policy.as_deref().unwrap_or_default().to_owned();
        Self { resource: level.resource.to_string(), policy }
    }
}

/// Grants are remembered by their digest, in the order in which the service gives them.
fn digest_of_grants(grants: &[wit::Grant]) -> [u8; 32] {
    let mut digest = Sha256::new();
    let mut add = |text: &str| {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    };
    for grant in grants {
        add(&grant.member);
        add(&grant.permissions.len().to_string());
        grant.permissions.iter().for_each(|permission| add(permission));
    }
    digest.finalize().into()
}

/// Credentials are remembered by their digest alone. What an audience is compared with belongs to it.
fn digest(credential: &Credential, base_url: &str) -> [u8; 32] {
    let mut digest = Sha256::new();
    let mut add = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    add(base_url.as_bytes());
    match credential {
        Credential::Bearer(token) => {
            add(b"bearer");
            add(token.as_bytes());
        }
        Credential::ApiKey(key) => {
            add(b"api-key");
            add(key.as_bytes());
        }
        Credential::Signed(signed) => {
            add(b"signed");
            add(signed.account.as_bytes());
            add(&signed.message);
            add(signed.rsa_sha256.as_deref().unwrap_or_default());
        }
    }
    digest.finalize().into()
}
