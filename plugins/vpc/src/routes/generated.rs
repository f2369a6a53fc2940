//! Routes that come and go with networks and subnetworks. <https://cloud.google.com/vpc/docs/routes#types_of_routes>

use crate::subnetworks::space;
use compute_api::path::{Path, Scope};
use compute_api::store::{self, Resource};
use fogbank_sdk::Result;
use fogbank_sdk::db::Transaction;
use serde_json::Map;

/// The path of the gateway to the internet.
pub fn internet_gateway(project: &str) -> Path {
    Path::new(project, Scope::Global, "gateways", "default-internet-gateway")
}

/// The route of a new network to the internet.
pub fn internet(tx: &Transaction, network: &Resource) -> Result<()> {
    let mut route =
        route(network, &format!("{:016x}", digest(&[network.path.to_string().as_str(), &network.id.to_string()])))?;
    route.set("description", "Default route to the Internet.");
    route.set("destRange", "0.0.0.0/0");
    route.set("priority", 1000);
    route.set("nextHopGateway", internet_gateway(&network.path.project).marked());
    route.set("network", network.path.marked());
    route.set("routeType", "STATIC");
    store::insert(tx, &route)
}

/// The routes to a subnetwork: one for each range.
pub fn subnetwork(tx: &Transaction, subnetwork: &Resource) -> Result<()> {
    let Some(network) = subnetwork.link("network") else { return Ok(()) };
    for range in space::ranges_in(subnetwork) {
        let mut route = route(subnetwork, &suffix(subnetwork, &range.to_string()))?;
        route.set("description", format!("Default local route to the subnetwork {range}."));
        route.set("destRange", range.to_string());
        route.set("priority", 0);
        route.set("network", network.marked());
        route.set("nextHopNetwork", network.marked());
        route.set("routeType", "SUBNET");
        store::insert(tx, &route)?;
    }
    Ok(())
}

/// Removes the routes to a subnetwork.
pub fn remove_of_subnetwork(tx: &Transaction, subnetwork: &Resource) -> Result<()> {
    for range in space::ranges_in(subnetwork) {
        store::remove(tx, &path(&subnetwork.path.project, &suffix(subnetwork, &range.to_string())))?;
    }
    Ok(())
}

/// Removes the routes of a network that is going, with those that clients made.
pub fn remove_all(tx: &Transaction, routes: &[Path]) -> Result<()> {
    routes.iter().try_for_each(|route| store::remove(tx, route))
}

/// Whether nobody may delete the route by itself.
pub fn is_local(route: &Resource) -> bool {
    route.body.contains_key("nextHopNetwork") && route.text("routeType") == Some("SUBNET")
}

fn route(owner: &Resource, suffix: &str) -> Result<Resource> {
    Resource::new(path(&owner.path.project, suffix), Map::new())
}

fn path(project: &str, suffix: &str) -> Path {
    Path::new(project, Scope::Global, "routes", &format!("default-route-{suffix}"))
}

fn suffix(subnetwork: &Resource, range: &str) -> String {
    format!("{:016x}", digest(&[subnetwork.path.to_string().as_str(), &subnetwork.id.to_string(), range]))
}

/// FNV-1a; tells names apart, and proves nothing.
fn digest(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogbank_sdk::Timestamp;

    #[test]
    fn every_range_has_a_route_of_its_own_name() {
        let at = Path::parse("projects/p/regions/us-east1/subnetworks/s").unwrap();
        let subnetwork = |id| Resource::at(at.clone(), id, Timestamp::from_millis(0), Map::new());
        let one = suffix(&subnetwork(1), "10.0.0.0/24");
        assert_eq!(one.len(), 16);
        assert_eq!(one, suffix(&subnetwork(1), "10.0.0.0/24"));
        assert!(one != suffix(&subnetwork(2), "10.0.0.0/24") && one != suffix(&subnetwork(1), "10.0.1.0/24"));
    }
}
