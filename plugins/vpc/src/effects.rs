//! What a change in the rows means for machines that run.

use compute_api::operation::Then;
use compute_api::path::Path;
use fogbank_sdk::Result;
use fogbank_sdk::db::{Transaction, params};
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
