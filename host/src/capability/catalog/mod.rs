//! What is loaded, with its permissions and roles. Granted with `catalog = true`.

mod host;

use crate::capability::operations::domain::Member;
use crate::plugin::manifest::Manifest;
use std::sync::Arc;

/// Knows the loaded services. The registry is one.
pub trait Catalog: Send + Sync {
    /// The manifests of the services that serve now, in order of their names.
    fn manifests(&self) -> Vec<Arc<Manifest>>;

    /// Changes whenever they do.
    fn revision(&self) -> u64;

    /// The loaded services whose operations are of this domain, in order of their names.
    fn operations_domain(&self, domain: &str) -> Vec<Member>;
}
