//! The ranges that an auto mode network has in each region.
//! <https://cloud.google.com/vpc/docs/subnets#ip-ranges>

use crate::range::Range;

/// Second octets of `10.N.0.0/20`, by region.
const REGIONS: [(&str, u8); 42] = [
    ("africa-south1", 218),
    ("asia-east1", 140),
    ("asia-east2", 170),
    ("asia-northeast1", 146),
    ("asia-northeast2", 174),
    ("asia-northeast3", 178),
    ("asia-south1", 160),
    ("asia-south2", 190),
    ("asia-southeast1", 148),
    ("asia-southeast2", 184),
    ("australia-southeast1", 152),
    ("australia-southeast2", 192),
    ("europe-central2", 186),
    ("europe-north1", 166),
    ("europe-north2", 226),
    ("europe-southwest1", 204),
    ("europe-west1", 132),
    ("europe-west10", 214),
    ("europe-west12", 210),
    ("europe-west2", 154),
    ("europe-west3", 156),
    ("europe-west4", 164),
    ("europe-west6", 172),
    ("europe-west8", 198),
    ("europe-west9", 200),
    ("me-central1", 212),
    ("me-central2", 216),
    ("me-west1", 208),
    ("northamerica-northeast1", 162),
    ("northamerica-northeast2", 188),
    ("northamerica-south1", 224),
    ("southamerica-east1", 158),
    ("southamerica-west1", 194),
    ("us-central1", 128),
    ("us-east1", 142),
    ("us-east4", 150),
    ("us-east5", 202),
    ("us-south1", 206),
    ("us-west1", 138),
    ("us-west2", 168),
    ("us-west3", 180),
    ("us-west4", 182),
];

/// Every region with the range of its subnetwork.
pub fn subnetworks() -> impl Iterator<Item = (&'static str, Range)> {
    REGIONS.iter().map(|(region, octet)| (*region, Range::of([10, *octet, 0, 0], 20)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::range::AUTO;

    #[test]
    fn every_region_has_a_range_of_its_own() {
        let ranges: Vec<_> = subnetworks().collect();
        assert!(ranges.iter().map(|(region, _)| *region).eq(compute_api::places::regions()));
        for (at, (region, range)) in ranges.iter().enumerate() {
            assert!(AUTO.covers(*range), "{region}");
            assert!(ranges[at + 1..].iter().all(|(_, other)| !range.overlaps(*other)), "{region}");
        }
    }
}
