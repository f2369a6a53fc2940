//! What a router's document has to say. <https://cloud.google.com/nat/docs/overview>, <https://cloud.google.com/network-connectivity/docs/router/concepts/overview>

use crate::reference::{default, drop_empty_lists};
use compute_api::failure;
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Error, Result};
use serde_json::{Map, Value, json};

/// Checks and completes a router, new or changed.
///
/// Errors: 400 naming the field, 404 for what it refers to.
pub fn complete(tx: &Transaction, router: &mut Resource) -> Result<()> {
    drop_empty_lists(&mut router.body);
    // They are of IPsec's attachments, and without any where nothing is said.
    default(&mut router.body, "encryptedInterconnectRouter", false);
    bgp(&mut router.body)?;
    let names: Vec<String> =
        items(&router.body, "interfaces").filter_map(|item| item["name"].as_str()).map(str::to_owned).collect();
    unique(&router.body, "interfaces")?;
    unique(&router.body, "nats")?;
    unique(&router.body, "bgpPeers")?;
    peers(&mut router.body, &names)?;
    let project = router.path.project.clone();
    for nat in items_mut(&mut router.body, "nats") {
        complete_nat(nat)?;
        for subnetwork in nat.get("subnetworks").and_then(Value::as_array).into_iter().flatten() {
            let text = subnetwork["name"].as_str().unwrap_or_default();
            let path = Path::parse_reference(text, &project).filter(|path| path.collection == "subnetworks");
            let path = path.ok_or_else(|| crate::reference::malformed("resource.nats[].subnetworks[].name", text))?;
            store::load(tx, &path)?;
        }
    }
    refuse_two_for_all(&router.body)
}

fn bgp(body: &mut Map<String, Value>) -> Result<()> {
    let Some(Value::Object(bgp)) = body.get_mut("bgp") else { return Ok(()) };
    drop_empty_lists(bgp);
    let asn = bgp.get("asn").and_then(Value::as_u64).ok_or_else(|| failure::required("resource.bgp.asn"))?;
    if !is_private(asn) {
        let why = "It has to be private as RFC 6996 has it (64512 to 65534, 4200000000 to 4294967294), or 16550.";
        return Err(failure::invalid("resource.bgp.asn", asn, why));
    }
    default(bgp, "advertiseMode", "DEFAULT");
    default(bgp, "keepaliveInterval", 20);
    match bgp["keepaliveInterval"].as_u64() {
        Some(20..=60) => Ok(()),
        _ => Err(failure::invalid(
            "resource.bgp.keepaliveInterval",
            &bgp["keepaliveInterval"],
            "It has to be from 20 to 60.",
        )),
    }
}

fn is_private(asn: u64) -> bool {
    matches!(asn, 16550 | 64512..=65534 | 4_200_000_000..=4_294_967_294)
}

fn peers(body: &mut Map<String, Value>, interfaces: &[String]) -> Result<()> {
    for peer in items_mut(body, "bgpPeers") {
        if peer.get("peerAsn").is_none() {
            return Err(failure::required("resource.bgpPeers[].peerAsn"));
        }
        if let Some(name) = peer
            .get("interfaceName")
            .and_then(Value::as_str)
            .filter(|name| !interfaces.iter().any(|known| known == name))
        {
            return Err(failure::invalid(
                "resource.bgpPeers[].interfaceName",
                name,
                "The router has no such interface.",
            ));
        }
        default(peer, "advertiseMode", "DEFAULT");
        default(peer, "enable", "TRUE");
        default(peer, "enableIpv6", false);
        peer.insert("managementType".to_owned(), "MANAGED_BY_USER".into());
    }
    Ok(())
}

/// Checks one NAT and completes it.
fn complete_nat(nat: &mut Map<String, Value>) -> Result<()> {
    drop_empty_lists(nat);
    default(nat, "type", "PUBLIC");
    default(nat, "endpointTypes", json!(["ENDPOINT_TYPE_VM"]));
    default(nat, "enableEndpointIndependentMapping", false);
    let ranges = text(nat, "sourceSubnetworkIpRangesToNat");
    let lists = nat.contains_key("subnetworks");
    match ranges.as_str() {
        "" => return Err(failure::required("resource.nats[].sourceSubnetworkIpRangesToNat")),
        "LIST_OF_SUBNETWORKS" if !lists => return Err(failure::required("resource.nats[].subnetworks")),
        "LIST_OF_SUBNETWORKS" => {}
        other if lists => {
            return Err(failure::invalid("resource.nats[].subnetworks", "", &format!("They do not go with {other}.")));
        }
        _ => {}
    }
    if text(nat, "type") == "PUBLIC" {
        let manual = nat.contains_key("natIps");
        match text(nat, "natIpAllocateOption").as_str() {
            "" => return Err(failure::required("resource.nats[].natIpAllocateOption")),
            "MANUAL_ONLY" if !manual => return Err(failure::required("resource.nats[].natIps")),
            "AUTO_ONLY" if manual => {
                return Err(failure::invalid("resource.nats[].natIps", "", "They do not go with AUTO_ONLY."));
            }
            _ => default(nat, "autoNetworkTier", "PREMIUM"),
        }
    }
    ports(nat)
}

fn ports(nat: &Map<String, Value>) -> Result<()> {
    let number = |field: &str| nat.get(field).and_then(Value::as_i64);
    let dynamic = nat.get("enableDynamicPortAllocation") == Some(&json!(true));
    for field in ["minPortsPerVm", "maxPortsPerVm"] {
        let Some(ports) = number(field) else { continue };
        if !(2..=65536).contains(&ports) {
            return Err(failure::invalid(&format!("resource.nats[].{field}"), ports, "It has to be from 2 to 65536."));
        }
        let power = u64::try_from(ports).is_ok_and(u64::is_power_of_two);
        if dynamic && !power {
            let why = "With dynamic port allocation it has to be a power of two.";
            return Err(failure::invalid(&format!("resource.nats[].{field}"), ports, why));
        }
    }
    match number("maxPortsPerVm") {
        Some(most) if !dynamic => {
            Err(failure::invalid("resource.nats[].maxPortsPerVm", most, "It goes with dynamic port allocation only."))
        }
        Some(most) if number("minPortsPerVm").is_some_and(|least| least >= most) => {
            Err(failure::invalid("resource.nats[].maxPortsPerVm", most, "It has to be greater than minPortsPerVm."))
        }
        _ => Ok(()),
    }
}

/// A NAT for all subnetworks leaves nothing to another one.
fn refuse_two_for_all(body: &Map<String, Value>) -> Result<()> {
    let public: Vec<&Value> = items(body, "nats").filter(|nat| nat["type"] == "PUBLIC").collect();
    let all = public.iter().any(|nat| nat["sourceSubnetworkIpRangesToNat"] != "LIST_OF_SUBNETWORKS");
    match all && public.len() > 1 {
        true => Err(Error::invalid("A NAT for all subnetworks has to be the only one of its router.")),
        false => Ok(()),
    }
}

fn unique(body: &Map<String, Value>, field: &str) -> Result<()> {
    let mut names: Vec<&str> = Vec::new();
    for item in items(body, field) {
        let name = item["name"].as_str().filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| failure::required(&format!("resource.{field}[].name")))?;
        if names.contains(&name) {
            return Err(failure::invalid(&format!("resource.{field}[].name"), name, "The name is there twice."));
        }
        names.push(name);
    }
    Ok(())
}

fn items<'a>(body: &'a Map<String, Value>, field: &str) -> impl Iterator<Item = &'a Value> {
    body.get(field).and_then(Value::as_array).into_iter().flatten()
}

fn items_mut<'a>(body: &'a mut Map<String, Value>, field: &str) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    body.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

fn text(body: &Map<String, Value>, field: &str) -> String {
    body.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nat(body: Value) -> Result<Value> {
        let Value::Object(mut body) = body else { panic!("no object") };
        complete_nat(&mut body).map(|()| Value::Object(body))
    }

    #[test]
    fn a_nat_says_whose_addresses_it_has_and_for_whom() {
        let all = "ALL_SUBNETWORKS_ALL_IP_RANGES";
        let good = nat(json!({"name": "n", "natIpAllocateOption": "AUTO_ONLY", "sourceSubnetworkIpRangesToNat": all, "natIps": []})).unwrap();
        assert_eq!((&good["type"], &good["endpointTypes"]), (&json!("PUBLIC"), &json!(["ENDPOINT_TYPE_VM"])));
        for bad in [
            json!({"natIpAllocateOption": "AUTO_ONLY"}),
            json!({"sourceSubnetworkIpRangesToNat": all}),
            json!({"natIpAllocateOption": "MANUAL_ONLY", "sourceSubnetworkIpRangesToNat": all}),
            json!({"natIpAllocateOption": "AUTO_ONLY", "natIps": ["x"], "sourceSubnetworkIpRangesToNat": all}),
            json!({"natIpAllocateOption": "AUTO_ONLY", "sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS"}),
            json!({"natIpAllocateOption": "AUTO_ONLY", "sourceSubnetworkIpRangesToNat": all, "subnetworks": [{"name": "s"}]}),
            json!({"natIpAllocateOption": "AUTO_ONLY", "sourceSubnetworkIpRangesToNat": all, "maxPortsPerVm": 128}),
            json!({"natIpAllocateOption": "AUTO_ONLY", "sourceSubnetworkIpRangesToNat": all, "minPortsPerVm": 1}),
        ] {
            assert!(nat(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_of_autonomous_systems_are_private() {
        assert!(is_private(64512) && is_private(65534) && is_private(16550) && is_private(4_200_000_000));
        assert!(!is_private(65535) && !is_private(15169) && !is_private(4_294_967_295));
        let mut body = json!({"bgp": {"asn": 64512}}).as_object().unwrap().clone();
        bgp(&mut body).unwrap();
        assert_eq!(body["bgp"], json!({"asn": 64512, "advertiseMode": "DEFAULT", "keepaliveInterval": 20}));
    }

    #[test]
    fn names_are_there_once() {
        let body = json!({"nats": [{"name": "a"}, {"name": "a"}]});
        assert!(unique(body.as_object().unwrap(), "nats").is_err());
        assert!(unique(body.as_object().unwrap(), "interfaces").is_ok());
    }
}
