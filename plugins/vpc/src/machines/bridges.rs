//! Bridges: one for each network that machines run on. A row says which there are, so that none is left over.

use super::configuration::Bridges;
use super::snapshot::Snapshot;
use compute_api::path::Path;
use compute_api::store::Resource;
use fogbank_sdk::docker;
use fogbank_sdk::{Error, Result, db, db::params};

/// The name of a network's bridge.
pub fn name(network: &Resource) -> String {
    format!("vpc-{}", network.id)
}

fn resource<'a>(snapshots: &'a [Snapshot], path: &Path) -> Option<&'a Resource> {
    let own = snapshots.iter().map(|snapshot| &snapshot.network);
    let peers = snapshots.iter().flat_map(|snapshot| &snapshot.peers).map(|peer| &peer.network);
    own.chain(peers).find(|network| network.path == *path)
}

/// The names of the bridges of networks.
pub fn names(snapshots: &[Snapshot], networks: &[Path]) -> Vec<String> {
    networks.iter().filter_map(|path| resource(snapshots, path)).map(name).collect()
}

/// Makes the bridges of networks, where they are not there, and gives their own addresses.
///
/// Errors: the engine's.
pub fn make(snapshots: &[Snapshot], networks: &[Path]) -> Result<Bridges> {
    let mut bridges = Vec::new();
    for path in networks {
        let Some(network) = resource(snapshots, path) else { continue };
        let name = name(network);
        let made = match docker::get_network(&name) {
            Err(docker::Error::NotFound) => {
                let sql = "INSERT INTO bridge (name, network) VALUES ($1, $2) ON CONFLICT DO NOTHING";
                db::execute(vec![db::stmt(sql, params![name.as_str(), path.to_string()])])?;
                docker::create_network(&name)?
            }
            other => other?,
        };
        let gateway = made.gateway.parse().map_err(|_| Error::internal(format!("a bridge's gateway is {}", made.gateway)))?;
        bridges.push((path.clone(), gateway));
    }
    Ok(bridges)
}

/// Removes the bridges of these networks that no running machine is on; of all networks where none is named.
///
/// Errors: the engine's.
pub fn tidy(networks: &[Path]) -> Result<()> {
    let sql = "SELECT name, network FROM bridge WHERE NOT EXISTS (SELECT 1 FROM nic JOIN machine ON machine.id = nic.machine \
               WHERE nic.network = bridge.network AND machine.running = 1) ORDER BY name";
    for row in db::query(sql, params![])? {
        let (name, network): (String, String) = (row.get("name")?, row.get("network")?);
        if !networks.is_empty() && !networks.iter().any(|path| path.to_string() == network) {
            continue;
        }
        match docker::remove_network(&name) {
            // A machine of a connected network is on it, or one that is being started: it goes another time.
            Err(docker::Error::InUse(_)) => continue,
            other => other?,
        }
        db::execute(vec![db::stmt("DELETE FROM bridge WHERE name = $1", params![name])])?;
    }
    Ok(())
}
