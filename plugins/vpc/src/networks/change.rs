//! Networks are made, changed and deleted.

use super::is_auto;
use crate::{defaults, effects, reference, routes};
use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use compute_api::{change, failure};
use fogbank_sdk::db::{Transaction, params};
use fogbank_sdk::{Reply, Request, Result};
use serde_json::{Map, Value};

/// `POST .../networks`
///
/// Errors: 400 for a legacy network, 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let body = call.body(&mut request)?;
    refuse_legacy(&body)?;
    change::insert(&call, body, |tx, network| {
        super::complete(tx, network)?;
        Ok(Then::Done)
    })
}

fn refuse_legacy(body: &Map<String, Value>) -> Result<()> {
    match body.get("IPv4Range").and_then(Value::as_str) {
        Some(range) => Err(failure::invalid(
            "resource.IPv4Range",
            range,
            "Legacy networks can no longer be created. Create a VPC network with subnets instead.",
        )),
        None => Ok(()),
    }
}

/// `PATCH .../networks/N`
///
/// Errors: 400 for what cannot be changed, 404.
pub fn patch(mut request: Request) -> Result<Reply> {
    change::patch(&mut request, |tx, before, network| {
        refuse_legacy(&network.body)?;
        reference::immutable(before, network, &["autoCreateSubnetworks", "description", "networkProfile"])?;
        super::settings(&mut network.body)?;
        effects::follow(tx, std::slice::from_ref(&network.path))
    })
}

/// `POST .../networks/N/switchToCustomMode`
///
/// Errors: 400 where it is in custom mode.
pub fn switch_to_custom_mode(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    change::change(&call, &path, |_, network| {
        if !is_auto(network) {
            return Err(fogbank_sdk::Error::invalid(format!("The network '{path}' is in custom mode already.")));
        }
        network.set("autoCreateSubnetworks", false);
        Ok(Then::Done)
    })
}

/// `DELETE .../networks/N`: with all that is there only because the network is.
///
/// Routes go with their network, and so do routers that do nothing and the rules that came with the default network: gcloud's
/// command to delete a network is expected to work without deleting those before.
///
/// Errors: 404; 400 where a machine, a subnetwork of a client's, a rule or a peering needs it.
pub fn delete(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    change::delete(&call, &path, |tx, network| {
        if let Some(peering) = network.body.get("peerings").and_then(Value::as_array).and_then(|all| all.first()) {
            let name = peering["name"].as_str().unwrap_or_default();
            return Err(failure::in_use(&path, &format!("{path}/peerings/{name}")));
        }
        remove_generated(tx, network)?;
        Ok(Then::Done)
    })
}

fn remove_generated(tx: &Transaction, network: &Resource) -> Result<()> {
    let users: Vec<Path> = store::users_of(tx, &network.path)?.iter().filter_map(|user| Path::parse(user)).collect();
    for user in of(&users, "subnetworks") {
        if let Some(machine) = crate::leases::machine_in(tx, user)? {
            return Err(failure::in_use(&network.path, &machine));
        }
        let subnetwork = store::load(tx, user)?;
        if is_auto(network) && is_generated(network, &subnetwork) {
            store::delete(tx, user)?;
        }
    }
    for user in of(&users, "routers") {
        let router = store::load(tx, user)?;
        if ["nats", "interfaces", "bgpPeers"].iter().all(|field| !router.body.contains_key(*field)) {
            store::delete(tx, user)?;
        }
    }
    for user in of(&users, "firewalls") {
        if defaults::is_untouched(&store::load(tx, user)?) {
            store::delete(tx, user)?;
        }
    }
    // What is in the way is told before the routes, which never are.
    let remaining = "SELECT source FROM link JOIN resource ON resource.path = link.source \
                     WHERE link.target = $1 AND resource.collection <> $2 ORDER BY source LIMIT 1";
    if let Some(user) = tx.query_one(remaining, params![network.path.to_string(), "routes"])? {
        return Err(failure::in_use(&network.path, &user.get::<String>("source")?));
    }
    routes::generated::remove_all(tx, &of(&users, "routes").cloned().collect::<Vec<_>>())
}

fn of<'a>(users: &'a [Path], collection: &'a str) -> impl Iterator<Item = &'a Path> {
    users.iter().filter(move |user| user.collection == collection)
}

/// Whether the network made the subnetwork: it has the network's name, and a range of auto mode.
pub fn is_generated(network: &Resource, subnetwork: &Resource) -> bool {
    let range = subnetwork.text("ipCidrRange").and_then(crate::range::Range::parse);
    subnetwork.path.name == network.path.name && range.is_some_and(|range| crate::range::AUTO.covers(range))
}
