//! `instance/network-interfaces/`

use super::node::Node;
use compute_api::path::{MARK, Path};
use compute_api::store::Resource;
use fogbank_sdk::{Result, peers};
use serde_json::Value;

/// The interfaces of a machine; `number` is its project's.
pub fn node(machine: &Resource, number: i64) -> Result<Node> {
    let interfaces = machine.body.get("networkInterfaces").and_then(Value::as_array).cloned().unwrap_or_default();
    let ranges = ranges(&interfaces)?;
    let nodes = interfaces.iter().zip(ranges).enumerate();
    Ok(Node::List(
        nodes.map(|(at, (interface, range))| one(interface, range.as_ref(), machine.id, at, number)).collect(),
    ))
}

/// The subnetworks of the interfaces, asked for at once; nothing for one that does not answer.
fn ranges(interfaces: &[Value]) -> Result<Vec<Option<Value>>> {
    let url = |interface: &Value| {
        let path = interface["subnetwork"].as_str().unwrap_or_default().trim_start_matches(MARK);
        format!("http://compute.googleapis.com/compute/v1/{path}?fields=ipCidrRange,gatewayAddress")
    };
    let requests = interfaces.iter().map(|interface| peers::Request::get(url(interface)).as_service()).collect();
    let answers = peers::send(requests).into_iter();
    Ok(answers.map(|answer| answer.ok().filter(|answer| answer.status == 200)?.json().ok()).collect())
}

fn one(interface: &Value, range: Option<&Value>, id: i64, at: usize, number: i64) -> Node {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let configs = interface["accessConfigs"].as_array().into_iter().flatten();
    let config = |config: &Value| {
        let kind = config["type"].as_str().unwrap_or("ONE_TO_ONE_NAT");
        Node::folder([("external-ip", Node::of(text(&config["natIP"]))), ("type", Node::of(kind))])
    };
    let aliases = interface["aliasIpRanges"].as_array().into_iter().flatten();
    let network = interface["network"].as_str().and_then(|link| Path::parse(link.strip_prefix(MARK)?));
    let network = network.map(|path| format!("projects/{number}/networks/{}", path.name)).unwrap_or_default();
    let cidr = range.and_then(|range| range["ipCidrRange"].as_str()).unwrap_or_default();
    let gateway = range.and_then(|range| range["gatewayAddress"].as_str()).unwrap_or_default();
    Node::folder([
        ("access-configs", Node::List(configs.map(config).collect())),
        ("dns-servers", Node::Lines(vec!["169.254.169.254".to_owned()])),
        ("forwarded-ips", Node::List(Vec::new())),
        ("gateway", Node::of(gateway)),
        ("ip", Node::of(text(&interface["networkIP"]))),
        ("ip-aliases", Node::Lines(aliases.map(|alias| text(&alias["ipCidrRange"])).collect())),
        ("mac", Node::of(mac(id, at))),
        ("mtu", Node::Number(1460)),
        ("network", Node::of(network)),
        ("subnetmask", Node::of(mask(cidr))),
        ("target-instance-ips", Node::List(Vec::new())),
    ])
}

/// A locally administered address that is always the same interface's.
fn mac(id: i64, at: usize) -> String {
    let bytes = (id.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(at as u64)).to_be_bytes();
    let octets: Vec<String> = bytes[3..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("42:{}", octets.join(":"))
}

/// `10.0.0.0/20` has the mask `255.255.240.0`.
fn mask(cidr: &str) -> String {
    let Some(bits) = cidr.split_once('/').and_then(|(_, bits)| bits.parse::<u32>().ok()).filter(|bits| *bits <= 32)
    else {
        return String::new();
    };
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or_default();
    std::net::Ipv4Addr::from(mask).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_mask_follows_from_the_range() {
        assert_eq!(mask("10.0.0.0/20"), "255.255.240.0");
        assert_eq!((mask("0.0.0.0/0"), mask("10.0.0.1/32")), ("0.0.0.0".into(), "255.255.255.255".into()));
        assert_eq!(mask(""), "");
    }

    #[test]
    fn an_interface_says_its_addresses() {
        let interface = json!({"network": "//compute/projects/p/global/networks/default", "networkIP": "10.0.0.2",
            "accessConfigs": [{"natIP": "34.1.2.3"}]});
        let range = json!({"ipCidrRange": "10.0.0.0/24", "gatewayAddress": "10.0.0.1"});
        let node = one(&interface, Some(&range), 7, 0, 12);
        let at = |path: &[&str]| node.find(path).unwrap().text();
        assert_eq!(at(&["access-configs", "0", "external-ip"]), "34.1.2.3");
        assert_eq!((at(&["ip"]), at(&["gateway"])), ("10.0.0.2".into(), "10.0.0.1".into()));
        assert_eq!(at(&["network"]), "projects/12/networks/default");
        assert_eq!(mac(7, 0), mac(7, 0));
        assert_ne!(mac(7, 0), mac(7, 1));
    }
}
