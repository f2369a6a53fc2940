//! Where a bucket's data is. <https://cloud.google.com/storage/docs/locations>

const MULTI_REGIONS: [&str; 3] = ["ASIA", "EU", "US"];

/// Predefined dual-regions and the regions they consist of.
const DUAL_REGIONS: [(&str, [&str; 2]); 6] = [
    ("ASIA1", ["ASIA-NORTHEAST1", "ASIA-NORTHEAST2"]),
    ("EUR4", ["EUROPE-NORTH1", "EUROPE-WEST4"]),
    ("EUR5", ["EUROPE-WEST1", "EUROPE-WEST2"]),
    ("EUR7", ["EUROPE-WEST2", "EUROPE-WEST3"]),
    ("EUR8", ["EUROPE-WEST3", "EUROPE-WEST6"]),
    ("NAM4", ["US-CENTRAL1", "US-EAST1"]),
];

const REGIONS: [&str; 44] = [
    "AFRICA-SOUTH1",
    "ASIA-EAST1",
    "ASIA-EAST2",
    "ASIA-NORTHEAST1",
    "ASIA-NORTHEAST2",
    "ASIA-NORTHEAST3",
    "ASIA-SOUTH1",
    "ASIA-SOUTH2",
    "ASIA-SOUTHEAST1",
    "ASIA-SOUTHEAST2",
    "ASIA-SOUTHEAST3",
    "AUSTRALIA-SOUTHEAST1",
    "AUSTRALIA-SOUTHEAST2",
    "EUROPE-CENTRAL2",
    "EUROPE-NORTH1",
    "EUROPE-NORTH2",
    "EUROPE-SOUTHWEST1",
    "EUROPE-WEST1",
    "EUROPE-WEST10",
    "EUROPE-WEST12",
    "EUROPE-WEST2",
    "EUROPE-WEST3",
    "EUROPE-WEST4",
    "EUROPE-WEST6",
    "EUROPE-WEST8",
    "EUROPE-WEST9",
    "ME-CENTRAL1",
    "ME-CENTRAL2",
    "ME-WEST1",
    "NORTHAMERICA-NORTHEAST1",
    "NORTHAMERICA-NORTHEAST2",
    "NORTHAMERICA-SOUTH1",
    "SOUTHAMERICA-EAST1",
    "SOUTHAMERICA-WEST1",
    "US-CENTRAL1",
    "US-CENTRAL2",
    "US-EAST1",
    "US-EAST4",
    "US-EAST5",
    "US-SOUTH1",
    "US-WEST1",
    "US-WEST2",
    "US-WEST3",
    "US-WEST4",
];

/// A location as a bucket keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Upper case.
    pub name: String,
    /// `region`, `dual-region` or `multi-region`.
    pub kind: &'static str,
}

/// Reads a location in any case. `regions` are those of a custom dual-region (`customPlacementConfig`): two regions of
/// the multi-region's continent. `None` where there is no such place.
pub fn find(name: &str, regions: Option<&[String]>) -> Option<Location> {
    let name = name.to_ascii_uppercase();
    let kind = match regions {
        Some(regions) => custom_pair(&name, regions).then_some("dual-region")?,
        None if MULTI_REGIONS.contains(&name.as_str()) => "multi-region",
        None if DUAL_REGIONS.iter().any(|(dual, _)| *dual == name) => "dual-region",
        None if is_region(&name) => "region",
        None => return None,
    };
    Some(Location { name, kind })
}

fn is_region(name: &str) -> bool {
    REGIONS.contains(&name)
}

fn custom_pair(continent: &str, regions: &[String]) -> bool {
    let prefix = match continent {
        "US" => "US-",
        "EU" => "EUROPE-",
        "ASIA" => "ASIA-",
        _ => return false,
    };
    let known =
        |region: &String| is_region(&region.to_ascii_uppercase()) && region.to_ascii_uppercase().starts_with(prefix);
    regions.len() == 2 && !regions[0].eq_ignore_ascii_case(&regions[1]) && regions.iter().all(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str) -> Option<&'static str> {
        find(name, None).map(|location| location.kind)
    }

    #[test]
    fn locations_are_read_in_any_case_and_kept_in_upper_case() {
        assert_eq!(find("us-central1", None).unwrap().name, "US-CENTRAL1");
        assert_eq!(kind("us-central1"), Some("region"));
        assert_eq!(kind("eu"), Some("multi-region"));
        assert_eq!(kind("Nam4"), Some("dual-region"));
        assert_eq!(kind("us-west4"), Some("region"));
        assert_eq!(kind("mars-north1"), None);
    }

    #[test]
    fn a_custom_dual_region_is_two_regions_of_one_continent() {
        let pair = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        assert_eq!(find("us", Some(&pair("us-east1", "US-WEST1"))).unwrap().kind, "dual-region");
        assert_eq!(find("us", Some(&pair("us-east1", "US-EAST1"))), None);
        assert_eq!(find("us", Some(&pair("us-east1", "europe-west1"))), None);
        assert_eq!(find("us-east1", Some(&pair("us-east1", "us-west1"))), None);
    }
}
