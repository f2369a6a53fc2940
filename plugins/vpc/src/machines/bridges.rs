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

/// Makes the bridges of networks, where they are not there.
///
/// Errors: the engine's.
pub fn make(snapshots: &[Snapshot], networks: &[Path]) -> Result<()> {
    for path in networks {
        let Some(network) = resource(snapshots, path) else { continue };
        let name = name(network);
        // The row comes first, so that no bridge is forgotten.
        let sql = "INSERT INTO bridge (name, network) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        db::execute(vec![db::stmt(sql, params![name.as_str(), path.to_string()])])?;
        let made = docker::create_network(&name).map_err(compute_api::engine::told)?;
        let sql = "UPDATE bridge SET gateway = $2 WHERE name = $1";
        db::execute(vec![db::stmt(sql, params![name, made.gateway])])?;
    }
    Ok(())
}

/// The addresses of the bridges that there are.
pub fn known() -> Result<Bridges> {
    let mut bridges = Vec::new();
    for row in db::query("SELECT network, gateway FROM bridge WHERE gateway IS NOT NULL ORDER BY network", params![])? {
        let (network, gateway): (String, String) = (row.get("network")?, row.get("gateway")?);
        let path = Path::parse(&network).ok_or_else(|| Error::internal(format!("a bridge's network is {network}")))?;
        let gateway = gateway.parse().map_err(|_| Error::internal(format!("a bridge's gateway is {gateway}")))?;
        bridges.push((path, gateway));
    }
    Ok(bridges)
}

/// Removes the bridges that no running machine is on: of all networks, since one that somebody else's container was on may be free by now.
///
/// Errors: the engine's.
pub fn tidy() -> Result<()> {
    let sql = "SELECT name FROM bridge WHERE NOT EXISTS (SELECT 1 FROM nic JOIN machine ON machine.id = nic.machine \
               WHERE nic.network = bridge.network AND machine.running = 1) ORDER BY name";
    for row in db::query(sql, params![])? {
        let name: String = row.get("name")?;
        match docker::remove_network(&name) {
            // A machine of a connected network is on it, or one that is being started: it goes another time.
            Err(docker::Error::InUse(_)) => continue,
            other => other?,
        }
        db::execute(vec![db::stmt("DELETE FROM bridge WHERE name = $1", params![name])])?;
    }
    Ok(())
}
