//! What a rule of nftables is made of, and how the kernel wants it: `linux/netfilter/nf_tables.h`.
//!
//! Each [`Expression`] is one or more of the kernel's; they leave values in register 1 and compare it.

use std::net::Ipv4Addr;

use machine_config::Cidr;

use crate::netlink::Message;

/// One step of a rule: a condition, or what happens when all before it hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// Came in over the device of this index.
    Input(u32),
    /// Goes out over the device of this index.
    Output(u32),
    /// Sent by a socket with this mark.
    Mark(u32),
    /// Belongs to a connection, or tells of an error in one.
    Established,
    /// Came from.
    Source(Addresses),
    /// Goes to.
    Destination(Addresses),
    /// What the frame holds: [`ETHERTYPE_IPV4`] or [`ETHERTYPE_ARP`].
    Ethertype(u16),
    /// The address that an ARP message says its sender has.
    ArpSender(Addresses),
    /// IP protocol number.
    Protocol(u8),
    /// Destination port, from and to, of tcp, udp or sctp.
    Ports(u16, u16),
    /// A copy goes to the reader of group [`LOG_GROUP`], with this text.
    Log(String),
    Accept,
    Drop,
    /// The sender is told that there is no way to the network.
    Refuse,
    /// Continues in another chain, and comes back when that decides nothing.
    Jump(String),
    /// Continues in another chain for good.
    Goto(String),
    /// From now on the connection comes from this address.
    Snat(Ipv4Addr),
    /// From now on the connection goes to this address, and port.
    Dnat(Ipv4Addr, Option<u16>),
}

/// Which addresses a condition is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addresses {
    Range(Cidr),
    /// The set of this name.
    In(String),
    /// Every address that the set of this name does not have.
    NotIn(String),
}

pub const ETHERTYPE_IPV4: u16 = 0x0800;
pub const ETHERTYPE_ARP: u16 = 0x0806;
/// Group of nfnetlink_log that logged packets go to.
pub const LOG_GROUP: u16 = 1;
/// How much of a logged packet is copied: its headers.
const LOG_BYTES: u32 = 128;

const REGISTER: u32 = 1;
const SECOND_REGISTER: u32 = 2;
/// The register that holds the verdict.
const VERDICT: u32 = 0;
const EQUAL: u32 = 0;
const NOT_EQUAL: u32 = 1;
/// `NFPROTO_IPV4`.
const IPV4: u32 = 2;

impl Expression {
    /// Appends the expression to the list of a rule.
    pub fn encode(&self, list: &mut Message) {
        match self {
            Expression::Input(index) => meta(list, 4, &index.to_ne_bytes()),
            Expression::Output(index) => meta(list, 5, &index.to_ne_bytes()),
            Expression::Mark(mark) => meta(list, 3, &mark.to_ne_bytes()),
            Expression::Protocol(number) => meta(list, 16, &[*number]),
            Expression::Established => established(list),
            Expression::Source(addresses) => address(list, 12, addresses),
            Expression::Destination(addresses) => address(list, 16, addresses),
            Expression::Ethertype(number) => meta(list, 1, &number.to_be_bytes()),
            Expression::ArpSender(addresses) => address(list, 14, addresses),
            Expression::Ports(from, to) => ports(list, *from, *to),
            Expression::Log(text) => log(list, text),
            Expression::Accept => verdict(list, 1, None),
            Expression::Drop => verdict(list, 0, None),
            Expression::Refuse => refuse(list),
            Expression::Jump(chain) => verdict(list, -3, Some(chain)),
            Expression::Goto(chain) => verdict(list, -4, Some(chain)),
            Expression::Snat(address) => nat(list, 0, *address, None),
            Expression::Dnat(address, port) => nat(list, 1, *address, *port),
        }
    }
}

/// Appends one expression of the kernel: `NFTA_LIST_ELEM` of `NFTA_EXPR_NAME` and `NFTA_EXPR_DATA`.
fn expression(list: &mut Message, name: &str, data: impl FnOnce(&mut Message)) {
    list.nest(1, |element| {
        element.text(1, name).nest(2, data);
    });
}

/// Appends a value: `NFTA_DATA_VALUE` in an attribute of `kind`.
fn value(message: &mut Message, kind: u16, bytes: &[u8]) {
    message.nest(kind, |data| {
        data.attribute(1, bytes);
    });
}

/// `NFTA_CMP_*`: register 1 against `bytes`.
fn compare(list: &mut Message, operation: u32, bytes: &[u8]) {
    expression(list, "cmp", |data| {
        data.number(1, REGISTER).number(2, operation);
        value(data, 3, bytes);
    });
}

/// `NFTA_META_*`: what the kernel knows of the packet under `key` is `bytes`.
fn meta(list: &mut Message, key: u32, bytes: &[u8]) {
    expression(list, "meta", |data| {
        data.number(2, key).number(1, REGISTER);
    });
    compare(list, EQUAL, bytes);
}

/// `NFTA_BITWISE_*`: keeps the bits of `mask` in register 1.
fn keep_bits(list: &mut Message, mask: [u8; 4]) {
    expression(list, "bitwise", |data| {
        data.number(1, REGISTER).number(2, REGISTER).number(3, 4);
        value(data, 4, &mask);
        value(data, 5, &[0; 4]);
    });
}

fn established(list: &mut Message) {
    const STATE: u32 = 0;
    const ESTABLISHED_OR_RELATED: u32 = 2 | 4;
    expression(list, "ct", |data| {
        data.number(2, STATE).number(1, REGISTER);
    });
    keep_bits(list, ESTABLISHED_OR_RELATED.to_ne_bytes());
    compare(list, NOT_EQUAL, &[0; 4]);
}

/// `NFTA_PAYLOAD_*`: loads bytes of the network header (1) or the transport header (2).
fn payload(list: &mut Message, base: u32, offset: u32, length: u32) {
    expression(list, "payload", |data| {
        data.number(1, REGISTER).number(2, base).number(3, offset).number(4, length);
    });
}

fn address(list: &mut Message, offset: u32, addresses: &Addresses) {
    if *addresses == Addresses::Range(Cidr::ALL) {
        return;
    }
    payload(list, 1, offset, 4);
    match addresses {
        Addresses::Range(range) => {
            if range.prefix() < 32 {
                let mask = !(range.first().to_bits() ^ range.last().to_bits());
                keep_bits(list, mask.to_be_bytes());
            }
            compare(list, EQUAL, &range.first().octets());
        }
        Addresses::In(set) => lookup(list, set, 0),
        Addresses::NotIn(set) => lookup(list, set, 1),
    }
}

/// `NFTA_LOOKUP_*`; `inverted` is 1 for "not in".
fn lookup(list: &mut Message, set: &str, inverted: u32) {
    expression(list, "lookup", |data| {
        data.number(2, REGISTER).text(1, set).number(5, inverted);
    });
}

fn ports(list: &mut Message, from: u16, to: u16) {
    const GREATER_OR_EQUAL: u32 = 5;
    const LESS_OR_EQUAL: u32 = 3;
    if (from, to) == (0, u16::MAX) {
        return;
    }
    payload(list, 2, 2, 2);
    if from == to {
        compare(list, EQUAL, &from.to_be_bytes());
    } else {
        compare(list, GREATER_OR_EQUAL, &from.to_be_bytes());
        compare(list, LESS_OR_EQUAL, &to.to_be_bytes());
    }
}

/// `NFTA_LOG_*`.
fn log(list: &mut Message, text: &str) {
    expression(list, "log", |data| {
        data.attribute(1, &LOG_GROUP.to_be_bytes())
            .text(2, text)
            .number(3, LOG_BYTES)
            .attribute(4, &1u16.to_be_bytes());
    });
}

/// `NFTA_IMMEDIATE_*` with `NFTA_DATA_VERDICT`.
fn verdict(list: &mut Message, code: i32, chain: Option<&str>) {
    expression(list, "immediate", |data| {
        data.number(1, VERDICT).nest(2, |data| {
            data.nest(2, |verdict| {
                verdict.attribute(1, &code.to_be_bytes());
                if let Some(chain) = chain {
                    verdict.text(2, chain);
                }
            });
        });
    });
}

/// `NFTA_REJECT_*`: ICMP destination unreachable, network unreachable.
fn refuse(list: &mut Message) {
    expression(list, "reject", |data| {
        data.number(1, 0).attribute(2, &[0]);
    });
}

/// `NFTA_NAT_*`; `kind` is 0 for the source, 1 for the destination.
fn nat(list: &mut Message, kind: u32, address: Ipv4Addr, port: Option<u16>) {
    load(list, REGISTER, &address.octets());
    if let Some(port) = port {
        load(list, SECOND_REGISTER, &port.to_be_bytes());
    }
    expression(list, "nat", |data| {
        data.number(1, kind).number(2, IPV4).number(3, REGISTER);
        if port.is_some() {
            data.number(5, SECOND_REGISTER);
        }
    });
}

/// `NFTA_IMMEDIATE_*` with `NFTA_DATA_VALUE`.
fn load(list: &mut Message, register: u32, bytes: &[u8]) {
    expression(list, "immediate", |data| {
        data.number(1, register);
        value(data, 2, bytes);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(expression: &Expression) -> Vec<u8> {
        let mut list = Message::new(0, 0, &[]);
        expression.encode(&mut list);
        list.body
    }

    /// What `nft` sends for `iif lo`.
    #[test]
    fn a_device_is_encoded_as_nft_does() {
        let expected: &[u8] = b"\x24\x00\x01\x80\x09\x00\x01\x00meta\0\0\0\0\x14\x00\x02\x80\x08\x00\x02\x00\0\0\0\x04\
            \x08\x00\x01\x00\0\0\0\x01\x2c\x00\x01\x80\x08\x00\x01\x00cmp\0\x20\x00\x02\x80\x08\x00\x01\x00\0\0\0\x01\
            \x08\x00\x02\x00\0\0\0\0\x0c\x00\x03\x80\x08\x00\x01\x00\x01\0\0\0";
        assert_eq!(encoded(&Expression::Input(1)), expected);
    }

    /// What `nft` sends for `accept`.
    #[test]
    fn a_verdict_is_encoded_as_nft_does() {
        let expected: &[u8] =
            b"\x30\x00\x01\x80\x0e\x00\x01\x00immediate\0\0\0\x1c\x00\x02\x80\x08\x00\x01\x00\0\0\0\0\
            \x10\x00\x02\x80\x0c\x00\x02\x80\x08\x00\x01\x00\0\0\0\x01";
        assert_eq!(encoded(&Expression::Accept), expected);
    }

    /// What `nft` sends for `ct state established,related`.
    #[test]
    fn a_connection_is_encoded_as_nft_does() {
        let expected: &[u8] = b"\x20\x00\x01\x80\x07\x00\x01\x00ct\0\0\x14\x00\x02\x80\x08\x00\x02\x00\0\0\0\0\
            \x08\x00\x01\x00\0\0\0\x01\x44\x00\x01\x80\x0c\x00\x01\x00bitwise\0\x34\x00\x02\x80\x08\x00\x01\x00\0\0\0\x01\
            \x08\x00\x02\x00\0\0\0\x01\x08\x00\x03\x00\0\0\0\x04\x0c\x00\x04\x80\x08\x00\x01\x00\x06\0\0\0\
            \x0c\x00\x05\x80\x08\x00\x01\x00\0\0\0\0\x2c\x00\x01\x80\x08\x00\x01\x00cmp\0\x20\x00\x02\x80\
            \x08\x00\x01\x00\0\0\0\x01\x08\x00\x02\x00\0\0\0\x01\x0c\x00\x03\x80\x08\x00\x01\x00\0\0\0\0";
        assert_eq!(encoded(&Expression::Established), expected);
    }

    /// What `nft` sends for `ip saddr 10.0.0.0/9`.
    #[test]
    fn a_range_is_encoded_as_nft_does() {
        let expected: &[u8] = b"\x34\x00\x01\x80\x0c\x00\x01\x00payload\0\x24\x00\x02\x80\x08\x00\x01\x00\0\0\0\x01\
            \x08\x00\x02\x00\0\0\0\x01\x08\x00\x03\x00\0\0\0\x0c\x08\x00\x04\x00\0\0\0\x04\x44\x00\x01\x80\
            \x0c\x00\x01\x00bitwise\0\x34\x00\x02\x80\x08\x00\x01\x00\0\0\0\x01\x08\x00\x02\x00\0\0\0\x01\
            \x08\x00\x03\x00\0\0\0\x04\x0c\x00\x04\x80\x08\x00\x01\x00\xff\x80\0\0\x0c\x00\x05\x80\x08\x00\x01\x00\0\0\0\0\
            \x2c\x00\x01\x80\x08\x00\x01\x00cmp\0\x20\x00\x02\x80\x08\x00\x01\x00\0\0\0\x01\x08\x00\x02\x00\0\0\0\0\
            \x0c\x00\x03\x80\x08\x00\x01\x00\x0a\0\0\0";
        let range = Addresses::Range("10.0.0.0/9".parse().unwrap());
        assert_eq!(encoded(&Expression::Source(range)), expected);
    }

    #[test]
    fn what_always_holds_is_nothing() {
        assert!(encoded(&Expression::Source(Addresses::Range(Cidr::ALL))).is_empty());
        assert!(encoded(&Expression::Ports(0, u16::MAX)).is_empty());
    }
}
