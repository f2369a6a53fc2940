//! The app as the gateway sees it.

use crate::app::App;
use crate::capability::http::Body;
use crate::capability::identity::authority::{Known, Refusal};
use crate::capability::identity::{Ask, Credential, Identity, Origin, Unavailable};
use crate::gateway::router::Router;
use crate::gateway::{Backend, ServiceStatus};
use crate::plugin::call::Call;
use crate::plugin::failure::Failure;
use crate::plugin::loaded::LoadedPlugin;
use crate::tenant::Tenant;
use http::Response;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Backend for Arc<App> {
    type Service = Arc<LoadedPlugin>;

    fn router(&self) -> Arc<Router<Arc<LoadedPlugin>>> {
        Arc::clone(&self.registry.snapshot().router)
    }

    async fn authenticate(
        &self,
        tenant: &Arc<Tenant>,
        origin: &Origin,
        credential: Credential,
    ) -> Result<Result<Known, Refusal>, Unavailable> {
        self.runtime.process.identity.authenticate(tenant, origin, credential).await
    }

    async fn may(&self, ask: &Ask<'_>, permission: &Arc<str>, resource: &str) -> Result<bool, Unavailable> {
        self.runtime.process.identity.may(ask, permission, resource, Vec::new()).await
    }

    async fn call(
        &self,
        service: &Arc<LoadedPlugin>,
        tenant: &Arc<Tenant>,
        call: Call,
    ) -> Result<Response<Body>, Failure> {
        self.background.touch(service, tenant);
        self.runtime.call(service, tenant, call).await
    }

    fn identity(&self) -> Option<&Identity> {
        Some(&self.runtime.process.identity)
    }

    fn services(&self) -> Vec<ServiceStatus> {
        let snapshot = self.registry.snapshot();
        let status = |plugin: &Arc<LoadedPlugin>| ServiceStatus {
            manifest: Arc::clone(&plugin.manifest),
            revision: plugin.revision.clone(),
        };
        snapshot.plugins.values().map(status).collect()
    }

    fn problems(&self) -> BTreeMap<String, Vec<String>> {
        self.registry.snapshot().problems.clone()
    }

    async fn check_database(&self) -> Result<(), String> {
        self.runtime.process.databases.ping().await.map_err(|error| error.to_string())
    }
}
