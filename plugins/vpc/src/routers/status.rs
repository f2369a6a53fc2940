//! What a router does now.

use crate::machines::row::{self, Machine};
use crate::range;
use compute_api::call::Call;
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use compute_api::{failure, links, list as lists};
use fogbank_sdk::db::{self, Transaction};
use fogbank_sdk::{Reply, Request, Response, Result};
use serde_json::{Value, json};

/// Ports that a machine has of a NAT where nothing is said.
const PORTS: u64 = 64;

/// `GET .../routers/R/getRouterStatus`
///
/// Errors: 404.
pub fn get_router_status(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let mut answer = db::read(|tx| {
        let router = store::load(tx, &path)?;
        let mut result = json!({"network": router.body.get("network")});
        let mut nats = Vec::new();
        for nat in items(&router, "nats") {
            nats.push(nat_status(tx, &router, nat)?);
        }
        let peers: Vec<Value> = items(&router, "bgpPeers").map(peer_status).collect();
        for (field, list) in [("natStatus", nats), ("bgpPeerStatus", peers)] {
            if !list.is_empty() {
                result[field] = Value::Array(list);
            }
        }
        Ok(json!({"kind": "compute#routerStatusResponse", "result": result}))
    })?;
    links::expand(&mut answer, &call.base);
    Ok(Response::json(&answer).into())
}

fn nat_status(tx: &Transaction, router: &Resource, nat: &Value) -> Result<Value> {
    let mut status = json!({
        "name": nat["name"],
        "minExtraNatIpsNeeded": 0,
        "numVmEndpointsWithNatMappings": translated(tx, router, nat)?.len(),
    });
    let addresses = addresses(tx, nat)?;
    if !addresses.is_empty() {
        status["userAllocatedNatIpResources"] = nat["natIps"].clone();
        status["userAllocatedNatIps"] = json!(addresses);
    }
    Ok(status)
}

/// Sessions are never up: there is nobody at the other end.
fn peer_status(peer: &Value) -> Value {
    let mut status = json!({"name": peer["name"], "status": "DOWN", "state": "Idle", "numLearnedRoutes": 0});
    for (field, of) in [("ipAddress", "ipAddress"), ("peerIpAddress", "peerIpAddress")] {
        if let Some(value) = peer.get(of) {
            status[field] = value.clone();
        }
    }
    status
}

/// The addresses that a NAT was given.
fn addresses(tx: &Transaction, nat: &Value) -> Result<Vec<Value>> {
    let mut addresses = Vec::new();
    for text in nat["natIps"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let path = text.strip_prefix(compute_api::path::MARK).and_then(Path::parse);
        let address = path.map(|path| store::find(tx, &path)).transpose()?.flatten();
        addresses.extend(address.and_then(|address| address.body.get("address").cloned()));
    }
    Ok(addresses)
}

/// The machines whose traffic to the internet a NAT carries: in its subnetworks, running, without an external address.
fn translated(tx: &Transaction, router: &Resource, nat: &Value) -> Result<Vec<(Machine, row::Nic)>> {
    let Some(network) = router.link("network") else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for machine in row::of_network(tx, &network)?.into_iter().filter(|machine| machine.running) {
        for nic in row::nics_of(tx, machine.id)? {
            if nic.network == network && nic.external().is_none() && covers(router, nat, &nic.subnetwork) {
                found.push((machine.clone(), nic));
            }
        }
    }
    Ok(found)
}

/// Whether a NAT is for a subnetwork: one of the router's region, of its network, that it lists or does not have to.
pub fn covers(router: &Resource, nat: &Value, subnetwork: &Path) -> bool {
    if subnetwork.scope != router.path.scope || nat["type"] == "PRIVATE" {
        return false;
    }
    if nat["sourceSubnetworkIpRangesToNat"] != "LIST_OF_SUBNETWORKS" {
        return true;
    }
    let listed = nat["subnetworks"].as_array().into_iter().flatten().filter_map(|listed| listed["name"].as_str());
    listed.filter_map(|text| Path::parse_reference(text, &router.path.project)).any(|listed| listed == *subnetwork)
}

/// `GET .../routers/R/getNatMappingInfo`: the machines that a NAT is for. Which ports they have at a moment only the host's kernel
/// knows, so no ranges of ports are named.
///
/// Errors: 404.
pub fn get_nat_mapping_info(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let named = request.query("natName").unwrap_or_default().to_owned();
    let items = db::read(|tx| {
        let router = store::load(tx, &path)?;
        let mut all = Vec::new();
        for nat in items(&router, "nats").filter(|nat| named.is_empty() || nat["name"] == *named) {
            let ports = nat["minPortsPerVm"].as_u64().unwrap_or(PORTS);
            for (machine, nic) in translated(tx, &router, nat)? {
                let mapping = json!({"sourceVirtualIp": range::address(nic.address), "sourceAliasIpRange": "",
                    "numTotalNatPorts": ports, "natIpPortRanges": []});
                all.push(json!({"instanceName": machine.path.name, "interfaceNatMappings": [mapping]}));
            }
        }
        Ok(all)
    })?;
    lists::of_items(&request, &call, items).map(Reply::from)
}

/// `GET .../routers/R/getNatIpInfo`
///
/// Errors: 404 for the router or the NAT.
pub fn get_nat_ip_info(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let named = request.query("natName").unwrap_or_default().to_owned();
    let result = db::read(|tx| {
        let router = store::load(tx, &path)?;
        let mut all = Vec::new();
        for nat in items(&router, "nats").filter(|nat| named.is_empty() || nat["name"] == *named) {
            let usage = if translated(tx, &router, nat)?.is_empty() { "UNUSED" } else { "IN_USE" };
            let mappings: Vec<Value> = addresses(tx, nat)?
                .into_iter()
                .map(|ip| json!({"natIp": ip, "mode": "MANUAL", "usage": usage}))
                .collect();
            all.push(json!({"natName": nat["name"], "natIpInfoMappings": mappings}));
        }
        match all.is_empty() && !named.is_empty() {
            true => Err(failure::not_found(&path.sibling("routers", &format!("{}/nats/{named}", path.name)))),
            false => Ok(all),
        }
    })?;
    Ok(Response::json(&json!({"result": result})).into())
}

/// `GET .../routers/R/listBgpRoutes`: none, for no session is up.
///
/// Errors: 404.
pub fn list_bgp_routes(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    store::get(&call.target(&request)?)?;
    Ok(Response::json(&lists::answer(&call, Vec::new(), None)).into())
}

fn items<'a>(router: &'a Resource, field: &str) -> impl Iterator<Item = &'a Value> {
    router.body.get(field).and_then(Value::as_array).into_iter().flatten()
}
