//! What is loaded, with its permissions and roles. Granted with `catalog = true`.

mod host;

use crate::plugin::manifest::Manifest;
use std::sync::Arc;

/// Knows the loaded services. The registry is one.
pub trait Catalog: Send + Sync {
    /// The manifests of the services that serve now, in order of their names.
    fn manifests(&self) -> Vec<Arc<Manifest>>;

    /// Changes whenever they do.
    fn revision(&self) -> u64;
}
