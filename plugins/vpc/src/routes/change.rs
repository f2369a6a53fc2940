//! Routes are made and deleted.

use super::generated::{self, is_local};
use crate::range::{self, Range};
use crate::{effects, reference, subnetworks};
use compute_api::call::Call;
use compute_api::path::Path;
use compute_api::{change, failure, links};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Error, Reply, Request, Result};
use serde_json::{Map, Value};

/// Where a route may lead: exactly one of them.
const NEXT_HOPS: [&str; 6] =
    ["nextHopGateway", "nextHopIlb", "nextHopInstance", "nextHopIp", "nextHopNetwork", "nextHopVpnTunnel"];

/// `POST .../routes`
///
/// Errors: 400 without exactly one next hop, or for a destination that a subnetwork has; 404 for a network or a next hop that is not
/// there; 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let mut body = call.body(&mut request)?;
    reference::drop_empty_lists(&mut body);
    let destination = destination(&body)?;
    next_hop(&body)?;
    priority(&mut body)?;
    change::insert(&call, body, |tx, route| {
        let network = reference::network(tx, &mut route.body, None)?;
        refuse_subnetworks_range(tx, &network.path, destination)?;
        route.set("routeType", "STATIC");
        effects::follow(tx, &[network.path])
    })
}

/// The destination; nothing for one of IPv6.
fn destination(body: &Map<String, Value>) -> Result<Option<Range>> {
    let text = body.get("destRange").and_then(Value::as_str).ok_or_else(|| failure::required("resource.destRange"))?;
    match Range::parse(text) {
        None if !range::is_ipv6(text) => {
            Err(failure::invalid("resource.destRange", text, "It has to be a range of addresses such as 192.0.2.0/24."))
        }
        range => Ok(range),
    }
}

fn next_hop(body: &Map<String, Value>) -> Result<()> {
    let named: Vec<&str> = NEXT_HOPS.into_iter().filter(|field| body.contains_key(*field)).collect();
    let [field] = named.as_slice() else {
        let said = if named.is_empty() { "none".to_owned() } else { named.join(", ") };
        return Err(Error::invalid(format!("Exactly one next hop has to be specified, not {said}.")));
    };
    let text = body[*field].as_str().unwrap_or_default();
    let path = links::field(body, field);
    let kind = |wanted: &str| path.as_ref().is_some_and(|path| path.collection == wanted);
    let fits = match *field {
        "nextHopGateway" => path.as_ref().is_some_and(|path| *path == generated::internet_gateway(&path.project)),
        "nextHopInstance" => kind("instances"),
        "nextHopIp" => range::parse_address(text).is_some() || range::is_ipv6(text),
        "nextHopIlb" => kind("forwardingRules") || range::parse_address(text).is_some(),
        "nextHopVpnTunnel" => kind("vpnTunnels"),
        // Routes to a network are those of its subnetworks.
        _ => false,
    };
    match fits {
        true => Ok(()),
        false => Err(failure::invalid(
            &format!("resource.{field}"),
            text.trim_start_matches(compute_api::path::MARK),
            "It is no next hop.",
        )),
    }
}

fn priority(body: &mut Map<String, Value>) -> Result<()> {
    reference::default(body, "priority", 1000);
    match body["priority"].as_i64() {
        Some(0..=65535) => Ok(()),
        _ => Err(failure::invalid("resource.priority", &body["priority"], "It has to be from 0 to 65535.")),
    }
}

fn refuse_subnetworks_range(tx: &Transaction, network: &Path, destination: Option<Range>) -> Result<()> {
    let Some(destination) = destination else { return Ok(()) };
    match subnetworks::ranges_of(tx, network)?.into_iter().find(|(range, _)| range.covers(destination)) {
        Some((range, owner)) => {
            let why = format!("It lies within the range {range} of the subnetwork '{owner}'.");
            Err(failure::invalid("resource.destRange", destination, &why))
        }
        None => Ok(()),
    }
}

/// `DELETE .../routes/R`
///
/// Errors: 400 for a route to a subnetwork, which goes with it; 404.
pub fn delete(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    change::delete(&call, &path, |tx, route| {
        if is_local(route) {
            return Err(Error::invalid(format!("The local route '{path}' cannot be deleted.")));
        }
        effects::follow(tx, &route.link("network").into_iter().collect::<Vec<_>>())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(body: Value) -> Result<()> {
        let Value::Object(mut body) = body else { panic!("no object") };
        links::mark(&mut body, "p");
        next_hop(&body)
    }

    #[test]
    fn f22_a_route_leads_to_exactly_one_next_hop() {
        assert!(check(json!({"nextHopGateway": "global/gateways/default-internet-gateway"})).is_ok());
        assert!(check(json!({"nextHopIp": "10.0.0.5"})).is_ok());
        assert!(check(json!({"nextHopInstance": "zones/us-central1-a/instances/w1"})).is_ok());
        let message = |body| check(body).unwrap_err().message().to_owned();
        assert!(message(json!({})).contains("not none"));
        assert!(message(json!({"nextHopIp": "10.0.0.5", "nextHopIlb": "10.0.0.6"})).contains("nextHopIlb, nextHopIp"));
        for body in [
            json!({"nextHopGateway": "global/gateways/other"}),
            json!({"nextHopInstance": "w1"}),
            json!({"nextHopIp": "ten"}),
            json!({"nextHopNetwork": "global/networks/n"}),
        ] {
            assert!(check(body.clone()).is_err(), "{body}");
        }
    }

    #[test]
    fn f22_a_destination_is_a_range() {
        let read = |text: &str| destination(json!({"destRange": text}).as_object().unwrap());
        assert_eq!(read("10.50.0.0/16").unwrap(), Range::parse("10.50.0.0/16"));
        assert_eq!(read("2001:db8::/32").unwrap(), None);
        assert!(read("10.50.0.1/16").is_err() && read("x").is_err());
    }
}
