//! What the operator decides about containers.

use super::ranges::Pool;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What stands behind the capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A container engine.
    Engine,
    /// Nothing: services keep records.
    Records,
}

/// What goes beyond a container of one's own. A service asks for it in its manifest, and the operator allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Containers that administer their network namespace.
    AdministerNetworks,
    /// Containers in the network namespace of another container of the domain.
    Join,
}

impl Right {
    /// All of them.
    pub const ALL: [Right; 2] = [Right::AdministerNetworks, Right::Join];

    /// The name in manifests and configuration.
    pub fn name(self) -> &'static str {
        match self {
            Right::AdministerNetworks => "administer-networks",
            Right::Join => "join",
        }
    }

    /// The right of that name; the error is a sentence.
    pub fn parse(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|right| right.name() == name);
        found.ok_or_else(|| format!("there is no right `{name}`; there are {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// The configuration of the capability.
#[derive(Debug, Clone)]
pub struct DockerConfig {
    pub backend: Backend,
    /// `unix:///path` or `tcp://host:port`; by default `DOCKER_HOST`, else the usual socket.
    pub host: Option<String>,
    pub images: ImagePolicy,
    /// Where networks get their ranges from.
    pub pool: Pool,
    /// What services may have that ask for it.
    pub rights: BTreeSet<Right>,
    pub limits: DockerLimits,
}

/// Which images of the engine containers are made from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImagePolicy {
    /// What services call an image, and what the engine does.
    pub mapped: BTreeMap<String, String>,
    /// Names of the engine's that services may use as they are; `*` is any run of characters.
    pub allowed: Vec<String>,
    /// Whether what is missing may be pulled.
    pub pull: bool,
}

impl ImagePolicy {
    /// The engine's name for a service's; none where it is not allowed.
    pub fn resolve<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        if let Some(mapped) = self.mapped.get(name) {
            return Some(mapped);
        }
        self.allowed.iter().any(|pattern| matches(pattern, name)).then_some(name)
    }
}

/// Whether `pattern`, in which `*` is any run of characters, is all of `text`.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(head) else { return false };
    loop {
        if matches(rest, left) {
            return true;
        }
        let mut characters = left.chars();
        if characters.next().is_none() {
            return false;
        }
        left = characters.as_str();
    }
}

/// How long the engine may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DockerLimits {
    /// Until an engine that says nothing counts as gone.
    pub patience: Duration,
    /// One call.
    pub call: Duration,
    /// A pull, an import, a commit.
    pub transfer: Duration,
}

impl Default for DockerLimits {
    fn default() -> Self {
        let patience = Duration::from_millis(700);
        Self { patience, call: Duration::from_secs(60), transfer: Duration::from_secs(900) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_mapped_or_allowed_by_pattern() {
        let policy = ImagePolicy {
            mapped: BTreeMap::from([("debian-12".into(), "debian:12".into())]),
            allowed: vec!["registry.test/*:stable".into(), "busybox".into()],
            pull: false,
        };
        assert_eq!(policy.resolve("debian-12"), Some("debian:12"));
        assert_eq!(policy.resolve("registry.test/a/b:stable"), Some("registry.test/a/b:stable"));
        assert_eq!(policy.resolve("busybox"), Some("busybox"));
        for name in ["debian:12", "busybox:1", "registry.test/a:stable2", "evil/registry.test/a:stable", ""] {
            assert_eq!(policy.resolve(name), None, "{name}");
        }
    }

    #[test]
    fn rights_have_names() {
        for right in Right::ALL {
            assert_eq!(Right::parse(right.name()), Ok(right));
        }
        assert!(Right::parse("privileged").is_err_and(|why| why.contains("join")));
    }
}
