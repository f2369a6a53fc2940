//! `[docker]`: with whom a service shares its containers, and who answers them.

use super::problem::Problems;
use super::raw::RawDocker;
use super::{Capabilities, Capability};
use crate::capability::docker::Right;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a service says of its containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerNeeds {
    /// Services that name the same one share what they make; the service's own name where it names none.
    pub domain: Arc<str>,
    /// Where requests of the domain's containers go; lower case.
    pub host: Option<Arc<str>>,
    /// What it asks for beyond containers of its own.
    pub rights: BTreeSet<Right>,
}

/// Checks `[docker]`.
pub(super) fn docker(
    service: &Arc<str>,
    raw: Option<RawDocker>,
    capabilities: &Capabilities,
    problems: &mut Problems,
) -> DockerNeeds {
    if raw.is_some() && !capabilities.asked.contains(&Capability::Docker) {
        problems.add("docker: ask for the capability as well (capabilities.docker)");
    }
    let raw = raw.unwrap_or_default();
    let domain = raw.domain.and_then(|domain| problems.take("docker.domain", super::check::name(Some(domain))));
    let rights = raw.rights.iter().filter_map(|right| problems.take("docker.rights", Right::parse(right)));
    DockerNeeds {
        rights: rights.collect(),
        domain: domain.map_or_else(|| Arc::clone(service), Arc::from),
        host: raw.host.map(|host| host.to_ascii_lowercase().into()),
    }
}
