//! Alias ranges of an interface. <https://cloud.google.com/vpc/docs/alias-ip>

use super::interface::Owner;
use crate::addresses::choose;
use crate::leases::{self, Lease};
use crate::range::Range;
use crate::subnetworks::space;
use compute_api::failure;
use compute_api::store::Resource;
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Error, Result};
use serde_json::{Map, Value};

const FIELD: &str = "resource.networkInterfaces[].aliasIpRanges[]";

/// What an alias asks for: a range, or its length alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Range(Range),
    Any(u8),
}

/// Takes the alias ranges that an interface asks for.
///
/// Errors: 400 for a range outside of the subnetwork's, or in use.
pub fn take(
    tx: &Transaction,
    owner: &Owner<'_>,
    subnetwork: &Resource,
    document: &mut Map<String, Value>,
) -> Result<()> {
    let ranges = space::wanted(&subnetwork.body)?;
    let aliases = document.get_mut("aliasIpRanges").and_then(Value::as_array_mut);
    for alias in aliases.into_iter().flatten().filter_map(Value::as_object_mut) {
        let name = alias.get("subnetworkRangeName").and_then(Value::as_str).filter(|name| !name.is_empty());
        let within = match name {
            None => ranges.primary(),
            Some(name) => Some(ranges.secondary(name).ok_or_else(|| {
                let why = format!("The subnetwork '{}' has no such secondary range.", subnetwork.path);
                failure::invalid(&format!("{FIELD}.subnetworkRangeName"), name, &why)
            })?),
        };
        let within = within.ok_or_else(|| failure::not_ready(&subnetwork.path))?;
        let range = find(tx, subnetwork, within, name.is_none(), wanted(alias)?)?;
        let lease = owner.lease(&subnetwork.path.to_string(), range.first());
        leases::give(tx, &Lease { last: range.last(), ..lease })?;
        alias.insert("ipCidrRange".to_owned(), range.to_string().into());
    }
    Ok(())
}

fn wanted(alias: &Map<String, Value>) -> Result<Wanted> {
    let text = alias
        .get("ipCidrRange")
        .and_then(Value::as_str)
        .ok_or_else(|| failure::required(&format!("{FIELD}.ipCidrRange")))?;
    let length =
        text.strip_prefix('/').and_then(|length| length.parse().ok()).filter(|length| (8..=32).contains(length));
    let wanted = length.map(Wanted::Any).or_else(|| Range::parse_or_address(text).map(Wanted::Range));
    wanted.ok_or_else(|| {
        failure::invalid(
            &format!("{FIELD}.ipCidrRange"),
            text,
            "It has to be a range, an address, or a length such as /24.",
        )
    })
}

fn find(tx: &Transaction, subnetwork: &Resource, within: Range, primary: bool, wanted: Wanted) -> Result<Range> {
    let pool = subnetwork.path.to_string();
    let bounds = if primary { within.usable() } else { (within.first(), within.last()) };
    match wanted {
        Wanted::Any(prefix) => {
            let free = leases::free_block(tx, &pool, bounds, prefix)?;
            free.map(|first| Range::around(first, prefix)).ok_or_else(|| choose::exhausted(&subnetwork.path, within))
        }
        Wanted::Range(range) if !within.covers(range) || range.first() < bounds.0 || range.last() > bounds.1 => {
            let why = format!("It is outside of the addresses of {within} that machines may have.");
            Err(failure::invalid(&format!("{FIELD}.ipCidrRange"), range, &why))
        }
        Wanted::Range(range) => match leases::within(tx, &pool, range)? {
            Some(lease) => {
                Err(Error::invalid(format!("The alias range {range} is already being used by '{}'.", lease.owner)))
            }
            None => Ok(range),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines::interface::document;
    use serde_json::json;

    #[test]
    fn an_alias_is_a_range_an_address_or_a_length() {
        let read = |text: &str| wanted(&document(json!({"ipCidrRange": text})));
        assert_eq!(read("/24").unwrap(), Wanted::Any(24));
        assert_eq!(read("10.4.1.0/24").unwrap(), Wanted::Range(Range::of([10, 4, 1, 0], 24)));
        assert_eq!(read("10.4.1.5").unwrap(), Wanted::Range(Range::of([10, 4, 1, 5], 32)));
        for text in ["", "/", "/33", "/4", "10.4.1.5/24", "pods"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
