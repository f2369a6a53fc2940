//! What a network is at one moment, as far as its machines have to know.

use super::row::{self, Machine, Nic};
use crate::networks::peerings;
use crate::range::{self, Range};
use crate::subnetworks::space;
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use fogbank_sdk::Result;
use fogbank_sdk::db::Transaction;

/// A network with everything on it.
#[derive(Clone)]
pub struct Snapshot {
    /// The network.
    pub network: Resource,
    /// Its subnetworks.
    pub subnetworks: Vec<Resource>,
    /// Firewall rules.
    pub firewalls: Vec<Resource>,
    /// Routes of all kinds.
    pub routes: Vec<Resource>,
    /// Routers, for their NATs.
    pub routers: Vec<Resource>,
    /// Interfaces on the network, each with its machine.
    pub members: Vec<(Machine, Nic)>,
    /// Networks that it is connected to.
    pub peers: Vec<Peer>,
}

/// A network that another one is connected to.
#[derive(Clone)]
pub struct Peer {
    /// The network.
    pub network: Resource,
    /// The ranges of its subnetworks.
    pub ranges: Vec<Range>,
    /// Its static routes, where both sides exchange them: destination, and the address of the next hop.
    pub routes: Vec<(Range, u32)>,
}

/// Reads a network; nothing where it is gone.
pub fn load(tx: &Transaction, path: &Path) -> Result<Option<Snapshot>> {
    let Some(network) = store::find(tx, path)? else { return Ok(None) };
    let members = members(tx, path)?;
    let mut peers = Vec::new();
    for peer in peerings::connected(tx, &network)? {
        let ranges = space::ranges_of(tx, &peer.path)?.into_iter().map(|(range, _)| range).collect();
        let mut routes = Vec::new();
        if peerings::gives_routes(&peer, &network) {
            let machines = self::members(tx, &peer.path)?;
            let custom = peerings::custom_routes(tx, &peer.path)?;
            routes.extend(custom.iter().filter_map(|(range, route)| Some((*range, next_hop(route, &machines)?))));
        }
        peers.push(Peer { network: peer, ranges, routes });
    }
    Ok(Some(Snapshot {
        subnetworks: store::linked(tx, path, "subnetworks")?,
        firewalls: store::linked(tx, path, "firewalls")?,
        routes: store::linked(tx, path, "routes")?,
        routers: store::linked(tx, path, "routers")?,
        network,
        members,
        peers,
    }))
}

fn members(tx: &Transaction, network: &Path) -> Result<Vec<(Machine, Nic)>> {
    let mut members = Vec::new();
    for machine in row::of_network(tx, network)? {
        let nics = row::nics_of(tx, machine.id)?;
        members.extend(nics.into_iter().filter(|nic| nic.network == *network).map(|nic| (machine.clone(), nic)));
    }
    Ok(members)
}

/// The address that a route sends packets to: one that it names, or that of the instance.
pub fn next_hop(route: &Resource, members: &[(Machine, Nic)]) -> Option<u32> {
    if let Some(address) = route.text("nextHopIp") {
        return range::parse_address(address);
    }
    let instance = route.link("nextHopInstance")?;
    members.iter().find(|(machine, _)| machine.path == instance).map(|(_, nic)| nic.address)
}
