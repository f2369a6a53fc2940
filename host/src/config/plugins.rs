//! `[plugins.NAME]`: what the operator says about one service.

use crate::plugin::manifest::{Capabilities, Capability, PeerHosts};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use toml::Table;

/// One service's part of the configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PluginConfig {
    pub enabled: bool,
    /// The capabilities that it gets at most; everything that it asks for where absent.
    pub grant: Option<BTreeSet<Capability>>,
    /// For `fogbank:context/context.setting`.
    pub settings: Map<String, Value>,
}

/// What a service gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grants {
    /// All that its manifest asks for.
    AsAsked,
    /// Of what its manifest asks for, these.
    Listed(BTreeSet<Capability>),
}

impl Grants {
    /// What is in force: asked for and granted.
    pub fn apply(&self, asked: &Capabilities) -> Capabilities {
        match self {
            Grants::AsAsked => asked.clone(),
            Grants::Listed(listed) => {
                let granted: BTreeSet<_> = asked.asked.intersection(listed).copied().collect();
                let peers = if granted.contains(&Capability::Peers) { asked.peers.clone() } else { PeerHosts::None };
                Capabilities { asked: granted, peers }
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPlugin {
    #[serde(default = "yes")]
    enabled: bool,
    grant: Option<Vec<String>>,
    #[serde(default)]
    settings: Map<String, Value>,
}

fn yes() -> bool {
    true
}

/// Reads `[plugins.NAME]`; `errors` gets what is wrong.
pub(super) fn read(name: &str, table: toml::Value, errors: &mut Vec<String>) -> Option<PluginConfig> {
    let raw: RawPlugin = match table.try_into() {
        Ok(raw) => raw,
        Err(error) => {
            errors.push(format!("plugins.{name}: {}", error.message()));
            return None;
        }
    };
    let grant = raw.grant.map(|names| names.iter().filter_map(|grant| capability(name, grant, errors)).collect());
    Some(PluginConfig { enabled: raw.enabled, grant, settings: raw.settings })
}

fn capability(plugin: &str, grant: &str, errors: &mut Vec<String>) -> Option<Capability> {
    let found = Capability::from_name(grant);
    if found.is_none() {
        let known = Capability::ALL.map(Capability::name).join(", ");
        errors.push(format!("plugins.{plugin}.grant: there is no capability `{grant}`; there are {known}"));
    }
    found
}

/// Reads all of `[plugins]`.
pub(super) fn read_all(table: Table, errors: &mut Vec<String>) -> std::collections::BTreeMap<String, PluginConfig> {
    table.into_iter().filter_map(|(name, value)| Some((name.clone(), read(&name, value, errors)?))).collect()
}
