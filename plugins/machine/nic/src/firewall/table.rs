//! Tables of nftables, and the transaction that puts them in place of the ones before.

use machine_config::Cidr;

use super::expression::Expression;
use super::{NAME, ranges};
use crate::netlink::{Message, flags};

/// A table: sets, and chains of rules that refer to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub family: Family,
    pub sets: Vec<Set>,
    pub chains: Vec<Chain>,
}

/// Whose packets a table sees (`NFPROTO_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Ipv4 = 2,
    /// Everything that a device sends, ARP and what does not pass the network stack (packet(7)) too.
    Device = 5,
    Ipv6 = 10,
}

/// A set of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    pub name: String,
    pub ranges: Vec<Cidr>,
}

/// A list of rules; the first whose conditions hold and that has a verdict decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    pub name: String,
    /// Where packets enter it by themselves; none for a chain that others jump to.
    pub base: Option<Base>,
    pub rules: Vec<Vec<Expression>>,
}

/// A hook of the network stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// `filter` or `nat`.
    pub kind: &'static str,
    pub hook: Hook,
    /// The device whose packets enter, for [`Hook::Egress`].
    pub device: Option<String>,
    pub priority: i32,
    /// What happens to packets that no rule decides.
    pub accept: bool,
}

/// `NF_INET_*`, and `NF_NETDEV_EGRESS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    Prerouting,
    Input,
    Forward,
    Output,
    Postrouting,
    /// Where a device takes packets over, behind all others; of [`Family::Device`].
    Egress,
}

impl Hook {
    fn number(self) -> u32 {
        match self {
            Hook::Prerouting => 0,
            Hook::Input | Hook::Egress => 1,
            Hook::Forward => 2,
            Hook::Output => 3,
            Hook::Postrouting => 4,
        }
    }
}

/// What the kernel numbers messages of nftables from: `NFNL_SUBSYS_NFTABLES << 8`.
const SUBSYSTEM: u16 = 10 << 8;
const NEW_TABLE: u16 = SUBSYSTEM;
const GET_TABLE: u16 = SUBSYSTEM | 1;
const DELETE_TABLE: u16 = SUBSYSTEM | 2;
const NEW_CHAIN: u16 = SUBSYSTEM | 3;
const NEW_RULE: u16 = SUBSYSTEM | 6;
const NEW_SET: u16 = SUBSYSTEM | 9;
const NEW_ELEMENTS: u16 = SUBSYSTEM | 12;
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;

/// Elements in one message, whose list must stay below 64 KiB; an interval takes 40 bytes.
const ELEMENTS_AT_ONCE: usize = 1000;

/// Messages that put `tables` in the place of those of the same families, all or none.
pub fn transaction(tables: &[Table]) -> Vec<Message> {
    let mut messages = vec![batch(BATCH_BEGIN)];
    for table in tables {
        // Made first, so that there is one to remove.
        messages.extend([new_table(table.family), table_message(DELETE_TABLE, 0, table.family)]);
        messages.push(new_table(table.family));
        for set in &table.sets {
            messages.push(new_set(table.family, set));
            messages.extend(elements(table.family, set));
        }
        messages.extend(table.chains.iter().map(|chain| new_chain(table.family, chain)));
        for chain in &table.chains {
            messages.extend(chain.rules.iter().map(|rule| new_rule(table.family, &chain.name, rule)));
        }
    }
    if let Some(last) = messages.last_mut() {
        last.flags |= flags::ACK;
    }
    messages.push(batch(BATCH_END));
    messages
}

/// A message that fails with ENOENT when there is no table of ours.
pub fn lookup() -> Message {
    table_message(GET_TABLE, 0, Family::Ipv4)
}

fn batch(kind: u16) -> Message {
    // `struct nfgenmsg`, whose resource is the subsystem.
    Message::new(kind, flags::REQUEST, &[0, 0, 0, 10])
}

/// A message about our table of `family`; the table's name is attribute 1 of all kinds of message.
fn table_message(kind: u16, extra: u16, family: Family) -> Message {
    let mut message = Message::new(kind, flags::REQUEST | extra, &[family as u8, 0, 0, 0]);
    message.text(1, NAME);
    message
}

fn new_table(family: Family) -> Message {
    let mut message = table_message(NEW_TABLE, flags::CREATE, family);
    message.number(2, 0);
    message
}

/// `NFTA_SET_*`: constant intervals of IPv4 addresses.
fn new_set(family: Family, set: &Set) -> Message {
    const CONSTANT_INTERVALS: u32 = 2 | 4;
    /// How `nft` prints the elements.
    const IPV4_ADDRESS: u32 = 7;
    let mut message = table_message(NEW_SET, flags::CREATE, family);
    message.text(2, &set.name).number(3, CONSTANT_INTERVALS).number(4, IPV4_ADDRESS).number(5, 4).number(10, 1);
    message
}

/// `NFTA_SET_ELEM_LIST_*`.
fn elements(family: Family, set: &Set) -> Vec<Message> {
    let intervals = ranges::merged(&set.ranges);
    let chunks = intervals.chunks(ELEMENTS_AT_ONCE).map(|chunk| {
        let mut message = table_message(NEW_ELEMENTS, flags::CREATE, family);
        message.text(2, &set.name).nest(3, |list| {
            for (start, end) in chunk {
                element(list, *start, 0);
                if let Some(end) = end {
                    element(list, *end, 1);
                }
            }
        });
        message
    });
    chunks.collect()
}

/// `NFTA_SET_ELEM_*`; flag 1 marks the address behind an interval.
fn element(list: &mut Message, address: u32, flags: u32) {
    list.nest(1, |element| {
        if flags != 0 {
            element.number(3, flags);
        }
        element.nest(1, |key| {
            key.number(1, address);
        });
    });
}

/// `NFTA_CHAIN_*`.
fn new_chain(family: Family, chain: &Chain) -> Message {
    let mut message = table_message(NEW_CHAIN, flags::CREATE, family);
    message.text(3, &chain.name);
    if let Some(base) = &chain.base {
        message.text(7, base.kind).number(5, u32::from(base.accept)).nest(4, |hook| {
            hook.number(1, base.hook.number()).attribute(2, &base.priority.to_be_bytes());
            if let Some(device) = &base.device {
                hook.text(3, device);
            }
        });
    }
    message
}

/// `NFTA_RULE_*`.
fn new_rule(family: Family, chain: &str, rule: &[Expression]) -> Message {
    let mut message = table_message(NEW_RULE, flags::CREATE | flags::APPEND, family);
    message.text(2, chain).nest(4, |list| {
        for expression in rule {
            expression.encode(list);
        }
    });
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(message: &Message) -> Vec<u8> {
        let mut bytes = Vec::new();
        message.encode(4, &mut bytes);
        bytes
    }

    /// What `nft` sends for a base chain, but for the number of the message.
    #[test]
    fn a_base_chain_is_encoded_as_nft_does() {
        let base = Base { kind: "filter", hook: Hook::Input, device: None, priority: 0, accept: false };
        let chain = Chain { name: "input".into(), base: Some(base), rules: Vec::new() };
        let expected: &[u8] = b"\x54\0\0\0\x03\x0a\x01\x04\x04\0\0\0\0\0\0\0\x02\0\0\0\x0c\0\x01\0fogbank\0\
            \x0a\0\x03\0input\0\0\0\x0b\0\x07\0filter\0\0\x08\0\x05\0\0\0\0\0\
            \x14\0\x04\x80\x08\0\x01\0\0\0\0\x01\x08\0\x02\0\0\0\0\0";
        assert_eq!(encoded(&new_chain(Family::Ipv4, &chain)), expected);
    }

    #[test]
    fn a_large_set_is_split() {
        let address = |index: u32| Cidr::host(std::net::Ipv4Addr::from_bits(index * 2));
        let set = Set { name: "many".into(), ranges: (0..2500).map(address).collect() };
        let messages = elements(Family::Ipv4, &set);
        assert_eq!(messages.len(), 3);
        assert!(messages.iter().all(|message| message.body.len() < 1 << 16));
    }

    #[test]
    fn a_transaction_removes_what_was_there_first() {
        let table = Table { family: Family::Ipv4, sets: Vec::new(), chains: Vec::new() };
        let messages = transaction(&[table]);
        let kinds: Vec<_> = messages.iter().map(|message| message.kind).collect();
        assert_eq!(kinds, [BATCH_BEGIN, NEW_TABLE, DELETE_TABLE, NEW_TABLE, BATCH_END]);
        assert!(messages[3].flags & flags::ACK != 0);
    }
}
