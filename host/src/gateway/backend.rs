//! What the gateway needs to know of the services, so that it can be tried without any.

use super::router::Router;
use crate::capability::http::Body;
use crate::capability::identity::authority::{Known, Refusal};
use crate::capability::identity::{Ask, Credential, Identity, Origin, Unavailable};
use crate::plugin::call::Call;
use crate::plugin::failure::Failure;
use crate::plugin::manifest::Manifest;
use crate::tenant::Tenant;
use http::Response;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The loaded services.
pub trait Backend: Send + Sync + 'static {
    /// What calls one service.
    type Service: Send + Sync + 'static;

    /// The route table as it is now. A request keeps the one it began with.
    fn router(&self) -> Arc<Router<Self::Service>>;

    /// Who brings a credential, or why it is none.
    fn authenticate(
        &self,
        tenant: &Arc<Tenant>,
        origin: &Origin,
        credential: Credential,
    ) -> impl Future<Output = Result<Result<Known, Refusal>, Unavailable>> + Send;

    /// Whether a caller has a permission on a resource.
    fn may(
        &self,
        ask: &Ask<'_>,
        permission: &Arc<str>,
        resource: &str,
    ) -> impl Future<Output = Result<bool, Unavailable>> + Send;

    /// Has a service answer.
    fn call(
        &self,
        service: &Self::Service,
        tenant: &Arc<Tenant>,
        call: Call,
    ) -> impl Future<Output = Result<Response<Body>, Failure>> + Send;

    /// Policies and decisions.
    fn identity(&self) -> Option<&Identity>;

    /// The services that serve, by name.
    fn services(&self) -> Vec<ServiceStatus>;

    /// What keeps services, or newer versions of them, from serving: where they come from, and every reason.
    fn problems(&self) -> BTreeMap<String, Vec<String>>;

    /// Whether the database answers; the error is for the operator.
    fn check_database(&self) -> impl Future<Output = Result<(), String>> + Send;
}

/// A service that serves.
#[derive(Debug, Clone)]
pub struct ServiceStatus {
    pub manifest: Arc<Manifest>,
    /// Changes whenever the manifest or the component does.
    pub revision: String,
}
