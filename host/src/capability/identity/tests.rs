//! Decisions with a made-up authority.

use super::authority::{
    Answer, Authority, Credential, Facts, Known, NoAuthority, Origin, Pending, Question, Refusal, Rules,
};
use super::{Ask, Caller, Enforcement, Identity, Policies};
use crate::capability::database::{Databases, DatabasesConfig, Limits, Migrations, Unobserved};
use crate::plugin::bindings::fogbank::identity::identity as wit;
use crate::tenant::{Quotas, Tenant};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Allows what a policy on the way up says in so many words.
#[derive(Default)]
struct Fake {
    authenticated: AtomicUsize,
    decided: AtomicUsize,
    lasting: Mutex<bool>,
    rules: Mutex<Arc<Rules>>,
}

impl Authority for Fake {
    fn authenticate<'a>(
        &'a self,
        tenant: &'a Arc<Tenant>,
        _: &'a Origin,
        credential: Credential,
    ) -> Pending<'a, Result<Known, Refusal>> {
        self.authenticated.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            let Credential::Bearer(token) = credential else { return Err(NoAuthority("only tokens".into())) };
            let expires_ms = Some(tenant.clock.now_ms() + 60_000);
            Ok(Ok(Known { name: format!("user:{token}"), restriction: String::new(), expires_ms }))
        })
    }

    fn decide<'a>(
        &'a self,
        _: &'a Arc<Tenant>,
        _: &'a Origin,
        questions: Vec<Question>,
    ) -> Pending<'a, Vec<Vec<Answer>>> {
        self.decided.fetch_add(1, Ordering::Relaxed);
        let lasting = *self.lasting.lock().expect("lock");
        let answer = move |question: &Question| {
            let says = |permission: &String| {
                question.levels.iter().any(|level| level.policy.contains(permission))
                    || question.grants.iter().any(|grant| grant.permissions.contains(permission))
            };
            question.permissions.iter().map(|name| Answer { allowed: says(name), lasting }).collect()
        };
        Box::pin(async move { Ok(questions.iter().map(answer).collect()) })
    }

    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.lock().expect("lock"))
    }
}

struct Bench {
    _folder: tempfile::TempDir,
    identity: Identity,
    fake: Arc<Fake>,
    tenant: Arc<Tenant>,
    caller: Arc<Caller>,
    origin: Origin,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let databases = Arc::new(sqlite(folder.path()));
        let identity = Identity::new(Policies::new(databases).expect("schema"));
        let fake = Arc::new(Fake::default());
        *fake.lasting.lock().expect("lock") = true;
        identity.ask(Arc::clone(&fake) as Arc<dyn Authority>);
        let ann = Known { name: "user:ann".into(), restriction: String::new(), expires_ms: None };
        let caller = Arc::new(Caller::known(ann, false, Enforcement::On));
        let origin = Origin { base_url: Arc::from("http://x"), request_id: Arc::from("r") };
        let tenant = Arc::new(Tenant::new("default", Quotas::default()));
        Self { _folder: folder, identity, fake, tenant, caller, origin }
    }

    async fn may(&self, permission: &str, resource: &str) -> bool {
        self.may_with(permission, resource, &[]).await
    }

    /// With an access list that grants these to everybody.
    async fn may_with(&self, permission: &str, resource: &str, granted: &[&str]) -> bool {
        let facts = Facts { method: String::new(), host: String::new(), path: String::new() };
        let ask = Ask { tenant: &self.tenant, caller: &self.caller, origin: &self.origin, facts: &facts };
        let grant = |name: &&str| wit::Grant { member: "allUsers".into(), permissions: vec![(*name).to_owned()] };
        let grants = granted.iter().map(grant).collect();
        self.identity.may(&ask, &Arc::from(permission), resource, grants).await.expect("an answer")
    }

    fn decided(&self) -> usize {
        self.fake.decided.load(Ordering::Relaxed)
    }
}

fn sqlite(folder: &std::path::Path) -> Databases {
    let config = DatabasesConfig {
        url: None,
        data_dir: folder.to_owned(),
        secret: vec![0; 32],
        limits: Limits::default(),
        host_migrations: Arc::new(Migrations::default()),
        observer: Arc::new(Unobserved),
    };
    Databases::new(config).expect("databases")
}

const POLICY: &str = r#"{"bindings": [{"role": "things.get"}]}"#;

#[tokio::test]
async fn a_decision_is_remembered_until_a_policy_changes() {
    let bench = Bench::new();
    let policies = &bench.identity.policies;
    policies.set("default", "//a/b", POLICY, None).await.expect("set");
    for below in ["//a/b/c", "//a/b/d", "//a/b"] {
        assert!(bench.may("things.get", below).await);
    }
    assert_eq!(bench.decided(), 1, "what is below one policy is decided once");
    policies.set("default", "//a/b", "{}", None).await.expect("set");
    assert!(!bench.may("things.get", "//a/b/c").await, "a change counts at once");
    policies.set_parent("default", "//a/b", "//p").await.expect("set");
    policies.set("default", "//p", POLICY, None).await.expect("set");
    assert!(bench.may("things.get", "//a/b/c").await, "by the parent");
    policies.forget("default", "//a/b").await.expect("forgotten");
    assert!(!bench.may("things.get", "//a/b/c").await);
}

#[tokio::test]
async fn what_access_lists_grant_is_remembered_for_each_list() {
    let bench = Bench::new();
    assert!(!bench.may_with("things.get", "//a/b", &["things.list"]).await);
    assert!(bench.may_with("things.get", "//a/b", &["things.get"]).await);
    assert!(!bench.may_with("things.get", "//a/b", &["things.list"]).await);
    assert!(bench.may_with("things.get", "//a/b", &["things.get"]).await);
    assert!(!bench.may("things.get", "//a/b").await, "without a list nothing is granted");
    assert_eq!(bench.decided(), 2, "each list once");
    bench.identity.policies.set("default", "//a/b", POLICY, None).await.expect("set");
    assert!(bench.may_with("things.get", "//a/b", &["things.list"]).await);
    assert!(bench.may_with("things.get", "//a/b", &["things.put"]).await);
    assert_eq!(bench.decided(), 3, "who may by the policies is not asked about lists");
}

#[tokio::test]
async fn what_depends_on_the_request_is_asked_again() {
    let bench = Bench::new();
    *bench.fake.lasting.lock().expect("lock") = false;
    bench.identity.policies.set("default", "//a", POLICY, None).await.expect("set");
    bench.may("things.get", "//a").await;
    bench.may("things.get", "//a").await;
    assert_eq!(bench.decided(), 2);
}

#[tokio::test]
async fn a_credential_is_remembered_until_it_expires_or_something_changes() {
    let bench = Bench::new();
    let verify = async || {
        let credential = Credential::Bearer("ann".into());
        let known = bench.identity.authenticate(&bench.tenant, &bench.origin, credential).await;
        known.expect("an answer").expect("known")
    };
    let seen = || bench.fake.authenticated.load(Ordering::Relaxed);
    assert_eq!(verify().await.name, "user:ann");
    verify().await;
    assert_eq!(seen(), 1);
    bench.identity.changed("default").await.expect("noted");
    verify().await;
    assert_eq!(seen(), 2, "an account may have been disabled");
    bench.tenant.clock.set_offset_ms(120_000);
    verify().await;
    assert_eq!(seen(), 3, "it has expired on the tenant's clock");
}

#[tokio::test]
async fn of_two_writers_with_one_etag_one_wins() {
    let bench = Bench::new();
    let policies = &bench.identity.policies;
    let etag = policies.get("default", "//a").await.expect("read").etag;
    let write = async || policies.set("default", "//a", POLICY, Some(&etag)).await.is_ok();
    let (one, other) = tokio::join!(write(), write());
    assert!(one != other);
}

#[tokio::test]
async fn policies_are_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("folder");
    for round in 0..2 {
        let policies = Policies::new(Arc::new(sqlite(folder.path()))).expect("schema");
        if round == 0 {
            for number in 0..1500 {
                policies.set_parent("default", &format!("//a/{number}"), "//p").await.expect("set");
            }
            policies.set("default", "//a/7", POLICY, None).await.expect("set");
            continue;
        }
        let tables = policies.tables("default").await.expect("read");
        assert_eq!(tables.entries.read().expect("lock").len(), 1500, "more than a page");
        assert_eq!(policies.get("default", "//a/7").await.expect("read").document, POLICY);
    }
}
