//! Resources that have addresses: forwarding rules and VPN gateways. `vpc` gives the addresses out; nothing listens on them.
//!
//! The row is written first, and the operation finds the address; so a failure at any step leaves nothing that is not taken back.

use super::defaults;
use crate::instances::network;
use compute_api::call::Call;
use compute_api::change;
use compute_api::operation::{Input, Then};
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use fogbank_sdk::operations::Operation;
use fogbank_sdk::{Error, Outcome, Reply, Request, Result, db, identity};
use serde_json::{Map, Value, json};

/// Finds the addresses of a new resource.
const TAKE: &str = "claim.take";
/// Gives them back.
const GIVE_BACK: &str = "claim.giveBack";

/// The field of a row with the address resource that is used.
const ADDRESS: &str = "_address";

/// `POST .../forwardingRules`, `POST .../vpnGateways`
///
/// Errors: 400, 404 for a link to what is not there, 409. An address that cannot be had is the operation's error.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let mut body = call.body(&mut request)?;
    defaults::complete(call.collection.name, &mut body);
    if let Some(link) = compute_api::links::field(&body, "IPAddress") {
        body.insert(ADDRESS.to_owned(), link.marked().into());
    }
    change::insert(&call, body, |_, resource| {
        Ok(if wanted(resource).is_some() { Then::Run(TAKE, Value::Null) } else { Then::Done })
    })
}

/// `DELETE .../forwardingRules/NAME`, `DELETE .../vpnGateways/NAME`
///
/// Errors: 404; 400 where something needs it.
pub fn delete(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    change::delete(&call, &path, |_, _| Ok(Then::Follow(GIVE_BACK, Value::Null)))
}

/// What is asked of `vpc`: how many addresses, and whether they are internal. Nothing where the resource has none.
fn wanted(resource: &Resource) -> Option<(usize, bool)> {
    if resource.text("ipVersion") == Some("IPV6") {
        return None;
    }
    match (resource.path.collection.as_str(), resource.text("loadBalancingScheme")) {
        ("vpnGateways", _) => Some((2, false)),
        (_, Some("INTERNAL" | "INTERNAL_MANAGED")) => Some((1, true)),
        (_, Some("INTERNAL_SELF_MANAGED")) => None,
        _ => Some((1, false)),
    }
}

/// Does one step of an operation.
///
/// Errors: what `vpc` refuses ends the operation, and the resource goes.
pub fn run(operation: &Operation, input: &Input) -> Result<Outcome> {
    let path = input.path()?;
    match operation.kind.as_str() {
        TAKE => take(&path, input.id)?,
        GIVE_BACK => give_back(&path)?,
        other => return Err(Error::internal(format!("nobody does {other}"))),
    }
    Ok(Outcome::Done(String::new()))
}

fn take(path: &Path, id: i64) -> Result<()> {
    let Some(resource) = store::by_id(id)? else { return give_back(path) };
    let Some((count, internal)) = wanted(&resource) else { return Ok(()) };
    let mut fields = Map::new();
    for (theirs, ours) in [("address", "IPAddress"), ("subnetwork", "subnetwork"), ("network", "network")] {
        fields.extend(
            resource.body.get(ours).filter(|value| **value != "").map(|value| (theirs.to_owned(), value.clone())),
        );
    }
    let claim = json!({"owner": path.to_string(), "count": count, "internal": internal, "fields": fields});
    let given = match network::claim(&claim) {
        Err(error) if error.http_status() < 500 => {
            remove(&resource)?;
            return Err(error);
        }
        other => other?,
    };
    let kept = db::transaction(|tx| {
        let Some(mut now) = store::find(tx, path)?.filter(|now| now.id == id) else { return Ok(false) };
        put(&mut now, &given);
        store::save(tx, &now).map(|()| true)
    })?;
    // It was deleted meanwhile, and may have been before the addresses were given.
    if kept { Ok(()) } else { give_back(path) }
}

fn put(resource: &mut Resource, given: &Value) {
    if let Some(reserved) = given["reserved"].as_str().and_then(Path::parse) {
        resource.set(ADDRESS, reserved.marked());
    }
    let addresses = given["addresses"].as_array().cloned().unwrap_or_default();
    match resource.path.collection.as_str() {
        "vpnGateways" => {
            let interfaces = addresses.iter().enumerate().map(|(id, address)| json!({"id": id, "ipAddress": address}));
            resource.set("vpnInterfaces", interfaces.collect::<Vec<_>>());
        }
        _ => resource.body.extend(addresses.first().map(|address| ("IPAddress".to_owned(), address.clone()))),
    }
}

fn remove(resource: &Resource) -> Result<()> {
    db::transaction(|tx| match store::find(tx, &resource.path)?.filter(|now| now.id == resource.id) {
        Some(now) => store::remove(tx, &now.path),
        None => Ok(()),
    })?;
    Ok(identity::forget(&resource.path.full_name())?)
}

/// Unless a new resource of the name has them by now.
fn give_back(path: &Path) -> Result<()> {
    match db::read(|tx| store::find(tx, path))? {
        Some(_) => Ok(()),
        None => network::give_back(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(collection: &str, body: Value) -> Resource {
        let path = Path::parse(&format!("projects/p/regions/us-central1/{collection}/x")).unwrap();
        Resource::new(path, body.as_object().cloned().unwrap()).unwrap()
    }

    #[test]
    fn the_scheme_says_which_address_it_is() {
        let of = |scheme: &str| wanted(&rule("forwardingRules", json!({"loadBalancingScheme": scheme})));
        assert_eq!((of("EXTERNAL"), of("INTERNAL_MANAGED")), (Some((1, false)), Some((1, true))));
        assert_eq!(of("INTERNAL_SELF_MANAGED"), None);
        assert_eq!(wanted(&rule("vpnGateways", json!({}))), Some((2, false)));
    }

    #[test]
    fn what_was_given_is_shown_and_what_was_reserved_is_bound() {
        let mut it = rule("forwardingRules", json!({}));
        put(&mut it, &json!({"addresses": ["10.0.0.5"], "reserved": "projects/p/regions/us-central1/addresses/a"}));
        assert_eq!(it.text("IPAddress"), Some("10.0.0.5"));
        assert_eq!(it.link(ADDRESS).unwrap().name, "a");
        let mut gateway = rule("vpnGateways", json!({}));
        put(&mut gateway, &json!({"addresses": ["127.96.0.1", "127.96.0.2"]}));
        assert_eq!(gateway.body["vpnInterfaces"][1], json!({"id": 1, "ipAddress": "127.96.0.2"}));
    }
}
