//! `fogbank:catalog/catalog` for the guest.

use crate::plugin::bindings::fogbank::catalog::catalog::{Host, Role, Service};
use crate::plugin::manifest::{HostPattern, Manifest};
use crate::plugin::state::State;
use wasmtime::Result;

impl Host for State {
    async fn services(&mut self) -> Result<Vec<Service>> {
        let manifests = self.scope.process.catalog.get().map(|catalog| catalog.manifests()).unwrap_or_default();
        Ok(manifests.iter().map(|manifest| service(manifest)).collect())
    }

    async fn revision(&mut self) -> Result<String> {
        Ok(self.scope.process.catalog.get().map(|catalog| catalog.revision()).unwrap_or_default().to_string())
    }
}

fn service(manifest: &Manifest) -> Service {
    let hosts = manifest.hosts.iter().filter_map(|host| match host {
        HostPattern::Exact(name) => Some(name.clone()),
        HostPattern::Labels { .. } => None,
    });
    Service {
        name: manifest.name.to_string(),
        version: manifest.version.clone(),
        title: manifest.title.clone(),
        hosts: hosts.collect(),
        permissions: manifest.access.permissions.iter().map(ToString::to_string).collect(),
        roles: manifest.access.roles.iter().map(role).collect(),
        not_basic: manifest.access.not_basic.clone(),
    }
}

fn role(role: &crate::plugin::manifest::Role) -> Role {
    let crate::plugin::manifest::Role { name, title, description, permissions } = role.clone();
    Role { name, title, description, permissions }
}
