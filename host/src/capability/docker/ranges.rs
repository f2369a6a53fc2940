//! Ranges of addresses for bridges: taken from a pool, free of what Docker's networks and the machine's routes use.

use std::fmt;
use std::net::Ipv4Addr;

/// Bits of a bridge's range.
const BRIDGE: u8 = 24;

/// A range of IPv4 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    first: u32,
    bits: u8,
}

impl Range {
    /// Reads `10.0.0.0/8`; none where it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let (address, bits) = (address.parse::<Ipv4Addr>().ok()?, bits.parse::<u8>().ok()?);
        (bits <= 32).then(|| Self::of(address.into(), bits))
    }

    fn of(address: u32, bits: u8) -> Self {
        Self { first: address & mask(bits), bits }
    }

    /// Whether they have an address in common.
    pub fn overlaps(&self, other: &Range) -> bool {
        let bits = self.bits.min(other.bits);
        self.first & mask(bits) == other.first & mask(bits)
    }

    /// The first address behind the network's own.
    pub fn gateway(&self) -> Ipv4Addr {
        Ipv4Addr::from(self.first + 1)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.first), self.bits)
    }
}

fn mask(bits: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0)
}

/// Where bridges get their ranges from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool(Range);

impl Pool {
    /// Reads a range of at least one bridge; the error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let range = Range::parse(text).filter(|range| (8..=BRIDGE).contains(&range.bits));
        range.map(Self).ok_or_else(|| format!("`{text}` is no range of addresses such as 10.213.0.0/16"))
    }

    /// The ranges of bridges in it, in order.
    pub fn ranges(&self) -> impl Iterator<Item = Range> {
        let step = 1_u32 << (32 - BRIDGE);
        let (first, count) = (self.0.first, 1_u32 << (BRIDGE - self.0.bits));
        (0..count).map(move |index| Range::of(first + index * step, BRIDGE))
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the machine has routes for, as far as the system tells: Linux does, in a file.
pub fn routes() -> Vec<Range> {
    std::fs::read_to_string("/proc/net/route").map(|text| read_routes(&text)).unwrap_or_default()
}

/// Lines of interface, destination, gateway, flags, ..., mask: numbers in hexadecimal and network order.
fn read_routes(text: &str) -> Vec<Range> {
    let number = |text: &str| u32::from_str_radix(text, 16).ok().map(u32::swap_bytes);
    let route = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (destination, mask) = (number(fields.get(1)?)?, number(fields.get(7)?)?);
        Some(Range::of(destination, mask.leading_ones() as u8))
    };
    // The default route covers everything and takes nothing.
    text.lines().skip(1).filter_map(route).filter(|range| range.bits > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Range {
        Range::parse(text).expect("a range")
    }

    #[test]
    fn f22_ranges_overlap_where_they_have_an_address_in_common() {
        for (a, b) in
            [("10.0.0.0/8", "10.213.4.0/24"), ("10.213.4.0/24", "10.213.4.128/25"), ("0.0.0.0/0", "1.2.3.4/32")]
        {
            assert!(range(a).overlaps(&range(b)) && range(b).overlaps(&range(a)), "{a} {b}");
        }
        assert!(!range("10.213.4.0/24").overlaps(&range("10.213.5.0/24")));
        for text in ["10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0/8", "::1/128"] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_pool_is_cut_into_bridges() {
        let pool = Pool::parse("10.213.0.0/16").expect("a pool");
        assert_eq!(pool.ranges().count(), 256);
        let fourth = pool.ranges().nth(4).expect("there");
        assert_eq!((fourth.to_string().as_str(), fourth.gateway()), ("10.213.4.0/24", Ipv4Addr::new(10, 213, 4, 1)));
        assert!(Pool::parse("10.213.0.0/28").is_err() && Pool::parse("0.0.0.0/0").is_err());
    }

    #[test]
    fn routes_of_the_machine_are_read() {
        let text = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
                    eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
                    eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n";
        assert_eq!(read_routes(text), [range("172.17.0.0/16")]);
    }
}
