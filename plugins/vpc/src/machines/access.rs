//! Access configurations: the external address of an interface.
//! <https://cloud.google.com/compute/docs/ip-addresses/configure-static-external-ip-address>

use super::interface::Owner;
use crate::leases::{self, EXTERNAL};
use crate::range;
use crate::reference::default;
use compute_api::store;
use compute_api::{failure, links};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Error, Result};
use serde_json::{Map, Value};

/// The access configurations of an interface's document.
pub fn configs(document: &mut Map<String, Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    let configs = document.get_mut("accessConfigs").and_then(Value::as_array_mut);
    configs.into_iter().flatten().filter_map(Value::as_object_mut)
}

/// Takes the external address that an interface asks for, and completes what it says of it.
///
/// Errors: 400 for two, for an address that is not the project's or is in use.
pub fn take(tx: &Transaction, owner: &Owner<'_>, document: &mut Map<String, Value>) -> Result<()> {
    if configs(document).count() > 1 {
        let why = "An interface has one access configuration at most.";
        return Err(failure::invalid("resource.networkInterfaces[].accessConfigs", "2", why));
    }
    for access in configs(document) {
        access.insert("kind".to_owned(), "compute#accessConfig".into());
        default(access, "type", "ONE_TO_ONE_NAT");
        default(access, "name", "External NAT");
        default(access, "networkTier", "PREMIUM");
        if access.get("natIP").and_then(Value::as_str).is_some_and(str::is_empty) {
            access.remove("natIP");
        }
        if let Some(bits) = named(tx, access)? {
            access.insert("natIP".to_owned(), range::address(bits).into());
            take_named(tx, owner, bits)?;
        }
    }
    complete(tx, owner, document).map(drop)
}

/// Finds an ephemeral address where one is asked for and none is there; says whether anything changed.
pub fn complete(tx: &Transaction, owner: &Owner<'_>, document: &mut Map<String, Value>) -> Result<bool> {
    let mut changed = false;
    for access in configs(document).filter(|access| owner.ephemeral && !access.contains_key("natIP")) {
        let bits = leases::free_external(tx)?;
        leases::give(tx, &owner.lease(EXTERNAL, bits))?;
        access.insert("natIP".to_owned(), range::address(bits).into());
        changed = true;
    }
    Ok(changed)
}

/// The address that a configuration names, by itself or as a resource.
fn named(tx: &Transaction, access: &Map<String, Value>) -> Result<Option<u32>> {
    let text = match links::field(access, "natIP") {
        Some(path) => store::load(tx, &path)?.text("address").map(str::to_owned),
        None => access.get("natIP").and_then(Value::as_str).map(str::to_owned),
    };
    let Some(text) = text else { return Ok(None) };
    let bits = range::parse_address(&text);
    let why = "It has to be an IPv4 address.";
    bits.map(Some).ok_or_else(|| failure::invalid("resource.networkInterfaces[].accessConfigs[].natIP", &text, why))
}

fn take_named(tx: &Transaction, owner: &Owner<'_>, bits: u32) -> Result<()> {
    let reserved = leases::at(tx, EXTERNAL, bits)?.is_some_and(|lease| owner.may_use(&lease));
    if reserved || owner.had(EXTERNAL, bits) {
        return owner.take(tx, EXTERNAL, bits);
    }
    let region = owner.machine.path.scope.region().unwrap_or_default();
    let message =
        format!("The specified external IP address '{}' was not found in region '{region}'.", range::address(bits));
    Err(Error::invalid(message))
}
