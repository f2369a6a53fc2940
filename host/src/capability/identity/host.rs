//! `fogbank:identity/identity` and `fogbank:identity/signers` for the guest.

use super::authority::{Credential, SignedMessage};
use super::caller::{Caller, Enforcement, Standing};
use super::decisions::{Ask, Unavailable};
use super::policies::{Policy, PolicyError};
use super::refusal;
use crate::plugin::bindings::fogbank::identity::{identity as wit, signers};
use crate::plugin::state::State;
use std::sync::Arc;
use wasmtime::Result;

impl State {
    fn ask(&self) -> Ask<'_> {
        Ask {
            tenant: &self.scope.tenant,
            caller: &self.call.caller,
            origin: &self.call.origin,
            facts: &self.call.facts,
        }
    }
}

impl wit::Host for State {
    async fn caller(&mut self) -> Result<wit::CallerInfo> {
        Ok(wit::CallerInfo::from(&*self.call.caller))
    }

    async fn require(
        &mut self,
        permission: String,
        resource: String,
        grants: Vec<wit::Grant>,
    ) -> Result<Result<(), wit::Error>> {
        self.asked_identity = true;
        let permission: Arc<str> = permission.into();
        let may = self.scope.process.identity.may(&self.ask(), &permission, &resource, grants).await;
        Ok(match may {
            Ok(true) => Ok(()),
            Ok(false) if self.call.caller.standing == Standing::Anybody => {
                Err(wit::Error::Unauthenticated(refusal::anonymous(&permission)))
            }
            Ok(false) => Err(wit::Error::Denied(refusal::denied(&permission, &resource))),
            Err(why) => Err(why.into()),
        })
    }

    async fn test_permissions(
        &mut self,
        resource: String,
        permissions: Vec<String>,
    ) -> Result<Result<Vec<String>, wit::Error>> {
        let answers = self.scope.process.identity.test(&self.ask(), &resource, permissions.clone()).await;
        Ok(answers.map_err(wit::Error::from).map(|answers| {
            permissions.into_iter().zip(answers).filter(|(_, allowed)| *allowed).map(|(name, _)| name).collect()
        }))
    }

    async fn allowed(&mut self, permission: String, resources: Vec<String>) -> Result<Result<Vec<bool>, wit::Error>> {
        self.asked_identity = true;
        let answers = self.scope.process.identity.allowed(&self.ask(), &permission, resources).await;
        Ok(answers.map_err(wit::Error::from))
    }

    async fn get_policy(&mut self, resource: String) -> Result<Result<wit::Policy, wit::Error>> {
        let tenant = &self.scope.tenant.name;
        let policy = self.scope.process.identity.policies.get(tenant, &resource).await;
        Ok(policy.map(wit::Policy::from).map_err(wit::Error::from))
    }

    async fn set_policy(
        &mut self,
        resource: String,
        document: String,
        etag: Option<String>,
    ) -> Result<Result<wit::Policy, wit::Error>> {
        let tenant = &self.scope.tenant.name;
        let policy = self.scope.process.identity.policies.set(tenant, &resource, &document, etag.as_deref()).await;
        Ok(policy.map(wit::Policy::from).map_err(wit::Error::from))
    }

    async fn set_parent(&mut self, resource: String, parent: String) -> Result<Result<(), wit::Error>> {
        let tenant = &self.scope.tenant.name;
        let set = self.scope.process.identity.policies.set_parent(tenant, &resource, &parent).await;
        Ok(set.map_err(wit::Error::from))
    }

    async fn forget(&mut self, resource: String) -> Result<Result<(), wit::Error>> {
        let tenant = &self.scope.tenant.name;
        Ok(self.scope.process.identity.policies.forget(tenant, &resource).await.map_err(wit::Error::from))
    }

    async fn ancestry(&mut self, resource: String) -> Result<Result<Vec<wit::Level>, wit::Error>> {
        let levels = self.scope.process.identity.ancestry(&self.scope.tenant, &resource).await;
        let levels = levels.map_err(|error| wit::Error::from(Unavailable::from(error)));
        Ok(levels.map(|levels| levels.iter().map(wit::Level::from).collect()))
    }

    async fn changed(&mut self) -> Result<()> {
        if let Err(error) = self.scope.process.identity.changed(&self.scope.tenant.name).await {
            // Nothing is remembered of a tenant whose tables were never read.
            tracing::warn!(%error, "the tables of policies cannot be read");
        }
        Ok(())
    }
}

impl signers::Host for State {
    async fn assume_signed(
        &mut self,
        account: String,
        message: Vec<u8>,
        proof: signers::Proof,
    ) -> Result<Result<wit::CallerInfo, wit::Error>> {
        let enforcement = self.call.caller.enforcement;
        if enforcement == Enforcement::Off {
            return Ok(Ok(wit::CallerInfo::from(&*self.call.caller)));
        }
        let rsa_sha256 = match proof {
            signers::Proof::RsaSha256(signature) => Some(signature),
            signers::Proof::SharedSecret => None,
        };
        let credential = Credential::Signed(SignedMessage { account, message, rsa_sha256 });
        let identity = &self.scope.process.identity;
        let known = identity.authenticate(&self.scope.tenant, &self.call.origin, credential).await;
        Ok(match known {
            Ok(Ok(known)) => {
                self.call.caller = Arc::new(Caller::known(known, false, enforcement));
                Ok(wit::CallerInfo::from(&*self.call.caller))
            }
            Ok(Err(refusal)) if enforcement == Enforcement::Audit => {
                tracing::warn!(target: "audit", reason = refusal.reason, "a signature would have been refused");
                Ok(wit::CallerInfo::from(&*self.call.caller))
            }
            Ok(Err(refusal)) => Err(wit::Error::Unauthenticated(refusal.message)),
            Err(why) => Err(why.into()),
        })
    }
}

impl From<&Caller> for wit::CallerInfo {
    fn from(caller: &Caller) -> Self {
        Self {
            name: caller.name.to_string(),
            enforced: caller.enforcement != Enforcement::Off,
            administrator: matches!(caller.standing, Standing::Administrator | Standing::Service),
        }
    }
}

impl From<Policy> for wit::Policy {
    fn from(policy: Policy) -> Self {
        wit::Policy { document: policy.document, etag: policy.etag }
    }
}

impl From<PolicyError> for wit::Error {
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::Conflict => wit::Error::Conflict,
            PolicyError::Invalid(why) => wit::Error::Invalid(why),
            PolicyError::Database(error) => Unavailable::from(error).into(),
        }
    }
}

impl From<Unavailable> for wit::Error {
    fn from(why: Unavailable) -> Self {
        tracing::error!(?why, "nobody can say who may do what");
        wit::Error::Unavailable
    }
}
