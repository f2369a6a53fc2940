//! `fogbank:identity/identity` for the guest.

use super::policies::{Policy, PolicyError};
use crate::plugin::bindings::fogbank::identity::identity as wit;
use crate::plugin::state::State;
use wasmtime::Result;

/// The principal that stands for somebody unknown.
const ANYBODY: &str = "allUsers";

impl wit::Host for State {
    async fn caller(&mut self) -> Result<wit::CallerInfo> {
        let principal = self.call.principal.as_deref();
        Ok(wit::CallerInfo { name: principal.unwrap_or(ANYBODY).to_owned(), enforced: principal.is_some() })
    }

    async fn require(
        &mut self,
        permission: String,
        resource: String,
        _grants: Vec<wit::Grant>,
    ) -> Result<Result<(), wit::Error>> {
        Ok(match self.call.principal {
            // Authentication is off: nobody is asked and everything is allowed.
            None => Ok(()),
            Some(_) => Err(wit::Error::Denied(format!(
                "Permission '{permission}' denied on resource '{resource}' (or it may not exist)."
            ))),
        })
    }

    async fn test_permissions(
        &mut self,
        _resource: String,
        permissions: Vec<String>,
    ) -> Result<Result<Vec<String>, wit::Error>> {
        Ok(Ok(if self.call.principal.is_none() { permissions } else { Vec::new() }))
    }

    async fn get_policy(&mut self, resource: String) -> Result<Result<wit::Policy, wit::Error>> {
        let tenant = &self.scope.tenant.name;
        let policy = self.scope.process.policies.get(tenant, &resource).await;
        Ok(policy.map(wit::Policy::from).map_err(wit::Error::from))
    }

    async fn set_policy(
        &mut self,
        resource: String,
        document: String,
        etag: Option<String>,
    ) -> Result<Result<wit::Policy, wit::Error>> {
        let tenant = &self.scope.tenant.name;
        let policy = self.scope.process.policies.set(tenant, &resource, &document, etag.as_deref()).await;
        Ok(policy.map(wit::Policy::from).map_err(wit::Error::from))
    }

    async fn set_parent(&mut self, resource: String, parent: String) -> Result<Result<(), wit::Error>> {
        let tenant = &self.scope.tenant.name;
        Ok(self.scope.process.policies.set_parent(tenant, &resource, &parent).await.map_err(wit::Error::from))
    }

    async fn forget(&mut self, resource: String) -> Result<Result<(), wit::Error>> {
        let tenant = &self.scope.tenant.name;
        Ok(self.scope.process.policies.forget(tenant, &resource).await.map_err(wit::Error::from))
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
            PolicyError::Database(error) => {
                tracing::error!(%error, "policies cannot be read or written");
                wit::Error::Unavailable
            }
        }
    }
}
