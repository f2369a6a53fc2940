//! The ranges of a network's subnetworks: which there are, and whether a new one goes beside them (F22).

use crate::leases;
use crate::networks::peerings;
use crate::range::Range;
use crate::reference;
use compute_api::failure;
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Error, Result};
use serde_json::{Map, Value};

/// A range that a subnetwork has or wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// The range.
    pub range: Range,
    /// The name of a secondary one.
    pub name: Option<String>,
}

/// All ranges that a subnetwork has or wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted(pub Vec<New>);

impl Wanted {
    /// The primary range.
    pub fn primary(&self) -> Option<Range> {
        self.0.iter().find(|new| new.name.is_none()).map(|new| new.range)
    }

    /// The secondary range of a name.
    pub fn secondary(&self, name: &str) -> Option<Range> {
        self.0.iter().find(|new| new.name.as_deref() == Some(name)).map(|new| new.range)
    }
}

/// Reads the range of a field.
///
/// Errors: 400 for what is no range, or none that a subnetwork may have.
pub fn parse(field: &str, text: &str) -> Result<Range> {
    let Some(range) = Range::parse(text) else {
        let aligned = text.split_once('/').and_then(|(address, prefix)| {
            let prefix = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
            Some(Range::around(crate::range::parse_address(address)?, prefix))
        });
        let why = match aligned {
            Some(aligned) => format!("Invalid IPCidrRange: {text} is no network address; the range is {aligned}."),
            None => format!("Invalid IPCidrRange: {text} is no range of IPv4 addresses."),
        };
        return Err(failure::invalid(field, text, &why));
    };
    match range.objection() {
        Some(why) => Err(failure::invalid(field, text, &format!("Invalid IPCidrRange: {text}. {why}"))),
        None => Ok(range),
    }
}

/// The ranges of a subnetwork's document.
///
/// Errors: 400 for what is no range, for secondary ranges without a name, with the same name, or that overlap.
pub fn wanted(body: &Map<String, Value>) -> Result<Wanted> {
    let mut all: Vec<New> = Vec::new();
    if let Some(text) = body.get("ipCidrRange").and_then(Value::as_str) {
        all.push(New { range: parse("resource.ipCidrRange", text)?, name: None });
    }
    let secondary = body.get("secondaryIpRanges").and_then(Value::as_array).into_iter().flatten();
    for (at, item) in secondary.enumerate() {
        let field = format!("resource.secondaryIpRanges[{at}]");
        let text = |name: &str| item[name].as_str().ok_or_else(|| failure::required(&format!("{field}.{name}")));
        let name = text("rangeName")?;
        if !compute_api::schema::matches("[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?", name) {
            return Err(failure::invalid(
                &format!("{field}.rangeName"),
                name,
                "It has to be a name as RFC 1035 has them.",
            ));
        }
        let range = parse(&format!("{field}.ipCidrRange"), text("ipCidrRange")?)?;
        if all.iter().any(|other| other.name.as_deref() == Some(name)) {
            return Err(failure::invalid(
                &format!("{field}.rangeName"),
                name,
                "Two secondary ranges have the same name.",
            ));
        }
        if let Some(other) = all.iter().find(|other| other.range.overlaps(range)) {
            let message = format!(
                "Invalid IPCidrRange: {range} conflicts with the range {} of the same subnetwork.",
                other.range
            );
            return Err(Error::invalid(message));
        }
        all.push(New { range, name: Some(name.to_owned()) });
    }
    Ok(Wanted(all))
}

/// Refuses ranges that overlap those of other subnetworks of the network or of networks that it is connected to, or a static route.
///
/// Errors: 400.
pub fn check(tx: &Transaction, network: &Resource, path: &Path, wanted: &Wanted) -> Result<()> {
    let clash = |taken: &[(Range, Path)]| {
        let pairs =
            wanted.0.iter().flat_map(|new| taken.iter().map(move |(range, owner)| (new.range, *range, owner.clone())));
        pairs.into_iter().find(|(new, range, owner)| owner != path && range.overlaps(*new))
    };
    if let Some((new, _, owner)) = clash(&ranges_of(tx, &network.path)?) {
        return Err(conflict(new, &owner));
    }
    for peer in peerings::connected(tx, network)? {
        let mut taken = ranges_of(tx, &peer.path)?;
        taken.extend(peerings::beyond(tx, &peer, &network.path)?);
        if let Some((new, _, owner)) = clash(&taken) {
            let message = format!(
                "{} of the peer network '{}'.",
                conflict(new, &owner).message().trim_end_matches('.'),
                peer.path
            );
            return Err(Error::invalid(message));
        }
    }
    for new in &wanted.0 {
        if let Some(lease) = leases::within(tx, &network.path.to_string(), new.range)? {
            let message = format!("Invalid IPCidrRange: {} conflicts with the range of '{}'.", new.range, lease.owner);
            return Err(Error::invalid(message));
        }
    }
    for route in store::linked(tx, &network.path, "routes")? {
        let destination = route.text("destRange").and_then(Range::parse).filter(|range| range.prefix() > 0);
        let is_static = !route.body.contains_key("nextHopNetwork");
        let Some(destination) = destination.filter(|_| is_static) else { continue };
        if let Some(new) = wanted.0.iter().find(|new| new.range.covers(destination)) {
            let message =
                format!("Invalid IPCidrRange: {} conflicts with the existing route '{}'.", new.range, route.path.name);
            return Err(Error::invalid(message));
        }
    }
    Ok(())
}

fn conflict(range: Range, owner: &Path) -> Error {
    Error::invalid(format!(
        "Invalid IPCidrRange: {range} conflicts with existing subnetwork '{}' in region '{}'.",
        owner.name,
        owner.scope.region().unwrap_or_default()
    ))
}

/// All ranges of a network, each with its subnetwork.
pub fn ranges_of(tx: &Transaction, network: &Path) -> Result<Vec<(Range, Path)>> {
    let mut ranges = Vec::new();
    for subnetwork in store::linked(tx, network, "subnetworks")? {
        ranges.extend(ranges_in(&subnetwork).map(|range| (range, subnetwork.path.clone())));
    }
    Ok(ranges)
}

/// The ranges that a stored subnetwork has.
pub fn ranges_in(subnetwork: &Resource) -> impl Iterator<Item = Range> {
    let primary = subnetwork.text("ipCidrRange");
    let secondary = subnetwork.body.get("secondaryIpRanges").and_then(Value::as_array).into_iter().flatten();
    primary.into_iter().chain(secondary.filter_map(|range| range["ipCidrRange"].as_str())).filter_map(Range::parse)
}

/// The subnetwork that a body names, and whether it is of the network that it names too.
///
/// Errors: 400 for a reference that is none or another network's, 404.
pub fn subnetwork(tx: &Transaction, body: &Map<String, Value>) -> Result<Option<Resource>> {
    let Some(path) = reference::path(body, "subnetwork", "subnetworks")? else { return Ok(None) };
    let subnetwork = store::load(tx, &path)?;
    match reference::path(body, "network", "networks")? {
        Some(network) if Some(&network) != subnetwork.link("network").as_ref() => Err(Error::invalid(format!(
            "The subnetwork resource '{path}' does not belong to the network resource '{network}'."
        ))),
        _ => Ok(Some(subnetwork)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: Value) -> Result<Wanted> {
        wanted(body.as_object().unwrap())
    }

    #[test]
    fn f22_ranges_are_read_with_their_names() {
        let wanted = read(
            json!({"ipCidrRange": "10.0.0.0/24", "secondaryIpRanges": [{"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"}]}),
        );
        let wanted = wanted.unwrap();
        assert_eq!(wanted.primary(), Range::parse("10.0.0.0/24"));
        assert_eq!((wanted.secondary("pods"), wanted.secondary("x")), (Range::parse("10.4.0.0/14"), None));
    }

    #[test]
    fn f22_a_bad_range_says_what_is_wrong() {
        let message = |body| read(body).unwrap_err().message().to_owned();
        assert!(message(json!({"ipCidrRange": "10.0.0.5/24"})).contains("the range is 10.0.0.0/24"));
        assert!(
            message(json!({"ipCidrRange": "ten"}))
                .starts_with("Invalid value for field 'resource.ipCidrRange': 'ten'.")
        );
        assert!(message(json!({"ipCidrRange": "10.0.0.0/30"})).contains("/29"));
        let secondary = |name: &str, range: &str| json!({"ipCidrRange": "10.0.0.0/24", "secondaryIpRanges": [{"rangeName": name, "ipCidrRange": range}]});
        assert!(message(secondary("pods", "10.0.0.0/16")).contains("conflicts"));
        assert!(message(secondary("Pods", "10.4.0.0/16")).contains("rangeName"));
    }

    #[test]
    fn f22_a_conflict_names_the_subnetwork_and_its_region() {
        let owner = Path::parse("projects/p/regions/us-east1/subnetworks/x").unwrap();
        assert_eq!(
            conflict(Range::of([10, 0, 0, 0], 24), &owner).message(),
            "Invalid IPCidrRange: 10.0.0.0/24 conflicts with existing subnetwork 'x' in region 'us-east1'."
        );
    }
}
