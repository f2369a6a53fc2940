//! Regions and zones. <https://cloud.google.com/compute/docs/regions-zones>

use crate::collections::{self, Collection};
use crate::path::Scope;

/// Regions, each with the letters of its zones.
const REGIONS: [(&str, &str); 42] = [
    ("africa-south1", "abc"),
    ("asia-east1", "abc"),
    ("asia-east2", "abc"),
    ("asia-northeast1", "abc"),
    ("asia-northeast2", "abc"),
    ("asia-northeast3", "abc"),
    ("asia-south1", "abc"),
    ("asia-south2", "abc"),
    ("asia-southeast1", "abc"),
    ("asia-southeast2", "abc"),
    ("australia-southeast1", "abc"),
    ("australia-southeast2", "abc"),
    ("europe-central2", "abc"),
    ("europe-north1", "abc"),
    ("europe-north2", "abc"),
    ("europe-southwest1", "abc"),
    ("europe-west1", "bcd"),
    ("europe-west10", "abc"),
    ("europe-west12", "abc"),
    ("europe-west2", "abc"),
    ("europe-west3", "abc"),
    ("europe-west4", "abc"),
    ("europe-west6", "abc"),
    ("europe-west8", "abc"),
    ("europe-west9", "abc"),
    ("me-central1", "abc"),
    ("me-central2", "abc"),
    ("me-west1", "abc"),
    ("northamerica-northeast1", "abc"),
    ("northamerica-northeast2", "abc"),
    ("northamerica-south1", "abc"),
    ("southamerica-east1", "abc"),
    ("southamerica-west1", "abc"),
    ("us-central1", "abcf"),
    ("us-east1", "bcd"),
    ("us-east4", "abc"),
    ("us-east5", "abc"),
    ("us-south1", "abc"),
    ("us-west1", "abc"),
    ("us-west2", "abc"),
    ("us-west3", "abc"),
    ("us-west4", "abc"),
];

/// The names of all regions, sorted.
pub fn regions() -> impl Iterator<Item = &'static str> {
    REGIONS.iter().map(|(name, _)| *name)
}

/// The names of a region's zones.
pub fn zones_of(region: &str) -> impl Iterator<Item = String> {
    let found = REGIONS.iter().find(|(name, _)| *name == region);
    found.into_iter().flat_map(|(name, letters)| letters.chars().map(move |letter| format!("{name}-{letter}")))
}

/// The names of all zones, sorted.
pub fn zones() -> impl Iterator<Item = String> {
    regions().flat_map(zones_of)
}

/// Whether there is such a place.
pub fn exists(scope: &Scope) -> bool {
    match scope {
        Scope::Global => true,
        Scope::Region(region) => regions().any(|name| name == region),
        Scope::Zone(zone) => scope.region().is_some_and(|region| zones_of(region).any(|name| name == *zone)),
    }
}

/// All scopes that resources of a collection may be in, in the order of aggregated lists.
pub fn scopes_of(collection: &Collection) -> Vec<Scope> {
    let mut scopes = Vec::new();
    if collection.place(collections::Scope::Global).is_some() {
        scopes.push(Scope::Global);
    }
    if collection.place(collections::Scope::Region).is_some() {
        scopes.extend(regions().map(|name| Scope::Region(name.to_owned())));
    }
    if collection.place(collections::Scope::Zone).is_some() {
        scopes.extend(zones().map(Scope::Zone));
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_in_regions() {
        assert!(REGIONS.is_sorted());
        let is = |text: &str| exists(&Scope::parse(text).unwrap());
        assert!(is("zones/us-central1-f") && is("regions/europe-west1") && is("global"));
        assert!(!is("zones/us-central1-x") && !is("zones/nowhere") && !is("regions/us-central9"));
    }
}
