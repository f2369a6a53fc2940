//! The configuration of a machine's nic: what its networks are, and which rules they have for this machine. It follows from rows
//! and from Docker's bridges alone, so that the same state gives the same bytes.

use super::names;
use super::row::{Machine, Nic};
use super::rules;
use super::snapshot::{self, Peer, Snapshot};
use crate::range::{self, Range};
use crate::routers::status;
use crate::routes::generated;
use compute_api::path::Path;
use compute_api::store::Resource;
use fogbank_sdk::{Error, Result};
use machine_config::{Cidr, Configuration, Egress, Endpoint, Interface};
use serde_json::Value;
use std::net::Ipv4Addr;

/// A bridge: the network whose it is, and its own address.
pub type Bridges = Vec<(Path, Ipv4Addr)>;

/// The networks whose bridges a machine is on: its own first, and those that the first of them is connected to by their bridges.
pub fn networks(nics: &[Nic], snapshots: &[Snapshot]) -> Vec<Path> {
    let mut networks: Vec<Path> = nics.iter().map(|nic| nic.network.clone()).collect();
    let home = nics.first().and_then(|nic| find(snapshots, &nic.network));
    let away = home.into_iter().flat_map(|home| peers(home, nics).filter(|peer| !meets_at_home(home, peer)));
    networks.extend(away.map(|peer| peer.network.path.clone()));
    networks
}

/// The networks that the machine's first one is connected to, less those that it is on itself.
fn peers<'a>(home: &'a Snapshot, nics: &'a [Nic]) -> impl Iterator<Item = &'a Peer> {
    home.peers.iter().filter(|peer| !nics.iter().any(|nic| nic.network == peer.network.path))
}

/// Two connected networks meet on one bridge, so that packets go and come back over the same device: that of the lower id.
fn meets_at_home(home: &Snapshot, peer: &Peer) -> bool {
    home.network.id < peer.network.id
}

fn ranges_of(peer: &Peer) -> impl Iterator<Item = machine_config::Range> {
    let ranges = peer.ranges.iter().map(|range| (*range, None));
    let routes = peer.routes.iter().map(|(range, hop)| (*range, Some(*hop)));
    ranges.chain(routes).filter(|(range, _)| range.prefix() > 0).map(wire)
}

fn find<'a>(snapshots: &'a [Snapshot], network: &Path) -> Option<&'a Snapshot> {
    snapshots.iter().find(|snapshot| snapshot.network.path == *network)
}

/// The configuration of a machine.
///
/// Errors: 404 where a bridge is missing; internal where a network of the machine is.
pub fn of(
    machine: &Machine,
    nics: &[Nic],
    snapshots: &[Snapshot],
    bridges: &Bridges,
    endpoint: Endpoint,
) -> Result<Configuration> {
    let mut interfaces = Vec::new();
    let mut all_rules = Vec::new();
    for (at, nic) in nics.iter().enumerate() {
        let snapshot = find(snapshots, &nic.network).ok_or_else(|| missing(&nic.network))?;
        interfaces.push(interface(machine, nic, snapshot, gateway(bridges, &nic.network)?)?);
        let places = if nics.len() > 1 { vec![at] } else { Vec::new() };
        all_rules.extend(rules::of(machine, nic, snapshot, &places));
    }
    let first = nics.first().ok_or_else(|| Error::internal(format!("{} has no interface", machine.path)))?;
    let home = find(snapshots, &first.network).ok_or_else(|| missing(&first.network))?;
    for peer in peers(home, nics) {
        if meets_at_home(home, peer) {
            interfaces[0].ranges.extend(ranges_of(peer));
            continue;
        }
        interfaces.push(Interface {
            gateway: gateway(bridges, &peer.network.path)?,
            address: None,
            aliases: Vec::new(),
            ranges: ranges_of(peer).collect(),
        });
    }
    let domain = names::domain(&machine.path.project);
    Ok(Configuration {
        endpoint,
        hostname: names::full_name(machine),
        search: vec![
            format!("{}.c.{domain}.internal", machine.zone()),
            format!("c.{domain}.internal"),
            "google.internal".to_owned(),
        ],
        resolvers: Vec::new(),
        services: services(first, home),
        interfaces,
        egress: egress(machine, first, home),
        can_ip_forward: machine.can_ip_forward,
        rules: all_rules,
    })
}

fn missing(network: &Path) -> Error {
    Error::internal(format!("the network {network} is not there"))
}

fn gateway(bridges: &Bridges, network: &Path) -> Result<Ipv4Addr> {
    let found = bridges.iter().find(|(path, _)| path == network);
    found
        .map(|(_, gateway)| *gateway)
        .ok_or_else(|| Error::not_found(format!("The network '{network}' has no bridge.")))
}

fn interface(machine: &Machine, nic: &Nic, snapshot: &Snapshot, gateway: Ipv4Addr) -> Result<Interface> {
    let own = snapshot.subnetworks.iter().flat_map(crate::subnetworks::space::ranges_in).map(|range| (range, None));
    let mut ranges: Vec<(Range, Option<u32>)> = own.collect();
    let mut routes: Vec<&Resource> = snapshot.routes.iter().filter(|route| applies(route, machine)).collect();
    routes.sort_by_key(|route| (route.body.get("priority").and_then(Value::as_u64), route.path.name.clone()));
    for route in routes {
        let destination = route.text("destRange").and_then(Range::parse).filter(|range| range.prefix() > 0);
        let hop = snapshot::next_hop(route, &snapshot.members).filter(|hop| *hop != nic.address);
        // Of routes with the same destination that with the least priority holds, and a subnetwork's before any.
        if let (Some(destination), Some(hop)) = (destination, hop)
            && !ranges.iter().any(|(range, _)| *range == destination)
        {
            ranges.push((destination, Some(hop)));
        }
    }
    Ok(Interface {
        gateway,
        address: Some(Ipv4Addr::from_bits(nic.address)),
        aliases: nic.aliases().map(cidr).collect(),
        ranges: ranges.into_iter().map(wire).collect(),
    })
}

/// Whether a route is for a machine: for all, or for one of its tags.
fn applies(route: &Resource, machine: &Machine) -> bool {
    let mut tags = crate::reference::texts(&route.body, "tags").peekable();
    tags.peek().is_none() || tags.any(|tag| machine.tags.iter().any(|own| own == tag))
}

/// Private Google Access: the API's hosts are Fogbank.
fn services(nic: &Nic, snapshot: &Snapshot) -> Vec<String> {
    let subnetwork = snapshot.subnetworks.iter().find(|subnetwork| subnetwork.path == nic.subnetwork);
    let access = subnetwork.and_then(|subnetwork| subnetwork.body.get("privateIpGoogleAccess"));
    if access == Some(&Value::Bool(true)) { vec!["googleapis.com".to_owned()] } else { Vec::new() }
}

/// The machine reaches the internet where a route leads there, and it has an external address or a NAT is for its subnetwork.
fn egress(machine: &Machine, nic: &Nic, snapshot: &Snapshot) -> Egress {
    let gateway = generated::internet_gateway(&snapshot.network.path.project);
    let default = snapshot.routes.iter().any(|route| {
        route.text("destRange") == Some("0.0.0.0/0")
            && route.link("nextHopGateway").as_ref() == Some(&gateway)
            && applies(route, machine)
    });
    let translated = snapshot.routers.iter().any(|router| {
        let nats = router.body.get("nats").and_then(Value::as_array).into_iter().flatten();
        nats.into_iter().any(|nat| status::covers(router, nat, &nic.subnetwork))
    });
    if default && (nic.external().is_some() || translated) { Egress::Nat } else { Egress::None }
}

/// A range in the words of the nic's configuration.
pub fn cidr(range: Range) -> Cidr {
    Cidr::around(Ipv4Addr::from_bits(range.first()), range.prefix())
}

fn wire((range, hop): (Range, Option<u32>)) -> machine_config::Range {
    machine_config::Range { range: cidr(range), next_hop: hop.map(Ipv4Addr::from_bits) }
}

/// External addresses of a machine.
pub fn external(nics: &[Nic]) -> Vec<String> {
    nics.iter().filter_map(Nic::external).map(range::address).collect()
}
