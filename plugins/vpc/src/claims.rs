//! Addresses that resources of `compute` have: those of forwarding rules and of VPN gateways. They are given out and taken back like
//! those of machines, so that nobody else has them; nothing listens on them.

use crate::addresses::choose;
use crate::leases::{self, EXTERNAL, Lease};
use crate::{defaults, range};
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use compute_api::{failure, links};
use fogbank_sdk::db::{self, Transaction};
use fogbank_sdk::{Error, Reply, Request, Response, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is asked for.
#[derive(Debug, Deserialize)]
struct Claim {
    /// Path of the resource that is to have the addresses.
    owner: String,
    /// How many.
    count: usize,
    /// Whether they are of a subnetwork.
    internal: bool,
    /// `address`, `subnetwork` and `network`, as the resource names them.
    #[serde(default)]
    fields: Map<String, Value>,
}

/// What is given.
#[derive(Debug, Serialize)]
struct Claimed {
    addresses: Vec<String>,
    /// Path of the address resource that they were reserved by before.
    #[serde(skip_serializing_if = "Option::is_none")]
    reserved: Option<String>,
}

/// `POST .../claims`: the addresses of an owner. Said again, it gives what was given before.
///
/// Errors: 400 for an address that cannot be had, 404 for a subnetwork or an address that is not there.
pub fn take(mut request: Request) -> Result<Reply> {
    let mut claim: Claim = request.json()?;
    let owner = owner(&claim.owner)?;
    links::mark(&mut claim.fields, &owner.project);
    defaults::ensure(&owner.project)?;
    let claimed = db::transaction(|tx| {
        let had = leases::of_owner(tx, &owner)?;
        match (had.is_empty(), reserved(tx, &owner, &claim)?) {
            (false, _) => Ok(Claimed { addresses: texts(&had), reserved: None }),
            (true, Some(claimed)) => Ok(claimed),
            (true, None) => choose(tx, &owner, &claim),
        }
    })?;
    Ok(Response::json(&claimed).into())
}

fn owner(text: &str) -> Result<Path> {
    Path::parse(text).ok_or_else(|| Error::invalid("The owner has to be the path of a resource."))
}

fn texts(leases: &[Lease]) -> Vec<String> {
    leases.iter().map(|lease| range::address(lease.first)).collect()
}

/// An address that was reserved before, which the claim names by itself or by what it is.
fn reserved(tx: &Transaction, owner: &Path, claim: &Claim) -> Result<Option<Claimed>> {
    let found = match links::field(&claim.fields, "address") {
        Some(path) => Some(store::load(tx, &path)?),
        None => {
            let text = claim.fields.get("address").and_then(Value::as_str).unwrap_or_default();
            let Some(bits) = range::parse_address(text) else { return Ok(None) };
            let pool = match links::field(&claim.fields, "subnetwork").filter(|_| claim.internal) {
                Some(subnetwork) => subnetwork.to_string(),
                None => EXTERNAL.to_owned(),
            };
            let holder = leases::at(tx, &pool, bits)?.and_then(|lease| Path::parse(&lease.owner));
            let holder = holder.filter(|holder| holder.collection == "addresses" && holder.project == owner.project);
            holder.map(|holder| store::load(tx, &holder)).transpose()?
        }
    };
    let Some(address) = found else { return Ok(None) };
    if leases::of_owner(tx, &address.path)?.iter().any(|lease| lease.machine.is_some()) {
        return Err(failure::in_use(&address.path, &"an instance"));
    }
    let text = address.text("address").ok_or_else(|| failure::not_ready(&address.path))?.to_owned();
    Ok(Some(Claimed { addresses: vec![text], reserved: Some(address.path.to_string()) }))
}

fn choose(tx: &Transaction, owner: &Path, claim: &Claim) -> Result<Claimed> {
    for _ in 0..claim.count {
        let mut wanted = Resource::new(owner.clone(), claim.fields.clone())?;
        match (claim.internal, owner.scope.region()) {
            (true, Some(region)) => choose::internal(tx, &mut wanted, region)?,
            (true, None) => return Err(Error::invalid("An internal address is of a region.")),
            (false, _) => choose::external(tx, &mut wanted)?,
        }
    }
    Ok(Claimed { addresses: texts(&leases::of_owner(tx, owner)?), reserved: None })
}

/// `DELETE .../claims?owner=PATH`: the owner has no addresses any more.
pub fn give_back(request: Request) -> Result<Reply> {
    let owner = owner(request.query("owner").unwrap_or_default())?;
    db::transaction(|tx| leases::of_owner(tx, &owner)?.iter().try_for_each(|lease| leases::take_back(tx, lease)))?;
    Ok(Response::json(&Map::new()).into())
}
