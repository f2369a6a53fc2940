//! What a configuration must be before anything is changed.

use std::net::Ipv4Addr;

use machine_config::{Cidr, Configuration, Interface, METADATA_ADDRESS, Protocol, Rule};

use crate::endpoint::Endpoint;

/// Everything that is wrong with `configuration`, a sentence each; nothing when it can be applied.
pub fn problems(configuration: &Configuration) -> Vec<String> {
    let mut problems = Vec::new();
    if let Err(error) = Endpoint::new(&configuration.endpoint) {
        problems.push(format!("endpoint: {error}"));
    }
    let names = [&configuration.hostname].into_iter().chain(&configuration.search).chain(&configuration.services);
    problems.extend(names.filter(|name| !is_name(name)).map(|name| format!("`{name}` is no host name")));
    if configuration.interfaces.first().is_none_or(|first| first.address.is_none()) {
        problems.push("interfaces: the first has to be there, with an address".to_owned());
    }
    for (index, interface) in configuration.interfaces.iter().enumerate() {
        problems.extend(of_interface(interface).into_iter().map(|problem| format!("interface {index}: {problem}")));
        let before = &configuration.interfaces[..index];
        problems.extend(twice(interface, before).into_iter().map(|problem| format!("interface {index}: {problem}")));
    }
    for (index, rule) in configuration.rules.iter().enumerate() {
        let of_rule = of_rule(rule, configuration.interfaces.len());
        problems.extend(of_rule.into_iter().map(|problem| format!("rule {index}: {problem}")));
    }
    problems
}

/// RFC 1123, which allows what `/etc/hosts` and `/etc/resolv.conf` take as one word.
fn is_name(name: &str) -> bool {
    let label = |label: &str| {
        let ends = !label.starts_with('-') && !label.ends_with('-');
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len()) && ends && label.bytes().all(inner)
    };
    name.len() <= 253 && name.split('.').all(label)
}

fn of_interface(interface: &Interface) -> Vec<String> {
    let mut problems = Vec::new();
    let own = interface.address.map(Cidr::host).into_iter().chain(interface.aliases.iter().copied());
    for range in own {
        if !is_usable(range.first()) || range.contains(METADATA_ADDRESS) || range.prefix() < 8 {
            problems.push(format!("{range} cannot be a machine's address"));
        } else if range.contains(interface.gateway) {
            problems.push(format!("{range} has the bridge's own address"));
        }
    }
    for range in &interface.ranges {
        if range.range == Cidr::ALL {
            problems.push("0.0.0.0/0 is no range of a VPC".to_owned());
        }
        let direct = |hop| interface.ranges.iter().any(|other| other.next_hop.is_none() && other.range.contains(hop));
        if let Some(hop) = range.next_hop.filter(|hop| !direct(*hop)) {
            problems.push(format!("next hop {hop} is in no range that is reached directly"));
        }
    }
    problems
}

/// What this interface and those before it both have.
fn twice(interface: &Interface, before: &[Interface]) -> Vec<String> {
    let mut problems = Vec::new();
    for other in before {
        if interface.gateway == other.gateway {
            problems.push(format!("gateway {} is another interface's", interface.gateway));
        }
        if let Some(address) = interface.address.filter(|address| other.address == Some(*address)) {
            problems.push(format!("address {address} is another interface's"));
        }
    }
    let earlier = before.iter().flat_map(|other| &other.ranges);
    for range in &interface.ranges {
        let same = |other: &&machine_config::Range| other.range == range.range;
        let own = interface.ranges.iter().filter(|other| other.next_hop != range.next_hop);
        if earlier.clone().chain(own).any(|other| same(&other)) {
            problems.push(format!("range {} is reached in two ways", range.range));
        }
    }
    problems
}

fn is_usable(address: Ipv4Addr) -> bool {
    let never = address.is_loopback() || address.is_link_local() || address.is_multicast() || address.is_broadcast();
    !never && address.octets()[0] != 0
}

fn of_rule(rule: &Rule, interfaces: usize) -> Vec<String> {
    let mut problems = Vec::new();
    if rule.priority > u32::from(u16::MAX) {
        problems.push(format!("priority {} is above 65535", rule.priority));
    }
    for protocol in &rule.protocols {
        if !protocol.ports.is_empty() && !Protocol::has_ports(protocol.number) {
            problems.push(format!("protocol {} has no ports", protocol.number));
        }
        let backwards = protocol.ports.iter().filter(|(from, to)| from > to);
        problems.extend(backwards.map(|(from, to)| format!("ports {from} to {to} are no range")));
    }
    let absent = rule.interfaces.iter().filter(|index| **index >= interfaces);
    problems.extend(absent.map(|index| format!("there is no interface {index}")));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_of(interfaces: &str, rules: &str) -> Vec<String> {
        let json = format!(
            r#"{{"endpoint": {{"url": "http://172.18.0.1", "token": "t"}}, "hostname": "w1.p.internal", "egress": "none",
                "interfaces": [{interfaces}], "rules": [{rules}]}}"#
        );
        problems(&serde_json::from_str(&json).unwrap())
    }

    const GOOD: &str = r#"{"gateway": "172.18.0.1", "address": "10.20.0.2", "ranges": [{"range": "10.20.0.0/24"}]}"#;

    #[test]
    fn finds_nothing_wrong_with_what_is_right() {
        let rule = r#"{"direction": "ingress", "priority": 65535, "action": "deny", "ranges": [],
            "protocols": [{"number": 17, "ports": [[53, 53]]}], "interfaces": [0]}"#;
        assert_eq!(problems_of(GOOD, rule), Vec::<String>::new());
    }

    #[test]
    fn names_everything_that_is_wrong() {
        let rule = r#"{"direction": "ingress", "priority": 65536, "action": "deny", "ranges": [],
            "protocols": [{"number": 1, "ports": [[9, 3]]}], "interfaces": [7]}"#;
        let interface = r#"{"gateway": "172.18.0.1", "address": "127.0.0.1", "aliases": ["172.18.0.0/24"],
            "ranges": [{"range": "0.0.0.0/0"}, {"range": "10.9.0.0/16", "next_hop": "192.0.2.1"}]}"#;
        let interface =
            interface.replace(r#"{"range": "0.0.0.0/0"}, "#, r#"{"range": "0.0.0.0/0", "next_hop": "192.0.2.1"}, "#);
        assert_eq!(problems_of(&interface, rule).len(), 9);
    }

    #[test]
    fn an_interface_is_given_once() {
        assert_eq!(problems_of(&format!("{GOOD}, {GOOD}"), "").len(), 3);
        assert_eq!(problems_of("", "").len(), 1);
    }

    #[test]
    fn a_name_is_one_word() {
        assert!(is_name("w1.us-central1-a.c.p.internal"));
        for name in ["", "w1 w2", "w1\n", ".internal", "w1..p", "-w1"] {
            assert!(!is_name(name), "{name:?}");
        }
    }
}
