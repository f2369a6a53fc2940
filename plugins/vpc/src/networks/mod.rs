//! VPC networks. <https://cloud.google.com/compute/docs/reference/rest/v1/networks>
//!
//! | module | what it is |
//! |---|---|
//! | [`change`] | insert, patch, mode, delete |
//! | [`peerings`] | adding, changing and removing peerings, and what peers see of each other |
//! | [`show`] | what answers have beyond the rows; effective firewalls |

pub mod change;
pub mod peerings;
pub mod show;

use crate::{auto, reference, routes, subnetworks};
use compute_api::failure;
use compute_api::path::Scope;
use compute_api::store::{self, Resource};
use fogbank_sdk::Result;
use fogbank_sdk::db::Transaction;
use serde_json::{Map, Value, json};

pub use change::{delete, insert, patch, switch_to_custom_mode};
pub use peerings::{add_peering, list_peering_routes, remove_peering, update_peering};
pub use show::{get, get_effective_firewalls, list};

/// Completes a new network: defaults, subnetworks in auto mode, the way to the internet. The row itself is the caller's to write.
///
/// Errors: 400 for values that do not go.
pub fn complete(tx: &Transaction, network: &mut Resource) -> Result<()> {
    reference::default(&mut network.body, "autoCreateSubnetworks", true);
    settings(&mut network.body)?;
    routes::generated::internet(tx, network)?;
    if is_auto(network) {
        for (region, range) in auto::subnetworks() {
            let path = network.path.sibling("subnetworks", &network.path.name);
            let path = compute_api::path::Path { scope: Scope::Region(region.to_owned()), ..path };
            let mut subnetwork = Resource::new(path, Map::new())?;
            subnetwork.set("network", network.path.marked());
            subnetwork.set("ipCidrRange", range.to_string());
            subnetworks::defaults(&mut subnetwork.body, range);
            store::insert(tx, &subnetwork)?;
            routes::generated::subnetwork(tx, &subnetwork)?;
        }
    }
    Ok(())
}

/// Whether subnetworks come by themselves.
pub fn is_auto(network: &Resource) -> bool {
    network.body.get("autoCreateSubnetworks") == Some(&Value::Bool(true))
}

/// Checks and completes what can be changed of a network.
pub fn settings(body: &mut Map<String, Value>) -> Result<()> {
    reference::default(body, "mtu", 1460);
    reference::default(body, "networkFirewallPolicyEnforcementOrder", "AFTER_CLASSIC_FIREWALL");
    let mtu = body["mtu"].as_i64().unwrap_or_default();
    if !(1300..=8896).contains(&mtu) {
        return Err(failure::invalid("resource.mtu", mtu, "It has to be from 1300 to 8896."));
    }
    let routing = body.entry("routingConfig").or_insert_with(|| json!({}));
    let Value::Object(routing) = routing else {
        return Err(failure::invalid("resource.routingConfig", "", "It has to be an object."));
    };
    reference::default(routing, "routingMode", "REGIONAL");
    reference::default(routing, "bgpBestPathSelectionMode", "LEGACY");
    if routing["bgpBestPathSelectionMode"] == "STANDARD" {
        reference::default(routing, "bgpAlwaysCompareMed", false);
        reference::default(routing, "bgpInterRegionCost", "DEFAULT");
        let effective = (routing["bgpAlwaysCompareMed"].clone(), routing["bgpInterRegionCost"].clone());
        routing.insert("effectiveBgpAlwaysCompareMed".to_owned(), effective.0);
        routing.insert("effectiveBgpInterRegionCost".to_owned(), effective.1);
        return Ok(());
    }
    routing.remove("effectiveBgpAlwaysCompareMed");
    routing.remove("effectiveBgpInterRegionCost");
    match ["bgpAlwaysCompareMed", "bgpInterRegionCost"].iter().find(|field| routing.contains_key(**field)) {
        Some(field) => {
            let field = format!("resource.routingConfig.{field}");
            Err(failure::invalid(&field, "", "It goes with bgpBestPathSelectionMode STANDARD only."))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(body: Value) -> Result<Value> {
        let Value::Object(mut body) = body else { panic!("no object") };
        settings(&mut body).map(|()| Value::Object(body))
    }

    #[test]
    fn a_network_has_the_documented_defaults() {
        let expected = json!({"mtu": 1460, "networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL",
            "routingConfig": {"routingMode": "REGIONAL", "bgpBestPathSelectionMode": "LEGACY"}});
        assert_eq!(settled(json!({})).unwrap(), expected);
        assert!(settled(json!({"mtu": 1299})).is_err() && settled(json!({"mtu": 8897})).is_err());
        assert_eq!(settled(json!({"mtu": 8896})).unwrap()["mtu"], 8896);
    }

    #[test]
    fn the_standard_way_of_choosing_paths_shows_what_is_in_force() {
        let routing = settled(json!({"routingConfig": {"bgpBestPathSelectionMode": "STANDARD"}})).unwrap();
        assert_eq!(routing["routingConfig"]["effectiveBgpInterRegionCost"], "DEFAULT");
        assert!(settled(json!({"routingConfig": {"bgpAlwaysCompareMed": true}})).is_err());
    }
}
