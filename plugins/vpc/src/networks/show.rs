//! What answers have beyond a network's row: its subnetworks, and the state of its peerings.

use super::peerings;
use compute_api::call::Call;
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use compute_api::{list as lists, show};
use fogbank_sdk::db::{self, Transaction, params};
use fogbank_sdk::{Reply, Request, Response, Result};
use serde_json::{Value, json};

/// `GET .../networks/N`
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let network = db::read(|tx| {
        let mut network = store::load(tx, &path)?;
        complete(tx, &mut network)?;
        Ok(network)
    })?;
    Ok(Response::json(&show::resource(&network, &call.base)?).into())
}

/// `GET .../networks`
pub fn list(request: Request) -> Result<Reply> {
    let complete_all =
        |networks: &mut Vec<Resource>| db::read(|tx| networks.iter_mut().try_for_each(|network| complete(tx, network)));
    lists::list(&request, complete_all).map(Reply::from)
}

fn complete(tx: &Transaction, network: &mut Resource) -> Result<()> {
    let sql = "SELECT resource.path AS path FROM link JOIN resource ON resource.path = link.source \
               WHERE link.target = $1 AND resource.collection = 'subnetworks' ORDER BY resource.path";
    let mut subnetworks = Vec::new();
    for row in tx.query(sql, params![network.path.to_string()])? {
        let path: String = row.get("path")?;
        subnetworks.push(json!(format!("{}{path}", compute_api::path::MARK)));
    }
    if !subnetworks.is_empty() {
        network.set("subnetworks", subnetworks);
    }
    peerings::show(tx, network)
}

/// `GET .../networks/N/getEffectiveFirewalls`: the network's own rules; policies that it is associated with are `compute`'s and are
/// kept without effect, so none of theirs is.
///
/// Errors: 404.
pub fn get_effective_firewalls(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let rules = db::read(|tx| {
        store::load(tx, &path)?;
        rules_of(tx, &path)
    })?;
    let shown = rules.iter().map(|rule| show::resource(rule, &call.base)).collect::<Result<Vec<Value>>>()?;
    let answer = if shown.is_empty() { json!({}) } else { json!({"firewalls": shown}) };
    Ok(Response::json(&answer).into())
}

/// The rules of a network.
pub fn rules_of(tx: &Transaction, network: &Path) -> Result<Vec<Resource>> {
    store::linked(tx, network, "firewalls")
}
