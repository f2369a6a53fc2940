//! Subnetworks are made, changed and deleted.

use super::space::{self, Wanted};
use crate::range::{AUTO, Range};
use crate::{effects, leases, networks, reference, routes};
use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::store::{self, Resource};
use compute_api::{change, failure};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Error, Reply, Request, Result};
use serde_json::{Map, Value};

/// Fields that are set when a subnetwork is made, and stay.
const FIXED: [&str; 6] = ["network", "ipCidrRange", "purpose", "description", "reservedInternalRange", "ipCollection"];

/// `POST .../subnetworks`
///
/// Errors: 400 for a range that does not go or overlaps another, 404 for a network that is not there, 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let mut body = call.body(&mut request)?;
    clean(&mut body);
    change::insert(&call, body, |tx, subnetwork| {
        let network = reference::network(tx, &mut subnetwork.body, None)?;
        let wanted = space::wanted(&subnetwork.body)?;
        let range = wanted.primary().ok_or_else(|| failure::required("resource.ipCidrRange"))?;
        if networks::is_auto(&network) {
            refuse_auto_range(&wanted)?;
        }
        space::check(tx, &network, &subnetwork.path, &wanted)?;
        super::defaults(&mut subnetwork.body, range);
        super::flow_logs(&mut subnetwork.body)?;
        role(&subnetwork.body)?;
        routes::generated::subnetwork(tx, subnetwork)?;
        effects::follow(tx, &[network.path])
    })
}

/// What the path says is not repeated, and what the API sets is not taken.
fn clean(body: &mut Map<String, Value>) {
    body.remove("region");
    reference::drop_empty_lists(body);
}

fn refuse_auto_range(wanted: &Wanted) -> Result<()> {
    match wanted.0.iter().find(|new| new.range.overlaps(AUTO)) {
        Some(new) => {
            let why = format!("The subnetworks that an auto mode network makes have {AUTO}.");
            Err(failure::invalid("resource.ipCidrRange", new.range, &why))
        }
        None => Ok(()),
    }
}

fn role(body: &Map<String, Value>) -> Result<()> {
    let proxies = body.get("purpose").and_then(Value::as_str).is_some_and(|purpose| {
        ["REGIONAL_MANAGED_PROXY", "GLOBAL_MANAGED_PROXY", "INTERNAL_HTTPS_LOAD_BALANCER"].contains(&purpose)
    });
    match body.get("role") {
        Some(role) if !proxies => {
            Err(failure::invalid("resource.role", role, "Only subnetworks for proxies have a role."))
        }
        None if proxies => Err(failure::required("resource.role")),
        _ => Ok(()),
    }
}

/// `PATCH .../subnetworks/S`: secondary ranges, flow logs, access, role, stack.
///
/// Errors: 400 for what cannot be changed, a range in use that would go, or no fingerprint; 404; 412.
pub fn patch(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let mut patch = call.patch(&mut request)?;
    if patch.get("fingerprint").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(failure::required("resource.fingerprint"));
    }
    patch.remove("region");
    change::change(&call, &path, |tx, subnetwork| {
        let before = subnetwork.clone();
        change::merge(subnetwork, logs_apart(patch.clone()))?;
        reference::drop_empty_lists(&mut subnetwork.body);
        reference::immutable(&before, subnetwork, &FIXED)?;
        super::flow_logs(&mut subnetwork.body)?;
        role(&subnetwork.body)?;
        reshape(tx, &before, subnetwork)
    })
}

/// A switch of flow logs that comes alone holds for both places that it stands in.
fn logs_apart(mut patch: Map<String, Value>) -> Map<String, Value> {
    if let (Some(enable), false) = (patch.get("enableFlowLogs").cloned(), patch.contains_key("logConfig")) {
        patch.insert("logConfig".to_owned(), serde_json::json!({"enable": enable}));
    }
    patch
}

/// Carries changed ranges to the routes, where they go.
fn reshape(tx: &Transaction, before: &Resource, subnetwork: &Resource) -> Result<Then> {
    let (old, new) = (space::wanted(&before.body)?, space::wanted(&subnetwork.body)?);
    let network = subnetwork.link("network").ok_or_else(|| failure::required("resource.network"))?;
    if old != new {
        let network = store::load(tx, &network)?;
        space::check(tx, &network, &subnetwork.path, &new)?;
        for gone in old.0.iter().filter(|old| !new.0.iter().any(|new| new.range.covers(old.range))) {
            if let Some(user) = leases::holder_within(tx, &subnetwork.path, gone.range)? {
                return Err(failure::in_use(&subnetwork.path, &user));
            }
        }
        routes::generated::remove_of_subnetwork(tx, before)?;
        routes::generated::subnetwork(tx, subnetwork)?;
    }
    match old != new || before.body.get("privateIpGoogleAccess") != subnetwork.body.get("privateIpGoogleAccess") {
        true => effects::follow(tx, &[network]),
        false => Ok(Then::Done),
    }
}

/// `POST .../subnetworks/S/expandIpCidrRange`
///
/// Errors: 400 for a range that does not hold the present one, or overlaps another; 404.
pub fn expand_ip_cidr_range(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let text = body.get("ipCidrRange").and_then(Value::as_str).ok_or_else(|| failure::required("ipCidrRange"))?;
    let wider = space::parse("ipCidrRange", text)?;
    change::change(&call, &path, |tx, subnetwork| {
        let before = subnetwork.clone();
        let range = subnetwork.text("ipCidrRange").and_then(Range::parse);
        if range.is_none_or(|range| !wider.covers(range) || wider == range) {
            let why =
                format!("It has to hold the present range {} and more.", before.text("ipCidrRange").unwrap_or("-"));
            return Err(failure::invalid("ipCidrRange", wider, &why));
        }
        if wider.overlaps(AUTO)
            && range.is_some_and(|range| AUTO.covers(range))
            && wider.prefix() < 16
            && in_auto(tx, subnetwork)?
        {
            return Err(failure::invalid("ipCidrRange", wider, "In an auto mode network it has to be /16 or smaller."));
        }
        subnetwork.set("ipCidrRange", wider.to_string());
        super::defaults(&mut subnetwork.body, wider);
        reshape(tx, &before, subnetwork)
    })
}

fn in_auto(tx: &Transaction, subnetwork: &Resource) -> Result<bool> {
    let network = subnetwork.link("network").map(|network| store::load(tx, &network)).transpose()?;
    Ok(network.is_some_and(|network| networks::is_auto(&network)))
}

/// `POST .../subnetworks/S/setPrivateIpGoogleAccess`
///
/// Errors: 404.
pub fn set_private_ip_google_access(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    change::change(&call, &path, |tx, subnetwork| {
        let before = subnetwork.clone();
        let access = body.get("privateIpGoogleAccess").and_then(Value::as_bool).unwrap_or_default();
        subnetwork.set("privateIpGoogleAccess", access);
        reshape(tx, &before, subnetwork)
    })
}

/// `DELETE .../subnetworks/S`
///
/// Errors: 400 while a machine, an address or a router is in it; 404.
pub fn delete(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    change::delete(&call, &path, |tx, subnetwork| {
        if let Some(machine) = leases::machine_in(tx, &path)? {
            return Err(failure::in_use(&path, &machine));
        }
        if let Some(network) = subnetwork.link("network").map(|network| store::load(tx, &network)).transpose()?
            && networks::is_auto(&network)
            && networks::change::is_generated(&network, subnetwork)
        {
            return Err(Error::invalid("Cannot delete auto subnetwork from an auto subnet mode network."));
        }
        routes::generated::remove_of_subnetwork(tx, subnetwork)?;
        effects::follow(tx, &subnetwork.link("network").into_iter().collect::<Vec<_>>())
    })
}
