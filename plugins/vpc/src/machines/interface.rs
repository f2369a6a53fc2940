//! An interface of a machine: which subnetwork it is in, and which addresses it has. All of it in the caller's transaction.

use super::row::{self, Machine, Nic};
use super::{access, aliases};
use crate::addresses::choose;
use crate::leases::{self, EXTERNAL, Lease};
use crate::range::{self, Range};
use crate::{networks, reference, subnetworks};
use compute_api::path::{Path, Scope};
use compute_api::store::{self, Resource};
use compute_api::{failure, links};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Error, Result, etag};
use serde_json::{Map, Value};

/// Whom addresses are given to.
pub struct Owner<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// Leases of its own that it had a moment ago, which it may have again.
    pub kept: &'a [Lease],
    /// Whether it gets ephemeral external addresses now.
    pub ephemeral: bool,
}

/// Interfaces that a machine may have at most. <https://cloud.google.com/vpc/docs/multiple-interfaces-concepts>
const MOST: usize = 10;

/// Takes what a machine's interfaces ask for, and writes them.
///
/// Errors: 400 for what cannot be had, 404 for what is not there.
pub fn take_all(tx: &Transaction, owner: &Owner<'_>, mut wanted: Vec<Map<String, Value>>) -> Result<Vec<Nic>> {
    if wanted.is_empty() {
        wanted.push(Map::new());
    }
    if wanted.len() > MOST {
        return Err(failure::invalid("resource.networkInterfaces", wanted.len(), "There are ten at most."));
    }
    let mut nics: Vec<Nic> = Vec::new();
    for (place, wanted) in wanted.into_iter().enumerate() {
        let nic = take(tx, owner, place, wanted).map_err(|error| at(place, error))?;
        if nics.iter().any(|other| other.network == nic.network) {
            let message = format!("Two interfaces of the instance are on the network '{}'.", nic.network);
            return Err(Error::invalid(message));
        }
        row::save_nic(tx, owner.machine.id, &nic)?;
        nics.push(nic);
    }
    row::remove_nics(tx, owner.machine.id, i64::try_from(nics.len()).unwrap_or(i64::MAX))?;
    Ok(nics)
}

/// The error of an interface says which one it is.
fn at(place: usize, error: Error) -> Error {
    const ANY: &str = "networkInterfaces[]";
    match error.message().contains(ANY) {
        true => {
            let message = error.message().replace(ANY, &format!("networkInterfaces[{place}]"));
            Error::new(error.code(), error.reason(), message)
        }
        false => error,
    }
}

fn take(tx: &Transaction, owner: &Owner<'_>, place: usize, mut document: Map<String, Value>) -> Result<Nic> {
    let subnetwork = subnetwork(tx, owner.machine, &document)?;
    let network = subnetwork.link("network").ok_or_else(|| failure::not_ready(&subnetwork.path))?;
    let address = internal(tx, owner, &subnetwork, &document)?;
    document.insert("kind".to_owned(), "compute#networkInterface".into());
    document.insert("name".to_owned(), format!("nic{place}").into());
    document.insert("network".to_owned(), network.marked().into());
    document.insert("subnetwork".to_owned(), subnetwork.path.marked().into());
    document.insert("networkIP".to_owned(), range::address(address).into());
    reference::default(&mut document, "stackType", "IPV4_ONLY");
    reference::drop_empty_lists(&mut document);
    aliases::take(tx, owner, &subnetwork, &mut document)?;
    access::take(tx, owner, &mut document)?;
    stamp(&mut document)?;
    Ok(Nic { place: i64::try_from(place).unwrap_or_default(), network, subnetwork: subnetwork.path, address, document })
}

/// Says which state of the interface this is.
pub fn stamp(document: &mut Map<String, Value>) -> Result<()> {
    document.remove("fingerprint");
    let fingerprint = etag::fingerprint(document)?;
    document.insert("fingerprint".to_owned(), fingerprint.into());
    Ok(())
}

/// The subnetwork of the machine's region that the interface names, or that its auto mode network has there.
fn subnetwork(tx: &Transaction, machine: &Machine, document: &Map<String, Value>) -> Result<Resource> {
    let region = machine.path.scope.region().unwrap_or_default();
    if let Some(subnetwork) = subnetworks::space::subnetwork(tx, document)? {
        return match subnetwork.path.scope.region() == Some(region) {
            true => Ok(subnetwork),
            false => {
                let why = format!("The subnetwork is not in the machine's region {region}.");
                Err(failure::invalid("resource.networkInterfaces[].subnetwork", &subnetwork.path, &why))
            }
        };
    }
    let network = reference::path(document, "network", "networks")?;
    let network = network.unwrap_or_else(|| reference::default_network(&machine.path.project));
    let network = store::load(tx, &network)?;
    let path = Path::new(&network.path.project, Scope::Region(region.to_owned()), "subnetworks", &network.path.name);
    match networks::is_auto(&network) {
        true => store::load(tx, &path),
        false => Err(Error::invalid(format!(
            "Subnetwork should be specified for the custom subnetmode network '{}'.",
            network.path
        ))),
    }
}

/// The internal address: the one that is named, by itself or as a resource, or the lowest that is free.
fn internal(tx: &Transaction, owner: &Owner<'_>, subnetwork: &Resource, document: &Map<String, Value>) -> Result<u32> {
    let range =
        subnetwork.text("ipCidrRange").and_then(Range::parse).ok_or_else(|| failure::not_ready(&subnetwork.path))?;
    let pool = subnetwork.path.to_string();
    let field = "resource.networkInterfaces[].networkIP";
    let named = match links::field(document, "networkIP") {
        Some(path) => store::load(tx, &path)?.text("address").map(str::to_owned),
        None => document.get("networkIP").and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned),
    };
    let Some(text) = named else {
        let (first, last) = range.usable();
        let free = leases::lowest_free(tx, &pool, first, last)?;
        let free = free.ok_or_else(|| choose::exhausted(&subnetwork.path, range))?;
        leases::give(tx, &owner.lease(&pool, free))?;
        return Ok(free);
    };
    let bits =
        range::parse_address(&text).ok_or_else(|| failure::invalid(field, &text, "It has to be an IPv4 address."))?;
    choose::refuse_unusable(field, range, bits)?;
    owner.take(tx, &pool, bits)?;
    Ok(bits)
}

// === impl Owner ===

impl Owner<'_> {
    /// A lease of its own.
    pub fn lease(&self, pool: &str, address: u32) -> Lease {
        Lease::of(pool, address, &self.machine.path).used_by(self.machine.id)
    }

    /// Takes an address that is free, or an address resource of the project that nobody uses.
    ///
    /// Errors: 400 for one in use.
    pub fn take(&self, tx: &Transaction, pool: &str, address: u32) -> Result<()> {
        match leases::at(tx, pool, address)? {
            None => leases::give(tx, &self.lease(pool, address)),
            Some(lease) if lease.machine.is_none() && self.may_use(&lease) => {
                leases::set_machine(tx, &lease, Some(self.machine.id))
            }
            Some(_) => Err(choose::in_use(address)),
        }
    }

    /// Whether a lease is that of an address resource of the machine's project.
    pub fn may_use(&self, lease: &Lease) -> bool {
        let owner = Path::parse(&lease.owner);
        lease.first == lease.last
            && owner.is_some_and(|owner| owner.collection == "addresses" && owner.project == self.machine.path.project)
    }

    /// Whether an external address was the machine's own a moment ago.
    pub fn had(&self, pool: &str, address: u32) -> bool {
        self.kept.iter().any(|lease| lease.pool == pool && lease.first == address)
    }
}

/// Gives back all leases of a machine; those that are its own are told, so that it may have them again.
pub fn let_go(tx: &Transaction, machine: &Machine) -> Result<Vec<Lease>> {
    let all = leases::of_machine(tx, machine.id)?;
    let owner = machine.path.to_string();
    for lease in &all {
        match lease.owner == owner {
            true => leases::take_back(tx, lease)?,
            false => leases::set_machine(tx, lease, None)?,
        }
    }
    Ok(all.into_iter().filter(|lease| lease.owner == owner).collect())
}

/// Finds external addresses for the interfaces that ask for one and have none.
pub fn take_ephemeral(tx: &Transaction, machine: &Machine) -> Result<()> {
    let owner = Owner { machine, kept: &[], ephemeral: true };
    for mut nic in row::nics_of(tx, machine.id)? {
        if access::complete(tx, &owner, &mut nic.document)? {
            stamp(&mut nic.document)?;
            row::save_nic(tx, machine.id, &nic)?;
        }
    }
    Ok(())
}

/// Gives back external addresses that are not address resources.
pub fn give_ephemeral_back(tx: &Transaction, machine: &Machine) -> Result<()> {
    let owner = machine.path.to_string();
    let all = leases::of_machine(tx, machine.id)?;
    let ephemeral: Vec<Lease> =
        all.into_iter().filter(|lease| lease.pool == EXTERNAL && lease.owner == owner).collect();
    if ephemeral.is_empty() {
        return Ok(());
    }
    ephemeral.iter().try_for_each(|lease| leases::take_back(tx, lease))?;
    for mut nic in row::nics_of(tx, machine.id)? {
        for access in access::configs(&mut nic.document) {
            let address = access.get("natIP").and_then(Value::as_str).and_then(range::parse_address);
            if ephemeral.iter().any(|lease| Some(lease.first) == address) {
                access.remove("natIP");
            }
        }
        stamp(&mut nic.document)?;
        row::save_nic(tx, machine.id, &nic)?;
    }
    Ok(())
}

/// The document of an interface, for tests.
#[cfg(test)]
pub fn document(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_address_resource_of_the_project_may_be_used_and_no_other() {
        let machine = Machine {
            id: 1,
            path: Path::parse("projects/p/zones/us-central1-a/instances/w1").unwrap(),
            tags: Vec::new(),
            accounts: Vec::new(),
            can_ip_forward: false,
            running: false,
            applied: None,
        };
        let owner = Owner { machine: &machine, kept: &[], ephemeral: true };
        let lease = |path: &str| Lease::of("pool", 7, &Path::parse(path).unwrap());
        assert!(owner.may_use(&lease("projects/p/regions/us-central1/addresses/a")));
        assert!(!owner.may_use(&lease("projects/q/regions/us-central1/addresses/a")));
        assert!(!owner.may_use(&lease("projects/p/zones/us-central1-a/instances/w2")));
    }

    #[test]
    fn the_fingerprint_says_which_state_it_is_of() {
        let mut one = document(json!({"networkIP": "10.0.0.2"}));
        stamp(&mut one).unwrap();
        let first = one["fingerprint"].clone();
        stamp(&mut one).unwrap();
        assert_eq!(one["fingerprint"], first);
        one.insert("networkIP".to_owned(), "10.0.0.3".into());
        stamp(&mut one).unwrap();
        assert_ne!(one["fingerprint"], first);
    }
}
