//! What a configuration means for packets.
//!
//! - `input`: answers, then what the VPC's ingress rules let in; the rest is dropped.
//! - `output`: the loopback (so the metadata server), the nic's own sockets, then packets from the machine's own addresses, by the
//!   VPC's egress rules.
//! - `forward`: nothing, unless the machine forwards.
//! - A device sends nothing in another's name, not even what a process with NET_RAW writes past the network stack.
//! - Nat: the metadata server's ports lead to the nic's; what comes from the host for Docker's address goes to the machine's; what
//!   leaves the VPC comes from Docker's address.

use std::net::Ipv4Addr;

use machine_config::{Cidr, Configuration, Direction, Egress, METADATA_ADDRESS};

use super::chains::{Block, Ordered};
use super::expression::{Addresses, ETHERTYPE_ARP, ETHERTYPE_IPV4, Expression as E};
use super::table::{Base, Chain, Family, Hook, Set, Table};
use crate::attachment::Attachment;
use crate::{METADATA_PORT, RESOLVER_PORT};

/// Index of `lo` in every namespace.
const LOOPBACK: u32 = 1;
/// Multicast, broadcast and what is reserved: not carried by a VPC.
const NOT_UNICAST: Cidr = Cidr::around(Ipv4Addr::new(224, 0, 0, 0), 3);
/// Addresses that mean something else on every link; the host's cloud may have its own metadata server there.
const LINK_LOCAL: Cidr = Cidr::around(Ipv4Addr::new(169, 254, 0, 0), 16);
const TCP: u8 = 6;
const UDP: u8 = 17;

/// The firewall before there is a configuration: nothing but the loopback, and the nic's own sockets with `mark`.
pub fn closed(mark: u32) -> Vec<Table> {
    let input = vec![vec![E::Input(LOOPBACK), E::Accept], vec![E::Established, E::Accept]];
    let output = vec![vec![E::Output(LOOPBACK), E::Accept], vec![E::Mark(mark), E::Accept]];
    let chains = vec![
        filter("input", Hook::Input, input),
        filter("forward", Hook::Forward, Vec::new()),
        filter("output", Hook::Output, output),
        metadata_server(),
    ];
    vec![Table { family: Family::Ipv4, sets: Vec::new(), chains }, no_ipv6()]
}

/// The firewall of `configuration`, whose interfaces are `attachments`; the machine does not get to the bridges' gateways and to
/// `closed`.
pub fn ruleset(
    configuration: &Configuration,
    attachments: &[Attachment<'_>],
    closed: &[Ipv4Addr],
    mark: u32,
) -> Vec<Table> {
    let ingress = Ordered::new(&configuration.rules, Direction::Ingress);
    let egress = Ordered::new(&configuration.rules, Direction::Egress);
    let mut chains = Vec::new();
    for (index, _) in attachments.iter().enumerate() {
        let name = format!("host{index}");
        let block = Block { name: &name, by_range: false, allow: E::Accept, otherwise: Some(E::Drop) };
        chains.extend(ingress.of_interface(index).of_outside().chains(&block));
        let name = format!("egress{index}");
        let block = Block { name: &name, by_range: true, allow: E::Accept, otherwise: Some(E::Accept) };
        chains.extend(egress.of_interface(index).chains(&block));
        let name = format!("ingress{index}");
        let block = Block { name: &name, by_range: true, allow: E::Accept, otherwise: Some(E::Drop) };
        chains.extend(ingress.of_interface(index).chains(&block));
        if configuration.can_ip_forward {
            let name = format!("forward{index}");
            let allow = E::Goto("leave".into());
            let block = Block { name: &name, by_range: true, allow, otherwise: Some(E::Drop) };
            chains.extend(ingress.of_interface(index).chains(&block));
        }
    }
    chains.push(Chain { name: "leave".into(), base: None, rules: leave(configuration, attachments) });
    chains.extend(filters(configuration, attachments, mark));
    chains.extend(nat(configuration, attachments));
    let sets = sets(attachments, closed).into_iter().chain(ingress.sets()).chain(egress.sets()).collect();
    let guard = guard(configuration.can_ip_forward, attachments);
    vec![Table { family: Family::Ipv4, sets, chains }, no_ipv6(), guard]
}

/// Lets a device send only what has the machine's addresses or Docker's.
fn guard(can_ip_forward: bool, attachments: &[Attachment<'_>]) -> Table {
    let underlay = attachments.iter().map(|attachment| Cidr::host(attachment.underlay));
    let ranges = attachments.iter().flat_map(Attachment::own).chain(underlay).collect();
    let ip = if can_ip_forward { Addresses::Range(Cidr::ALL) } else { within("own") };
    let rules = vec![
        vec![E::Ethertype(ETHERTYPE_IPV4), E::Source(ip), E::Accept],
        vec![E::Ethertype(ETHERTYPE_ARP), E::ArpSender(within("own")), E::Accept],
    ];
    let chains = attachments.iter().enumerate().map(|(index, attachment)| {
        let mut chain = filter(&format!("egress{index}"), Hook::Egress, rules.clone());
        chain.base.iter_mut().for_each(|base| base.device = Some(attachment.name.clone()));
        chain
    });
    Table { family: Family::Device, sets: vec![Set { name: "own".into(), ranges }], chains: chains.collect() }
}

/// The sets that our own rules refer to.
fn sets(attachments: &[Attachment<'_>], closed: &[Ipv4Addr]) -> Vec<Set> {
    let all = |of: fn(&Attachment<'_>) -> Vec<Cidr>| attachments.iter().flat_map(of).collect::<Vec<_>>();
    let gateways = all(|attachment| vec![Cidr::host(attachment.interface.gateway)]);
    let closed = closed.iter().copied().map(Cidr::host).chain(gateways).collect();
    let mut sets = vec![
        Set { name: "own".into(), ranges: all(|attachment| attachment.own()) },
        Set { name: "closed".into(), ranges: closed },
        Set { name: "underlay".into(), ranges: all(|attachment| vec![attachment.subnet]) },
        Set { name: "vpc".into(), ranges: all(|attachment| attachment.ranges()) },
    ];
    let of_one =
        |(index, attachment): (usize, &Attachment<'_>)| Set { name: ranges(index), ranges: attachment.ranges() };
    sets.extend(attachments.iter().enumerate().map(of_one));
    sets
}

/// Name of the set of what is reached over interface `index`.
fn ranges(index: usize) -> String {
    format!("ranges{index}")
}

fn within(set: &str) -> Addresses {
    Addresses::In(set.to_owned())
}

fn outside(set: &str) -> Addresses {
    Addresses::NotIn(set.to_owned())
}

/// The chains that packets enter by themselves, but for nat.
fn filters(configuration: &Configuration, attachments: &[Attachment<'_>], mark: u32) -> [Chain; 3] {
    let arriving = |prefix: &str| {
        let from = attachments.iter().enumerate().map(|(index, attachment)| {
            let chain = E::Goto(format!("{prefix}{index}"));
            vec![E::Input(attachment.device), E::Source(within(&ranges(index))), chain]
        });
        from.collect::<Vec<_>>()
    };
    let established = || vec![E::Established, E::Accept];
    let mut input =
        vec![vec![E::Input(LOOPBACK), E::Accept], established(), vec![E::Destination(outside("own")), E::Drop]];
    input.extend(attachments.iter().enumerate().map(|(index, attachment)| {
        let gateway = Addresses::Range(Cidr::host(attachment.interface.gateway));
        vec![E::Input(attachment.device), E::Source(gateway), E::Goto(format!("host{index}"))]
    }));
    input.extend(arriving("ingress"));
    let mut output = vec![vec![E::Output(LOOPBACK), E::Accept], vec![E::Mark(mark), E::Accept]];
    let mut forward = Vec::new();
    if configuration.can_ip_forward {
        forward.push(established());
        forward.extend(arriving("forward"));
    } else {
        // A connection to Fogbank begins with Docker's address, and would otherwise wait for ever.
        output.push(vec![E::Source(outside("own")), E::Destination(within("closed")), E::Refuse]);
        output.push(vec![E::Source(outside("own")), E::Drop]);
    }
    output.extend([established(), vec![E::Goto("leave".into())]]);
    [
        filter("input", Hook::Input, input),
        filter("forward", Hook::Forward, forward),
        filter("output", Hook::Output, output),
    ]
}

/// Where packets of new connections may go.
fn leave(configuration: &Configuration, attachments: &[Attachment<'_>]) -> Vec<Vec<E>> {
    let mut rules = vec![
        vec![E::Destination(Addresses::Range(NOT_UNICAST)), E::Drop],
        vec![E::Destination(Addresses::Range(LINK_LOCAL)), E::Refuse],
        vec![E::Destination(within("closed")), E::Refuse],
    ];
    rules.extend(attachments.iter().enumerate().map(|(index, attachment)| {
        let chain = E::Goto(format!("egress{index}"));
        vec![E::Output(attachment.device), E::Destination(within(&ranges(index))), chain]
    }));
    rules.push(vec![E::Destination(within("underlay")), E::Refuse]);
    if let (Egress::Nat, Some(first)) = (configuration.egress, attachments.first()) {
        rules.push(vec![E::Output(first.device), E::Destination(outside("vpc")), E::Goto("egress0".into())]);
    }
    rules.push(vec![E::Refuse]);
    rules
}

/// The chains that change addresses.
fn nat(configuration: &Configuration, attachments: &[Attachment<'_>]) -> [Chain; 3] {
    // A machine sees its own address as the destination of what comes in through an external one.
    let from_host = attachments.iter().filter_map(|attachment| {
        let source = E::Source(Addresses::Range(Cidr::host(attachment.interface.gateway)));
        let destination = E::Destination(Addresses::Range(Cidr::host(attachment.underlay)));
        Some(vec![E::Input(attachment.device), source, destination, E::Dnat(attachment.interface.address?, None)])
    });
    let prerouting = base("prerouting", "nat", Hook::Prerouting, -100, from_host.collect());
    let to_outside = attachments.first().filter(|_| configuration.egress == Egress::Nat).map(|first| {
        let destination = [E::Destination(outside("vpc")), E::Destination(outside("underlay"))];
        [E::Output(first.device)].into_iter().chain(destination).chain([E::Snat(first.underlay)]).collect()
    });
    let postrouting = base("postrouting", "nat", Hook::Postrouting, 100, to_outside.into_iter().collect());
    [prerouting, metadata_server(), postrouting]
}

/// Leads the metadata server's well-known ports to those that the nic listens on. The machine's own servers can so listen on these
/// ports on every address (`0.0.0.0:80`), which the kernel refuses while another listens on one of them.
fn metadata_server() -> Chain {
    let lead = |protocol, from, to| {
        let destination = E::Destination(Addresses::Range(Cidr::host(METADATA_ADDRESS)));
        vec![destination, E::Protocol(protocol), E::Ports(from, from), E::Dnat(METADATA_ADDRESS, Some(to))]
    };
    let rules = vec![lead(TCP, 80, METADATA_PORT), lead(UDP, 53, RESOLVER_PORT), lead(TCP, 53, RESOLVER_PORT)];
    base("metadata", "nat", Hook::Output, -100, rules)
}

fn no_ipv6() -> Table {
    let chains = vec![
        filter("input", Hook::Input, vec![vec![E::Input(LOOPBACK), E::Accept]]),
        filter("forward", Hook::Forward, Vec::new()),
        filter("output", Hook::Output, vec![vec![E::Output(LOOPBACK), E::Accept]]),
    ];
    Table { family: Family::Ipv6, sets: Vec::new(), chains }
}

/// A chain that drops what it does not accept.
fn filter(name: &str, hook: Hook, rules: Vec<Vec<E>>) -> Chain {
    let base = Base { kind: "filter", hook, device: None, priority: 0, accept: false };
    Chain { name: name.into(), base: Some(base), rules }
}

fn base(name: &str, kind: &'static str, hook: Hook, priority: i32, rules: Vec<Vec<E>>) -> Chain {
    Chain { name: name.into(), base: Some(Base { kind, hook, device: None, priority, accept: true }), rules }
}
