//! What a change in the rows means for machines that run.

use compute_api::operation::{Input, Then};
use compute_api::path::Path;
use compute_api::store;
use fogbank_sdk::db::{Transaction, params};
use fogbank_sdk::{Result, operations};
use serde_json::json;

/// The kind of an operation that carries a network's state to its machines.
pub const PUSH: &str = "push";

/// What follows a change of networks: their machines are told, where there are any that run.
pub fn follow(tx: &Transaction, networks: &[Path]) -> Result<Then> {
    for network in networks {
        let sql = "SELECT machine.id AS id FROM nic JOIN machine ON machine.id = nic.machine \
                   WHERE nic.network = $1 AND machine.running = 1 LIMIT 1";
        if tx.query_one(sql, params![network.to_string()])?.is_some() {
            let networks: Vec<String> = networks.iter().map(Path::to_string).collect();
            return Ok(Then::Follow(PUSH, json!({"networks": networks})));
        }
    }
    Ok(Then::Done)
}

/// Begins to tell the machines of networks, for a change that no operation of the API tells of.
pub fn push(tx: &Transaction, networks: &[Path]) -> Result<()> {
    let mut networks = networks.to_vec();
    networks.sort();
    networks.dedup();
    let (Then::Follow(kind, payload), Some(first)) = (follow(tx, &networks)?, networks.first()) else { return Ok(()) };
    let input = Input { kind: kind.to_owned(), target: first.to_string(), id: 0, payload };
    let operation = operations::New::of(kind, format!("internal/{first}")).input(&input)?.hidden();
    operations::start(tx, operation)?;
    Ok(())
}

/// As [`push`] for a machine that comes to networks, changes there, or goes: others have to know of it where rules or routes name
/// machines by their tags, their accounts or themselves.
pub fn member_changed(tx: &Transaction, networks: &[Path]) -> Result<()> {
    const BY_MACHINES: [(&str, &str); 3] =
        [("firewalls", "sourceTags"), ("firewalls", "sourceServiceAccounts"), ("routes", "nextHopInstance")];
    let mut concerned = Vec::new();
    for network in networks {
        for (collection, field) in BY_MACHINES {
            let named = store::linked(tx, network, collection)?;
            if named.iter().any(|resource| resource.body.contains_key(field)) {
                concerned.push(network.clone());
                break;
            }
        }
    }
    push(tx, &concerned)
}
