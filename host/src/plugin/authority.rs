//! The loaded service that exports `fogbank:identity/authority`, as the identity capability asks it.

use super::failure::Failure;
use super::loaded::LoadedPlugin;
use super::registry::Registry;
use super::runtime::Runtime;
use crate::capability::catalog::Catalog;
use crate::capability::identity::authority::{
    Answer, Authority, Credential, Known, NoAuthority, Origin, Pending, Question, Refusal, Rules,
};
use crate::capability::operations::domain::Member;
use crate::plugin::manifest::Manifest;
use crate::tenant::Tenant;
use std::sync::Arc;

/// Finds the authority among the loaded services, in whatever version serves.
pub struct LoadedAuthority {
    pub runtime: Arc<Runtime>,
    pub registry: Arc<Registry>,
}

impl LoadedAuthority {
    fn plugin(&self) -> Result<Arc<LoadedPlugin>, NoAuthority> {
        let snapshot = self.registry.snapshot();
        let found = snapshot.plugins.values().find(|plugin| plugin.is_authority()).cloned();
        found.ok_or_else(|| NoAuthority("no loaded service says who may do what".into()))
    }
}

fn failed(failure: Failure) -> NoAuthority {
    NoAuthority(format!("the authority {failure}"))
}

impl Authority for LoadedAuthority {
    fn authenticate<'a>(
        &'a self,
        tenant: &'a Arc<Tenant>,
        origin: &'a Origin,
        credential: Credential,
    ) -> Pending<'a, Result<Known, Refusal>> {
        Box::pin(async move {
            let plugin = self.plugin()?;
            let ask = self.runtime.ask(&plugin, tenant, origin.clone(), |guest| guest.authenticate(credential));
            ask.await.map_err(failed)
        })
    }

    fn decide<'a>(
        &'a self,
        tenant: &'a Arc<Tenant>,
        origin: &'a Origin,
        questions: Vec<Question>,
    ) -> Pending<'a, Vec<Vec<Answer>>> {
        Box::pin(async move {
            let plugin = self.plugin()?;
            let ask = self.runtime.ask(&plugin, tenant, origin.clone(), |guest| guest.decide(questions));
            ask.await.map_err(failed)
        })
    }

    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.registry.snapshot().rules)
    }
}

impl Catalog for Registry {
    fn manifests(&self) -> Vec<Arc<Manifest>> {
        self.snapshot().plugins.values().map(|plugin| Arc::clone(&plugin.manifest)).collect()
    }

    fn revision(&self) -> u64 {
        self.snapshot().rules.revision
    }

    fn operations_domain(&self, domain: &str) -> Vec<Member> {
        let snapshot = self.snapshot();
        let of_domain = |plugin: &&Arc<LoadedPlugin>| plugin.manifest.operations_domain.as_deref() == Some(domain);
        let member = |plugin: &Arc<LoadedPlugin>| Member {
            plugin: Arc::clone(&plugin.name),
            migrations: Arc::clone(&plugin.migrations),
        };
        snapshot.plugins.values().filter(of_domain).map(member).collect()
    }
}
