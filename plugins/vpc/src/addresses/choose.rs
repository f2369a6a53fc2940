//! Which address a new address resource gets.

use crate::leases::{self, EXTERNAL, EXTERNAL_RANGE, Lease};
use crate::range::{self, Range};
use crate::{reference, subnetworks};
use compute_api::failure;
use compute_api::path::{Path, Scope};
use compute_api::store::{self, Resource};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Code, Error, Result};
use serde_json::Value;

/// Where ranges for services' networks are looked for when none is named.
const SERVICES: Range = Range::of([10, 0, 0, 0], 8);

/// The address that the body names.
///
/// Errors: 400 for what is none.
fn named(address: &Resource) -> Result<Option<u32>> {
    match address.text("address").filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => match range::parse_address(text) {
            Some(bits) => Ok(Some(bits)),
            None => Err(failure::invalid("resource.address", text, "It has to be an IPv4 address.")),
        },
    }
}

/// 400 for an address that somebody has.
pub fn in_use(address: u32) -> Error {
    let message = format!("IP '{}' is already being used by another resource.", range::address(address));
    Error::new(Code::InvalidArgument, "ipInUseByAnotherResource", message)
}

/// Takes an external address: a free one, or the ephemeral one of a machine of the project, which it keeps.
///
/// Errors: 400 for an address that no machine of the project has.
pub fn external(tx: &Transaction, address: &mut Resource) -> Result<()> {
    let Some(bits) = named(address)? else {
        let bits = leases::free_external(tx)?;
        address.set("address", range::address(bits));
        return leases::give(tx, &Lease::of(EXTERNAL, bits, &address.path));
    };
    let lease = leases::at(tx, EXTERNAL, bits)?;
    match lease.filter(|lease| is_machines(lease, &address.path.project)) {
        Some(lease) => leases::set_owner(tx, &lease, &address.path),
        None => {
            let why = format!(
                "External addresses are chosen by the service, from {EXTERNAL_RANGE}; only one that a machine has now can be named."
            );
            Err(failure::invalid("resource.address", range::address(bits), &why))
        }
    }
}

fn is_machines(lease: &Lease, project: &str) -> bool {
    Path::parse(&lease.owner).is_some_and(|owner| owner.collection == "instances" && owner.project == project)
}

/// Takes an address of a subnetwork.
///
/// Errors: 400 for an address outside, or that somebody has; 404 for a subnetwork that is not there.
pub fn internal(tx: &Transaction, address: &mut Resource, region: &str) -> Result<()> {
    let subnetwork = match subnetworks::space::subnetwork(tx, &address.body)? {
        Some(subnetwork) => subnetwork,
        None => store::load(tx, &default_subnetwork(address, region)?)?,
    };
    if subnetwork.path.scope.region() != Some(region) {
        return Err(failure::invalid("resource.subnetwork", &subnetwork.path, "It is in another region."));
    }
    address.body.remove("network");
    address.set("subnetwork", subnetwork.path.marked());
    let range = subnetwork.text("ipCidrRange").and_then(Range::parse);
    let range = range.ok_or_else(|| failure::not_ready(&subnetwork.path))?;
    let pool = subnetwork.path.to_string();
    let Some(bits) = named(address)? else {
        let (first, last) = range.usable();
        let bits = leases::lowest_free(tx, &pool, first, last)?.ok_or_else(|| exhausted(&subnetwork.path, range))?;
        address.set("address", range::address(bits));
        return leases::give(tx, &Lease::of(pool, bits, &address.path));
    };
    refuse_unusable("resource.address", range, bits)?;
    match leases::at(tx, &pool, bits)? {
        None => leases::give(tx, &Lease::of(pool, bits, &address.path)),
        Some(lease) if lease.first == lease.last && is_machines(&lease, &address.path.project) => {
            leases::set_owner(tx, &lease, &address.path)
        }
        Some(_) => Err(in_use(bits)),
    }
}

/// Refuses an address that no machine of the range can have.
///
/// Errors: 400.
pub fn refuse_unusable(field: &str, range: Range, bits: u32) -> Result<()> {
    let (first, last) = range.usable();
    let why = match range.contains(bits) {
        true if (first..=last).contains(&bits) => return Ok(()),
        true => "The first two and the last two addresses of a subnetwork are reserved.".to_owned(),
        false => format!("It is outside of the subnetwork's range {range}."),
    };
    Err(failure::invalid(field, range::address(bits), &why))
}

/// 400 where a subnetwork has no address left.
pub fn exhausted(subnetwork: &Path, range: Range) -> Error {
    let message = format!("IP space of '{subnetwork}' is exhausted: no address of {range} is free.");
    Error::new(Code::InvalidArgument, "ipSpaceExhausted", message)
}

fn default_subnetwork(address: &Resource, region: &str) -> Result<Path> {
    let network = reference::path(&address.body, "network", "networks")?;
    let network = network.unwrap_or_else(|| reference::default_network(&address.path.project));
    Ok(Path::new(&network.project, Scope::Region(region.to_owned()), "subnetworks", &network.name))
}

/// Takes a range of a network for the network of a service, or an address in it for an endpoint.
///
/// Errors: 400 without a network, for a range that overlaps, a length that does not go.
pub fn of_network(tx: &Transaction, address: &mut Resource) -> Result<()> {
    let network = reference::network(tx, &mut address.body, None)?;
    let is_range = address.text("purpose") == Some("VPC_PEERING");
    let prefix = match address.body.get("prefixLength").and_then(Value::as_u64) {
        Some(prefix) if is_range => u8::try_from(prefix).ok().filter(|prefix| (8..=29).contains(prefix)),
        None if is_range => return Err(failure::required("resource.prefixLength")),
        _ => Some(32),
    };
    let prefix = prefix.ok_or_else(|| {
        failure::invalid("resource.prefixLength", &address.body["prefixLength"], "It has to be from 8 to 29.")
    })?;
    let mut taken: Vec<(u32, u32)> =
        subnetworks::ranges_of(tx, &network.path)?.iter().map(|(range, _)| (range.first(), range.last())).collect();
    let pool = network.path.to_string();
    let range = match named(address)? {
        Some(bits) if Range::around(bits, prefix).first() != bits => {
            return Err(failure::invalid(
                "resource.address",
                range::address(bits),
                "It is not the first address of such a range.",
            ));
        }
        Some(bits) => Range::around(bits, prefix),
        None => {
            taken.extend(pairs(tx, &pool)?);
            taken.sort_unstable();
            let bits = range::free(SERVICES.first(), SERVICES.last(), prefix, &taken);
            Range::around(bits.ok_or_else(|| exhausted(&network.path, SERVICES))?, prefix)
        }
    };
    let clash = taken.iter().any(|(first, last)| *first <= range.last() && range.first() <= *last);
    if clash || leases::within(tx, &pool, range)?.is_some() {
        return Err(failure::invalid("resource.address", range, "It overlaps a range of the network that is in use."));
    }
    address.set("address", range::address(range.first()));
    leases::give(tx, &Lease { last: range.last(), ..Lease::of(pool, range.first(), &address.path) })
}

fn pairs(tx: &Transaction, pool: &str) -> Result<Vec<(u32, u32)>> {
    Ok(leases::of_pool(tx, pool)?.into_iter().map(|lease| (lease.first, lease.last)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_at_the_ends_of_a_range_are_refused() {
        let range = Range::of([10, 0, 0, 0], 24);
        let at = |last: u8| refuse_unusable("resource.address", range, u32::from_be_bytes([10, 0, 0, last]));
        assert!(at(2).is_ok() && at(253).is_ok());
        for last in [0, 1, 254, 255] {
            assert!(at(last).unwrap_err().message().contains("reserved"), "{last}");
        }
        let outside = refuse_unusable("resource.address", range, u32::from_be_bytes([10, 0, 1, 7])).unwrap_err();
        assert!(outside.message().contains("outside"));
    }
}
