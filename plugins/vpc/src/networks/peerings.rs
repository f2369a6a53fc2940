//! Peerings: two networks whose machines reach each other once both sides have asked for it.
//! <https://cloud.google.com/vpc/docs/vpc-peering>
//!
//! A peering stands in the document of the network that asked; the other side is named by its path without a mark, for it need not
//! exist, and may go.

use crate::range::Range;
use crate::{effects, reference, subnetworks};
use compute_api::call::Call;
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use compute_api::{change, failure, links, list as lists};
use fogbank_sdk::db::{self, Transaction};
use fogbank_sdk::{Code, Error, Reply, Request, Response, Result};
use serde_json::{Map, Value, json};

/// `POST .../networks/N/addPeering`
///
/// Errors: 400 for a peering with itself, a second one with the same network, or ranges that overlap; 404; 409 for a name that is taken.
pub fn add_peering(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let peering = peering_of(body)?;
    change::change(&call, &path, |tx, network| {
        let peer = peer_of(&peering).ok_or_else(|| failure::required("networkPeering.network"))?;
        refuse_twice(network, &peering, &peer)?;
        push(network, peering.clone());
        if let Some(other) = other_side(tx, &network.path, &peer)? {
            refuse_overlap(tx, network, &other)?;
        }
        effects::follow(tx, &[path.clone(), peer])
    })
}

/// `PATCH .../networks/N/updatePeering`
///
/// Errors: 404 for a peering that is not there.
pub fn update_peering(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let mut body = call.body(&mut request)?;
    let Some(Value::Object(mut update)) = body.remove("networkPeering") else {
        return Err(failure::required("networkPeering"));
    };
    let name = update.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    update
        .retain(|field, _| !["name", "network", "autoCreateRoutes", "exchangeSubnetRoutes"].contains(&field.as_str()));
    change::change(&call, &path, |tx, network| {
        let peering = all_mut(network).into_iter().flatten().find(|peering| peering["name"] == *name);
        let Some(Value::Object(peering)) = peering else { return Err(no_peering(&path, &name)) };
        peering.extend(update.clone());
        let peer = peer_of(peering);
        effects::follow(tx, &[path.clone()].into_iter().chain(peer).collect::<Vec<_>>())
    })
}

/// `POST .../networks/N/removePeering`
///
/// Errors: 400 for a peering that is not there.
pub fn remove_peering(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let name = body.get("name").and_then(Value::as_str).ok_or_else(|| failure::required("name"))?;
    change::change(&call, &path, |tx, network| {
        let all = all_mut(network).ok_or_else(|| no_peering(&path, name))?;
        let at = all.iter().position(|peering| peering["name"] == *name).ok_or_else(|| no_peering(&path, name))?;
        let removed = all.remove(at);
        if all.is_empty() {
            network.body.remove("peerings");
        }
        let peer = removed.as_object().and_then(peer_of);
        effects::follow(tx, &[path.clone()].into_iter().chain(peer).collect::<Vec<_>>())
    })
}

fn no_peering(network: &Path, name: &str) -> Error {
    Error::invalid(format!("There is no peering '{name}' of the network '{network}'."))
}

/// The peering of a request, in either of the forms that the API takes, with its defaults.
fn peering_of(mut body: Map<String, Value>) -> Result<Map<String, Value>> {
    let mut peering = match body.remove("networkPeering") {
        Some(Value::Object(peering)) => peering,
        _ => Map::new(),
    };
    for (field, of) in [("name", "name"), ("peerNetwork", "network"), ("autoCreateRoutes", "autoCreateRoutes")] {
        if let Some(value) = body.remove(field) {
            peering.entry(of).or_insert(value);
        }
    }
    if peering.get("name").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(failure::required("name"));
    }
    let network = reference::path(&peering, "network", "networks")?.ok_or_else(|| failure::required("network"))?;
    peering.insert("network".to_owned(), network.to_string().into());
    if peering.get("exchangeSubnetRoutes") == Some(&Value::Bool(false)) {
        return Err(failure::invalid("networkPeering.exchangeSubnetRoutes", false, "It has to be true."));
    }
    let defaults = [
        ("autoCreateRoutes", json!(true)),
        ("exchangeSubnetRoutes", json!(true)),
        ("exportCustomRoutes", json!(false)),
        ("importCustomRoutes", json!(false)),
        ("exportSubnetRoutesWithPublicIp", json!(true)),
        ("importSubnetRoutesWithPublicIp", json!(false)),
        ("stackType", json!("IPV4_ONLY")),
        ("updateStrategy", json!("INDEPENDENT")),
    ];
    for (field, value) in defaults {
        reference::default(&mut peering, field, value);
    }
    Ok(peering)
}

fn refuse_twice(network: &Resource, peering: &Map<String, Value>, peer: &Path) -> Result<()> {
    if *peer == network.path {
        return Err(Error::invalid("A network cannot be peered with itself."));
    }
    for other in all(network) {
        if other["name"] == peering["name"] {
            let message = format!("There is already a peering {} of the network '{}'.", peering["name"], network.path);
            return Err(Error::new(Code::AlreadyExists, "alreadyExists", message));
        }
        if other["network"] == peering["network"] {
            let message = format!("There is already a peering {} with the network '{peer}'.", other["name"]);
            return Err(Error::new(Code::AlreadyExists, "alreadyExists", message));
        }
    }
    Ok(())
}

/// Neither network, nor one that it is connected to already, may have a range of the other's.
fn refuse_overlap(tx: &Transaction, ours: &Resource, theirs: &Resource) -> Result<()> {
    let near = subnetworks::ranges_of(tx, &ours.path)?;
    let far = subnetworks::ranges_of(tx, &theirs.path)?;
    refuse_common(&near, &far)?;
    refuse_common(&beyond(tx, ours, &theirs.path)?, &far)?;
    refuse_common(&near, &beyond(tx, theirs, &ours.path)?)
}

/// The ranges of the networks that a network is connected to, less one of them.
pub fn beyond(tx: &Transaction, network: &Resource, less: &Path) -> Result<Vec<(Range, Path)>> {
    let mut ranges = Vec::new();
    for peer in connected(tx, network)?.into_iter().filter(|peer| peer.path != *less) {
        ranges.extend(subnetworks::ranges_of(tx, &peer.path)?);
    }
    Ok(ranges)
}

fn refuse_common(near: &[(Range, Path)], far: &[(Range, Path)]) -> Result<()> {
    for (range, owner) in near {
        if let Some((other, their)) = far.iter().find(|(other, _)| other.overlaps(*range)) {
            return Err(Error::invalid(format!(
                "An IP range in the peer network ({other}) overlaps with an IP range in the local network ({range}) allocated by \
                 resource ({owner}); the peer's is that of ({their})."
            )));
        }
    }
    Ok(())
}

fn push(network: &mut Resource, peering: Map<String, Value>) {
    let all = network.body.entry("peerings").or_insert_with(|| json!([]));
    if let Value::Array(all) = all {
        all.push(Value::Object(peering));
    }
}

fn all(network: &Resource) -> impl Iterator<Item = &Map<String, Value>> {
    network.body.get("peerings").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

fn all_mut(network: &mut Resource) -> Option<&mut Vec<Value>> {
    network.body.get_mut("peerings").and_then(Value::as_array_mut)
}

fn peer_of(peering: &Map<String, Value>) -> Option<Path> {
    peering.get("network").and_then(Value::as_str).and_then(Path::parse)
}

/// The peer's network, where it has asked for the peering too.
fn other_side(tx: &Transaction, network: &Path, peer: &Path) -> Result<Option<Resource>> {
    let peer = store::find(tx, peer)?;
    Ok(peer.filter(|peer| all(peer).any(|peering| peer_of(peering).as_ref() == Some(network))))
}

/// The networks that are connected to one.
pub fn connected(tx: &Transaction, network: &Resource) -> Result<Vec<Resource>> {
    let mut connected = Vec::new();
    for peer in all(network).filter_map(peer_of) {
        connected.extend(other_side(tx, &network.path, &peer)?);
    }
    Ok(connected)
}

/// Completes the peerings of a network that is to be shown.
pub fn show(tx: &Transaction, network: &mut Resource) -> Result<()> {
    let path = network.path.clone();
    for peering in all_mut(network).into_iter().flatten().filter_map(Value::as_object_mut) {
        let Some(peer) = peer_of(peering) else { continue };
        let (state, details) = match other_side(tx, &path, &peer)? {
            Some(other) => {
                peering.insert("peerMtu".to_owned(), other.body.get("mtu").cloned().unwrap_or_default());
                ("ACTIVE", "Connected.")
            }
            None => ("INACTIVE", "Waiting for peer network to connect."),
        };
        peering.insert("state".to_owned(), state.into());
        peering.insert("stateDetails".to_owned(), details.into());
        peering.insert("network".to_owned(), peer.marked().into());
    }
    Ok(())
}

/// `GET .../networks/N/listPeeringRoutes?direction=INCOMING&peeringName=P&region=R`
///
/// Errors: 400 without the three, 404.
pub fn list_peering_routes(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let name = request.query("peeringName").filter(|name| !name.is_empty());
    let region = request.query("region").unwrap_or_default().to_owned();
    let incoming = match request.query("direction") {
        Some("INCOMING") | None => true,
        Some("OUTGOING") => false,
        Some(other) => return Err(failure::invalid("direction", other, "It has to be INCOMING or OUTGOING.")),
    };
    let items = db::read(|tx| {
        let network = store::load(tx, &path)?;
        let mut items = Vec::new();
        for peering in all(&network).filter(|peering| name.is_none_or(|name| peering["name"] == *name)) {
            if let Some(other) = peer_of(peering).map(|peer| other_side(tx, &path, &peer)).transpose()?.flatten() {
                exchanged(tx, &network, &other, incoming, &mut items)?;
            }
        }
        Ok(items)
    })?;
    let items = items.into_iter().filter(|item| {
        region.is_empty()
            || item["nextHopRegion"].as_str().is_none_or(|of| of == region || item["type"] == "SUBNET_PEERING_ROUTE")
    });
    let items = items.map(|item| (call.scope.clone(), item)).collect();
    let page = lists::Wanted::of(&request)?.page(&request, items)?;
    let mut answer = lists::answer(&call, page.items.into_iter().map(|(_, item)| item).collect(), page.next);
    answer["id"] = json!(format!("{path}/listPeeringRoutes"));
    answer["selfLink"] = json!(format!("{}{path}/listPeeringRoutes", call.base));
    links::expand(&mut answer, &call.base);
    Ok(Response::json(&answer).into())
}

/// Routes that the peer gives (incoming) or gets.
fn exchanged(
    tx: &Transaction,
    ours: &Resource,
    theirs: &Resource,
    incoming: bool,
    items: &mut Vec<Value>,
) -> Result<()> {
    let (from, to) = if incoming { (theirs, ours) } else { (ours, theirs) };
    for (range, owner) in subnetworks::ranges_of(tx, &from.path)? {
        items.push(
            json!({"destRange": range.to_string(), "type": "SUBNET_PEERING_ROUTE", "priority": 0, "imported": true,
            "nextHopRegion": owner.scope.region()}),
        );
    }
    if !says(from, &to.path, "exportCustomRoutes") {
        return Ok(());
    }
    let imported = says(to, &from.path, "importCustomRoutes");
    for (range, route) in custom_routes(tx, &from.path)? {
        items.push(json!({"destRange": range.to_string(), "type": "STATIC_PEERING_ROUTE", "imported": imported,
            "priority": route.body.get("priority")}));
    }
    Ok(())
}

/// Static routes that peers may get: those with neither tags nor the internet gateway.
pub fn custom_routes(tx: &Transaction, network: &Path) -> Result<Vec<(Range, Resource)>> {
    let routes = store::linked(tx, network, "routes")?.into_iter();
    let exported = routes.filter(|route| {
        !route.body.contains_key("tags")
            && !route.body.contains_key("nextHopGateway")
            && !route.body.contains_key("nextHopNetwork")
    });
    Ok(exported.filter_map(|route| Some((Range::parse(route.text("destRange")?)?, route))).collect())
}

/// Whether a network's peering with another one has a switch on.
fn says(network: &Resource, other: &Path, field: &str) -> bool {
    all(network).any(|peering| peer_of(peering).as_ref() == Some(other) && peering.get(field) == Some(&json!(true)))
}

/// Whether custom routes of `from` hold in `to`.
pub fn gives_routes(from: &Resource, to: &Resource) -> bool {
    says(from, &to.path, "exportCustomRoutes") && says(to, &from.path, "importCustomRoutes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(value: Value) -> Map<String, Value> {
        let Value::Object(mut body) = value else { panic!("no object") };
        links::mark(&mut body, "p");
        body
    }

    #[test]
    fn both_forms_of_a_peering_are_read() {
        let old = peering_of(body(
            json!({"name": "x", "peerNetwork": "projects/q/global/networks/n", "autoCreateRoutes": true}),
        ));
        let new = peering_of(body(json!({"networkPeering": {"name": "x", "network": "projects/q/global/networks/n"}})));
        assert_eq!(old.unwrap(), new.clone().unwrap());
        let new = new.unwrap();
        assert_eq!(new["network"], "projects/q/global/networks/n");
        assert_eq!((&new["exchangeSubnetRoutes"], &new["importCustomRoutes"]), (&json!(true), &json!(false)));

        assert!(peering_of(body(json!({"name": "x"}))).is_err());
        assert!(peering_of(body(json!({"name": "x", "peerNetwork": "n"}))).is_err());
    }
}
