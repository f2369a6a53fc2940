//! Addresses are made, moved and deleted.

use super::choose;
use crate::{leases, reference};
use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::path::{Path, Scope};
use compute_api::store::{self, Resource};
use compute_api::{change, failure};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Error, Reply, Request, Result, identity};
use serde_json::Value;

/// `POST .../addresses`
///
/// Errors: 400 for an address that cannot be had, 404 for a subnetwork that is not there, 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let mut body = call.body(&mut request)?;
    if body.get("ipVersion").is_some_and(|version| version == "IPV6") {
        return Err(Error::unimplemented("An address of IPv6"));
    }
    for field in ["addressType", "ipVersion"] {
        if body.get(field).and_then(Value::as_str).is_some_and(|value| value.starts_with("UNSPECIFIED")) {
            body.remove(field);
        }
    }
    reference::default(&mut body, "addressType", "EXTERNAL");
    reference::default(&mut body, "networkTier", "PREMIUM");
    if call.scope == Scope::Global {
        reference::default(&mut body, "ipVersion", "IPV4");
    }
    change::insert(&call, body, |tx, address| choose(tx, address).map(|()| Then::Done))
}

fn choose(tx: &Transaction, address: &mut Resource) -> Result<()> {
    let internal = address.text("addressType") == Some("INTERNAL");
    match (internal, address.path.scope.clone()) {
        (false, _) => {
            if let Some(field) =
                ["subnetwork", "prefixLength"].into_iter().find(|field| address.body.contains_key(*field))
            {
                return Err(failure::invalid(
                    &format!("resource.{field}"),
                    "",
                    "It goes with internal addresses only.",
                ));
            }
            choose::external(tx, address)
        }
        (true, Scope::Region(region)) => {
            reference::default(&mut address.body, "purpose", "GCE_ENDPOINT");
            choose::internal(tx, address, &region)
        }
        (true, _) => {
            let purpose = address.text("purpose").unwrap_or_default();
            if !["VPC_PEERING", "PRIVATE_SERVICE_CONNECT"].contains(&purpose) {
                let why = "A global internal address is for VPC_PEERING or PRIVATE_SERVICE_CONNECT.";
                return Err(failure::invalid("resource.purpose", purpose, why));
            }
            choose::of_network(tx, address)
        }
    }
}

/// `DELETE .../addresses/A`
///
/// Errors: 400 while a machine or a router has it; 404.
pub fn delete(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    change::delete(&call, &path, |tx, address| {
        if let Some(user) = super::users(tx, address)?.first() {
            return Err(failure::in_use(&path, user));
        }
        leases::of_owner(tx, &path)?.iter().try_for_each(|lease| leases::take_back(tx, lease))?;
        Ok(Then::Done)
    })
}

/// `POST .../addresses/A/move`: to another project, or another name.
///
/// Errors: 400 for an address in use or an internal one, 403 in the other project, 404, 409.
pub fn move_to(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let target = destination(&call, &body)?;
    let action =
        if call.scope == Scope::Global { "compute.globalAddresses.create" } else { "compute.addresses.create" };
    identity::require(action, &format!("//cloudresourcemanager.googleapis.com/projects/{}", target.project), &[])?;
    change::delete(&call, &path, |tx, address| {
        if address.text("addressType") != Some("EXTERNAL") {
            return Err(Error::invalid("Only external addresses can be moved."));
        }
        if let Some(user) = super::users(tx, address)?.first() {
            return Err(failure::in_use(&path, user));
        }
        let mut moved = Resource::new(target.clone(), address.body.clone())?;
        if let Some(description) = body.get("description") {
            moved.set("description", description.clone());
        }
        store::insert(tx, &moved)?;
        leases::of_owner(tx, &path)?.iter().try_for_each(|lease| leases::set_owner(tx, lease, &target))?;
        Ok(Then::Done)
    })
}

fn destination(call: &Call, body: &serde_json::Map<String, Value>) -> Result<Path> {
    let text = body
        .get("destinationAddress")
        .and_then(Value::as_str)
        .ok_or_else(|| failure::required("destinationAddress"))?;
    let target = reference::path(body, "destinationAddress", "addresses")?.filter(|target| target.scope == call.scope);
    target.ok_or_else(|| reference::malformed("destinationAddress", text.trim_start_matches(compute_api::path::MARK)))
}
