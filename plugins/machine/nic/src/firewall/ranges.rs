//! Intervals for nftables, which refuses a set whose elements overlap.

use machine_config::Cidr;

/// First address, and the address behind the last one (none behind 255.255.255.255).
pub type Interval = (u32, Option<u32>);

/// The addresses in any of `ranges` as intervals in order, none of which touch.
pub fn merged(ranges: &[Cidr]) -> Vec<Interval> {
    let mut sorted: Vec<_> = ranges.iter().map(|range| (range.first().to_bits(), range.last().to_bits())).collect();
    sorted.sort_unstable();
    let mut intervals: Vec<Interval> = Vec::new();
    for (first, last) in sorted {
        let behind = last.checked_add(1);
        match intervals.last_mut() {
            Some((_, end)) if end.is_none_or(|end| first <= end) => *end = furthest(*end, behind),
            _ => intervals.push((first, behind)),
        }
    }
    intervals
}

fn furthest(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    Some(one?.max(other?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merge(ranges: &[&str]) -> Vec<Interval> {
        merged(&ranges.iter().map(|range| range.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn keeps_what_is_apart() {
        assert_eq!(merge(&["0.0.1.0/24", "0.0.0.7"]), [(7, Some(8)), (0x100, Some(0x200))]);
        assert!(merge(&[]).is_empty());
    }

    #[test]
    fn joins_what_overlaps_or_touches() {
        assert_eq!(merge(&["0.0.1.0/24", "0.0.0.0/24", "0.0.1.16/28"]), [(0, Some(0x200))]);
        assert_eq!(merge(&["0.0.0.0/8", "0.0.0.1"]), [(0, Some(0x0100_0000))]);
    }

    #[test]
    fn reaches_the_last_address() {
        assert_eq!(merge(&["255.255.255.255", "128.0.0.0/1", "255.0.0.0/8"]), [(0x8000_0000, None)]);
        assert_eq!(merge(&["0.0.0.0/0", "10.0.0.0/8"]), [(0, None)]);
    }
}
