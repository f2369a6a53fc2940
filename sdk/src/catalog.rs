//! What is loaded: every service with its permissions and roles, as the manifests say. Needs the capability `catalog`.

use crate::bindings::fogbank::catalog::catalog as wit;

pub use wit::{Role, Service};

/// The services that serve now, in order of their names.
pub fn services() -> Vec<Service> {
    wit::services()
}

/// Changes whenever [`services`] does.
pub fn revision() -> String {
    wit::revision()
}
