//! Ranges of IPv4 addresses (RFC 4632), and which of them a subnetwork may have.
//! <https://cloud.google.com/vpc/docs/subnets#valid-ranges>

use std::fmt;
use std::net::Ipv4Addr;

/// A range of IPv4 addresses, whose bits behind the prefix are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    first: u32,
    prefix: u8,
}

/// Ranges that no subnetwork may touch, each with what they are.
const PROHIBITED: [(Range, &str); 6] = [
    (Range::of([0, 0, 0, 0], 8), "the current network (RFC 1122)"),
    (Range::of([127, 0, 0, 0], 8), "the local host (RFC 1122)"),
    (Range::of([169, 254, 0, 0], 16), "link-local addresses (RFC 3927)"),
    (Range::of([224, 0, 0, 0], 4), "multicast (RFC 5771)"),
    (Range::of([199, 36, 153, 4], 30), "restricted.googleapis.com"),
    (Range::of([199, 36, 153, 8], 30), "private.googleapis.com"),
];

/// What auto mode networks keep for their own subnetworks.
pub const AUTO: Range = Range::of([10, 128, 0, 0], 9);

// === impl Range ===

impl Range {
    /// Of constant parts, which have to fit each other.
    pub const fn of(octets: [u8; 4], prefix: u8) -> Self {
        Self { first: u32::from_be_bytes(octets), prefix }
    }

    /// Reads `10.0.0.0/24`. Nothing for what has no prefix, or bits behind it.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let first = parse_address(address)?;
        if prefix.len() > 2 || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let prefix = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
        (first & !mask(prefix) == 0).then_some(Self { first, prefix })
    }

    /// As [`Self::parse`], and an address alone is the range of that address.
    pub fn parse_or_address(text: &str) -> Option<Self> {
        match text.contains('/') {
            true => Self::parse(text),
            false => parse_address(text).map(Self::host),
        }
    }

    /// The range of one address.
    pub const fn host(address: u32) -> Self {
        Self { first: address, prefix: 32 }
    }

    /// The range of `prefix` bits around an address.
    pub const fn around(address: u32, prefix: u8) -> Self {
        Self { first: address & mask(prefix), prefix }
    }

    /// The lowest address.
    pub const fn first(self) -> u32 {
        self.first
    }

    /// The highest address.
    pub const fn last(self) -> u32 {
        self.first | !mask(self.prefix)
    }

    /// How many leading bits are fixed.
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether the ranges have an address in common.
    pub const fn overlaps(self, other: Self) -> bool {
        self.first <= other.last() && other.first <= self.last()
    }

    /// Whether all of `other` is inside.
    pub const fn covers(self, other: Self) -> bool {
        self.first <= other.first && other.last() <= self.last()
    }

    /// Whether an address is inside.
    pub const fn contains(self, address: u32) -> bool {
        self.first <= address && address <= self.last()
    }

    /// Addresses that machines may have: all but the first two and the last two. <https://cloud.google.com/vpc/docs/subnets#unusable-ip-addresses-in-every-subnet>
    pub const fn usable(self) -> (u32, u32) {
        (self.first.saturating_add(2), self.last().saturating_sub(2))
    }

    /// The gateway: the second address.
    pub fn gateway(self) -> String {
        address(self.first + 1)
    }

    /// Why a subnetwork may not have the range; nothing where it may.
    pub fn objection(self) -> Option<String> {
        if self.prefix > 29 {
            return Some("The range is too small: it has to be /29 or larger.".to_owned());
        }
        if self.prefix < 4 {
            return Some("The range is too large: it has to be /4 or smaller.".to_owned());
        }
        let prohibited = PROHIBITED.iter().find(|(range, _)| range.overlaps(self));
        prohibited.map(|(range, what)| format!("The range {range} is reserved: {what}."))
    }
}

impl fmt::Display for Range {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", Ipv4Addr::from_bits(self.first), self.prefix)
    }
}

const fn mask(prefix: u8) -> u32 {
    if prefix == 0 { 0 } else { u32::MAX << (32 - prefix) }
}

/// An address in decimal notation.
pub fn address(bits: u32) -> String {
    Ipv4Addr::from_bits(bits).to_string()
}

/// Reads an address in decimal notation.
pub fn parse_address(text: &str) -> Option<u32> {
    text.parse::<Ipv4Addr>().ok().map(Ipv4Addr::to_bits)
}

/// Whether it is a range or an address of IPv6.
pub fn is_ipv6(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').unwrap_or((text, "128"));
    address.parse::<std::net::Ipv6Addr>().is_ok() && prefix.parse::<u8>().is_ok_and(|prefix| prefix <= 128)
}

/// The lowest block of `prefix` bits within `from` to `to` that no lease covers; `leases` are sorted and apart from each other.
pub fn free(from: u32, to: u32, prefix: u8, leases: &[(u32, u32)]) -> Option<u32> {
    let size = 1_u64 << (32 - prefix);
    let align = |at: u64| at.div_ceil(size) * size;
    let mut at = align(u64::from(from));
    for (first, last) in leases.iter().filter(|(_, last)| *last >= from) {
        if at + size <= u64::from(*first) {
            break;
        }
        at = at.max(align(u64::from(*last) + 1));
    }
    (at + size - 1 <= u64::from(to)).then(|| u32::try_from(at).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Range {
        Range::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn reads_and_writes_ranges() {
        for text in ["0.0.0.0/0", "10.0.0.0/8", "10.20.0.0/24", "10.1.2.3/32"] {
            assert_eq!(range(text).to_string(), text);
        }
        for text in
            ["10.0.0.1/24", "10.0.0.0", "10.0.0.0/33", "10.0.0/24", "10.0.0.0/+8", "10.0.0.0/", "::/0", "10.0.0.0/024"]
        {
            assert_eq!(Range::parse(text), None, "{text}");
        }
        assert_eq!(Range::parse_or_address("10.1.2.3"), Some(range("10.1.2.3/32")));
    }

    #[test]
    fn f22_ranges_overlap_when_they_share_an_address() {
        let overlap = |one: &str, other: &str| {
            assert_eq!(range(one).overlaps(range(other)), range(other).overlaps(range(one)));
            range(one).overlaps(range(other))
        };
        assert!(overlap("10.0.0.0/24", "10.0.0.0/24") && overlap("10.0.0.0/16", "10.0.3.0/24"));
        assert!(!overlap("10.0.0.0/24", "10.0.1.0/24") && !overlap("10.0.0.0/25", "10.0.0.128/25"));
        assert!(
            range("10.0.0.0/8").covers(range("10.255.0.0/16")) && !range("10.0.0.0/16").covers(range("10.0.0.0/8"))
        );
    }

    #[test]
    fn f22_a_subnetwork_has_only_ranges_that_google_lets_it_have() {
        for text in [
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.1.0/29",
            "100.64.0.0/10",
            "198.18.0.0/15",
            "240.0.0.0/4",
            "8.8.8.0/24",
        ] {
            assert_eq!(range(text).objection(), None, "{text}");
        }
        for text in [
            "10.0.0.0/30",
            "0.0.0.0/0",
            "127.0.0.0/24",
            "169.254.1.0/24",
            "224.0.0.0/8",
            "199.36.153.0/24",
            "0.0.0.0/4",
        ] {
            assert!(range(text).objection().is_some(), "{text}");
        }
    }

    #[test]
    fn two_addresses_at_each_end_are_not_for_machines() {
        let (first, last) = range("10.20.0.0/24").usable();
        assert_eq!((address(first), address(last)), ("10.20.0.2".to_owned(), "10.20.0.253".to_owned()));
        assert_eq!(range("10.20.0.0/24").gateway(), "10.20.0.1");
    }

    #[test]
    fn the_lowest_free_block_is_found() {
        let at = |text: &str| parse_address(text).unwrap();
        let (from, to) = range("10.0.0.0/29").usable();
        assert_eq!(free(from, to, 32, &[]), Some(at("10.0.0.2")));
        let taken: Vec<(u32, u32)> = (2..6).map(|last| (at("10.0.0.0") + last, at("10.0.0.0") + last)).collect();
        assert_eq!(free(from, to, 32, &taken[..2]), Some(at("10.0.0.4")));
        assert_eq!(free(from, to, 32, &taken[1..]), Some(at("10.0.0.2")));
        assert_eq!(free(from, to, 32, &taken), None);
        let pods = range("10.4.0.0/22");
        assert_eq!(free(pods.first(), pods.last(), 24, &[(at("10.4.0.7"), at("10.4.0.7"))]), Some(at("10.4.1.0")));
        assert_eq!(free(pods.first(), pods.last(), 24, &[(at("10.4.0.0"), at("10.4.3.255"))]), None);
        assert_eq!(free(at("255.255.255.0"), u32::MAX, 24, &[]), Some(at("255.255.255.0")));
    }
}
