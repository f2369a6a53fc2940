//! What a service finds when it is linked: the interfaces that its manifest asks for and the operator grants, nothing
//! else. An absent capability is not there to be called.

use super::bindings::fogbank;
use super::manifest::Capability;
use super::state::State;
use wasmtime::Engine;
use wasmtime::component::{Component, HasSelf, Linker};

/// The capabilities in force for one service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grants {
    pub files: bool,
    pub database: bool,
    pub operations: bool,
    pub identity: bool,
    pub signers: bool,
    pub catalog: bool,
    pub docker: bool,
    pub peers: bool,
}

impl Grants {
    /// These capabilities and no other.
    pub fn of(capabilities: impl IntoIterator<Item = Capability>) -> Self {
        let mut grants = Self::default();
        for capability in capabilities {
            match capability {
                Capability::Files => grants.files = true,
                Capability::Database => grants.database = true,
                Capability::Operations => grants.operations = true,
                Capability::Identity => grants.identity = true,
                Capability::Signers => grants.signers = true,
                Capability::Catalog => grants.catalog = true,
                Capability::Docker => grants.docker = true,
                Capability::Peers => grants.peers = true,
            }
        }
        grants
    }

    /// Whether an interface of the contract is in force; none where the name is not of the contract.
    fn allows(&self, interface: &str) -> Option<bool> {
        let (package, interface) = interface.strip_prefix("fogbank:")?.split_once('/')?;
        Some(match package {
            "http" | "context" | "service" => true,
            "files" => self.files,
            "database" => self.database,
            "operations" => self.operations,
            "identity" if interface == "signers" => self.signers,
            "identity" => self.identity,
            "catalog" => self.catalog,
            "docker" => self.docker,
            "peers" => self.peers,
            _ => return None,
        })
    }
}

/// A linker with WASI, WASI HTTP and the granted interfaces.
pub fn build(engine: &Engine, grants: Grants) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::<State>::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    add_granted(&mut linker, grants)?;
    Ok(linker)
}

fn add_granted(linker: &mut Linker<State>, grants: Grants) -> wasmtime::Result<()> {
    type Own = HasSelf<State>;
    fogbank::http::bodies::add_to_linker::<State, Own>(linker, |state| state)?;
    fogbank::http::responses::add_to_linker::<State, Own>(linker, |state| state)?;
    fogbank::context::context::add_to_linker::<State, Own>(linker, |state| state)?;
    if grants.files {
        fogbank::files::files::add_to_linker::<State, Own>(linker, |state| state)?;
    }
    if grants.database {
        fogbank::database::database::add_to_linker::<State, Own>(linker, |state| state)?;
    }
    if grants.operations {
        fogbank::operations::operations::add_to_linker::<State, Own>(linker, |state| state)?;
    }
    if grants.identity {
        fogbank::identity::identity::add_to_linker::<State, Own>(linker, |state| state)?;
    }
    if grants.signers {
        fogbank::identity::signers::add_to_linker::<State, Own>(linker, |state| state)?;
    }
    if grants.catalog {
        fogbank::catalog::catalog::add_to_linker::<State, Own>(linker, |state| state)?;
    }
    if grants.docker {
        fogbank::docker::docker::add_to_linker::<State, Own>(linker, |state| state)?;
    }
    if grants.peers {
        fogbank::peers::peers::add_to_linker::<State, Own>(linker, |state| state)?;
    }
    Ok(())
}

/// Why a component cannot be linked, in sentences for the operator: what it imports and is not in force, or what nobody
/// offers. Empty where nothing is missing.
pub fn missing(engine: &Engine, component: &Component, grants: Grants) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, _) in component.component_type().imports(engine) {
        let interface = name.split('@').next().unwrap_or(name);
        match grants.allows(interface) {
            Some(true) => {}
            Some(false) => problems.push(format!(
                "the component imports {name}, and that capability is not both asked for in plugin.toml and granted"
            )),
            None if interface.starts_with("wasi:") => {}
            None => problems.push(format!("the component imports {name}, which this host does not offer")),
        }
    }
    problems
}
