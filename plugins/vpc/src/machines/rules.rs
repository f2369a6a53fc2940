//! Firewall rules of a network as they are for one machine. <https://cloud.google.com/firewall/docs/firewalls>

use super::configuration::cidr;
use super::row::{Machine, Nic};
use super::snapshot::Snapshot;
use crate::firewalls::check;
use crate::range::Range;
use crate::reference::texts;
use compute_api::store::Resource;
use machine_config::{Action, Cidr, Direction, Protocol, Rule};
use serde_json::{Map, Value};

/// Ports of a rule's range that are forwarded from the host where the range is longer than [`LONGEST`]: those that services are
/// found at. Listening on thousands of ports for each machine is not worth its price.
const USUAL: [u16; 20] =
    [21, 22, 25, 80, 443, 1433, 3000, 3306, 3389, 5000, 5432, 5900, 6379, 8000, 8080, 8443, 8888, 9000, 9090, 27017];

/// How many ports of a range are all forwarded from the host.
const LONGEST: u16 = 1000;

/// Where what Fogbank forwards comes from.
const LOCAL: u32 = u32::from_be_bytes([127, 0, 0, 1]);

/// The rules for an interface of a machine; `places` says which of the nic's interfaces that is.
pub fn of(machine: &Machine, nic: &Nic, snapshot: &Snapshot, places: &[usize]) -> Vec<Rule> {
    let applying = snapshot.firewalls.iter().filter(|rule| is_for(&rule.body, machine));
    applying.filter_map(|rule| resolve(rule, nic, snapshot, places)).collect()
}

/// Whether a rule is in force and the machine one of its targets.
fn is_for(rule: &Map<String, Value>, machine: &Machine) -> bool {
    if rule.get("disabled") == Some(&Value::Bool(true)) {
        return false;
    }
    let tags: Vec<&str> = texts(rule, "targetTags").collect();
    let accounts: Vec<&str> = texts(rule, "targetServiceAccounts").collect();
    (tags.is_empty() && accounts.is_empty()) || has_any(&machine.tags, &tags) || has_any(&machine.accounts, &accounts)
}

fn has_any(own: &[String], wanted: &[&str]) -> bool {
    own.iter().any(|own| wanted.contains(&own.as_str()))
}

fn resolve(rule: &Resource, nic: &Nic, snapshot: &Snapshot, places: &[usize]) -> Option<Rule> {
    let body = &rule.body;
    let egress = body.get("direction").is_some_and(|direction| direction == "EGRESS");
    let (near, far) =
        if egress { ("sourceRanges", "destinationRanges") } else { ("destinationRanges", "sourceRanges") };
    // Ranges of the machine's own side: the rule holds where it has an address in one.
    let mut own = ranges(body, near).peekable();
    if own.peek().is_some() && !own.any(|range| range.contains(nic.address)) {
        return None;
    }
    let mut others: Vec<Cidr> = ranges(body, far).map(cidr).collect();
    others.extend(sources(body, snapshot));
    if others.is_empty() {
        return None;
    }
    let (action, field) =
        if body.contains_key("denied") { (Action::Deny, "denied") } else { (Action::Allow, "allowed") };
    Some(Rule {
        direction: if egress { Direction::Egress } else { Direction::Ingress },
        priority: body.get("priority").and_then(Value::as_u64).and_then(|priority| u32::try_from(priority).ok())?,
        action,
        protocols: protocols(body, field)?,
        ranges: others,
        interfaces: places.to_vec(),
        log: body.get("logConfig").is_some_and(|log| log["enable"] == true),
    })
}

fn ranges(body: &Map<String, Value>, field: &str) -> impl Iterator<Item = Range> {
    let all: Vec<Range> = texts(body, field).filter_map(Range::parse_or_address).collect();
    all.into_iter()
}

/// The addresses of machines that have a source tag or a source account.
fn sources(body: &Map<String, Value>, snapshot: &Snapshot) -> Vec<Cidr> {
    let tags: Vec<&str> = texts(body, "sourceTags").collect();
    let accounts: Vec<&str> = texts(body, "sourceServiceAccounts").collect();
    let members = snapshot.members.iter();
    let named = members.filter(|(machine, _)| has_any(&machine.tags, &tags) || has_any(&machine.accounts, &accounts));
    named.map(|(_, nic)| cidr(Range::host(nic.address))).collect()
}

/// The protocols of a rule; an empty list is all. Nothing for what is no rule, which [`check`] lets nobody write.
fn protocols(body: &Map<String, Value>, field: &str) -> Option<Vec<Protocol>> {
    let mut protocols = Vec::new();
    for item in body.get(field)?.as_array()? {
        let Some(number) = check::protocol(item["IPProtocol"].as_str()?)? else { return Some(Vec::new()) };
        let ports = item.as_object().map(|item| texts(item, "ports").filter_map(check::ports).collect());
        protocols.push(Protocol { number, ports: ports.unwrap_or_default() });
    }
    Some(protocols)
}

/// TCP ports that the host forwards to a machine: those that ingress rules open to everybody or to the local host.
pub fn forwarded(rules: &[Rule]) -> Vec<u16> {
    let mut ports: Vec<u16> = Vec::new();
    let local = |rule: &&Rule| rule.ranges.iter().any(|range| range.contains(std::net::Ipv4Addr::from_bits(LOCAL)));
    let open = rules.iter().filter(|rule| rule.direction == Direction::Ingress && rule.action == Action::Allow);
    for rule in open.filter(local) {
        if rule.protocols.is_empty() {
            ports.extend(USUAL);
        }
        for protocol in rule.protocols.iter().filter(|protocol| protocol.number == 6) {
            if protocol.ports.is_empty() {
                ports.extend(USUAL);
            }
            for (first, last) in &protocol.ports {
                match last - first < LONGEST {
                    true => ports.extend((*first).max(1)..=*last),
                    false => ports.extend(USUAL.iter().filter(|port| (first..=last).contains(port))),
                }
            }
        }
    }
    ports.sort_unstable();
    ports.dedup();
    ports
}

#[cfg(test)]
mod tests {
    use super::*;
    use compute_api::path::Path;
    use fogbank_sdk::Timestamp;
    use serde_json::json;

    fn resource(path: &str, body: Value) -> Resource {
        let path = Path::parse(path).unwrap();
        Resource::at(path, 1, Timestamp::from_millis(0), body.as_object().unwrap().clone())
    }

    fn member(name: &str, last: u8, tags: &[&str], accounts: &[&str]) -> (Machine, Nic) {
        let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let machine = Machine {
            id: i64::from(last),
            path: Path::parse(&format!("projects/p/zones/us-central1-a/instances/{name}")).unwrap(),
            tags: own(tags),
            accounts: own(accounts),
            can_ip_forward: false,
            running: true,
            applied: None,
        };
        let nic = Nic {
            place: 0,
            network: Path::parse("projects/p/global/networks/n").unwrap(),
            subnetwork: Path::parse("projects/p/regions/us-central1/subnetworks/s").unwrap(),
            address: u32::from_be_bytes([10, 0, 0, last]),
            document: Map::new(),
        };
        (machine, nic)
    }

    fn rules(firewall: Value) -> Vec<Rule> {
        let mut firewall = resource("projects/p/global/firewalls/f", firewall);
        check::complete(&mut firewall.body).unwrap();
        let members = vec![member("web", 2, &["web"], &["a@p"]), member("db", 3, &["db"], &[])];
        let snapshot = Snapshot {
            network: resource("projects/p/global/networks/n", json!({})),
            subnetworks: Vec::new(),
            firewalls: vec![firewall],
            routes: Vec::new(),
            routers: Vec::new(),
            members: members.clone(),
            peers: Vec::new(),
        };
        of(&members[0].0, &members[0].1, &snapshot, &[])
    }

    fn ranges_of(firewall: Value) -> Vec<String> {
        rules(firewall).iter().flat_map(|rule| &rule.ranges).map(ToString::to_string).collect()
    }

    #[test]
    fn a_rule_is_for_its_targets_only() {
        let all = json!([{"IPProtocol": "all"}]);
        assert_eq!(rules(json!({"allowed": all})).len(), 1);
        assert_eq!(rules(json!({"allowed": all, "targetTags": ["web", "x"]})).len(), 1);
        assert_eq!(rules(json!({"allowed": all, "targetTags": ["db"]})).len(), 0);
        assert_eq!(rules(json!({"allowed": all, "targetServiceAccounts": ["a@p"]})).len(), 1);
        assert_eq!(rules(json!({"allowed": all, "targetServiceAccounts": ["b@p"]})).len(), 0);
        assert_eq!(rules(json!({"allowed": all, "disabled": true})).len(), 0);
    }

    #[test]
    fn sources_become_addresses() {
        let all = json!([{"IPProtocol": "all"}]);
        assert_eq!(ranges_of(json!({"allowed": all})), ["0.0.0.0/0"]);
        assert_eq!(ranges_of(json!({"allowed": all, "sourceTags": ["db"]})), ["10.0.0.3/32"]);
        assert_eq!(
            ranges_of(json!({"allowed": all, "sourceTags": ["db"], "sourceRanges": ["10.9.0.0/16"]})),
            ["10.9.0.0/16", "10.0.0.3/32"]
        );
        assert_eq!(ranges_of(json!({"allowed": all, "sourceServiceAccounts": ["a@p"]})), ["10.0.0.2/32"]);
        // A tag that nobody has lets nobody in.
        assert!(rules(json!({"allowed": all, "sourceTags": ["nobody"]})).is_empty());
        assert!(rules(json!({"denied": all, "destinationRanges": ["10.0.1.0/24"]})).is_empty());
        assert_eq!(rules(json!({"denied": all, "destinationRanges": ["10.0.0.0/24"]})).len(), 1);
    }

    #[test]
    fn protocols_and_priorities_are_carried_over() {
        let rule = rules(
            json!({"denied": [{"IPProtocol": "tcp", "ports": ["22", "80-90"]}, {"IPProtocol": "icmp"}], "priority": 7, "direction": "EGRESS"}),
        );
        assert_eq!((rule[0].priority, rule[0].action, rule[0].direction), (7, Action::Deny, Direction::Egress));
        let expected =
            vec![Protocol { number: 6, ports: vec![(22, 22), (80, 90)] }, Protocol { number: 1, ports: Vec::new() }];
        assert_eq!(rule[0].protocols, expected);
        assert!(rules(json!({"allowed": [{"IPProtocol": "tcp"}, {"IPProtocol": "all"}]}))[0].protocols.is_empty());
    }

    #[test]
    fn ports_that_are_open_to_everybody_are_forwarded() {
        let ports =
            |allowed: Value, ranges: Value| forwarded(&rules(json!({"allowed": allowed, "sourceRanges": ranges})));
        let tcp = |ports: &[&str]| json!([{"IPProtocol": "tcp", "ports": ports}]);
        assert_eq!(ports(tcp(&["22", "8000-8002"]), json!(["0.0.0.0/0"])), [22, 8000, 8001, 8002]);
        assert_eq!(ports(tcp(&["22"]), json!(["127.0.0.1/32"])), [22]);
        assert!(ports(tcp(&["22"]), json!(["10.0.0.0/8"])).is_empty());
        assert_eq!(ports(tcp(&["1-3000"]), json!(["0.0.0.0/0"])), [21, 22, 25, 80, 443, 1433, 3000]);
        assert_eq!(ports(json!([{"IPProtocol": "all"}]), json!(["0.0.0.0/0"])).len(), USUAL.len());
        assert!(ports(json!([{"IPProtocol": "udp"}]), json!(["0.0.0.0/0"])).is_empty());
    }
}
