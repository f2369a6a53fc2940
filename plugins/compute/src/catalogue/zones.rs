//! Regions and zones as resources. <https://cloud.google.com/compute/docs/regions-zones>

use super::{EPOCH, number};
use compute_api::path::{MARK, Path, Scope};
use compute_api::places;
use serde_json::{Value, json};

/// Processors that a machine may ask for as its least, in all zones alike.
const PLATFORMS: [&str; 12] = [
    "Ampere Altra",
    "Intel Ice Lake",
    "Intel Cascade Lake",
    "Intel Skylake",
    "Intel Broadwell",
    "Intel Haswell",
    "Intel Ivy Bridge",
    "Intel Sandy Bridge",
    "AMD Milan",
    "AMD Rome",
    "Intel Sapphire Rapids",
    "AMD Genoa",
];

/// A zone or a region.
pub fn given(path: &Path) -> Option<Value> {
    match path.collection.as_str() {
        "zones" if places::exists(&Scope::Zone(path.name.clone())) => Some(zone(&path.project, &path.name)),
        "regions" if places::exists(&Scope::Region(path.name.clone())) => Some(region(&path.project, &path.name)),
        _ => None,
    }
}

/// All regions, or all zones, sorted by name.
pub fn all(project: &str, collection: &str) -> Vec<Value> {
    match collection {
        "regions" => places::regions().map(|name| region(project, name)).collect(),
        _ => places::zones().map(|name| zone(project, &name)).collect(),
    }
}

fn zone(project: &str, name: &str) -> Value {
    let region = name.rsplit_once('-').map_or(name, |(region, _)| region);
    let mut shown = common("compute#zone", project, "zones", name);
    shown["region"] = json!(format!("{MARK}projects/{project}/regions/{region}"));
    shown["availableCpuPlatforms"] = json!(PLATFORMS);
    shown["supportsPzs"] = json!(true);
    shown
}

fn region(project: &str, name: &str) -> Value {
    let mut shown = common("compute#region", project, "regions", name);
    let zones: Vec<String> =
        places::zones_of(name).map(|zone| format!("{MARK}projects/{project}/zones/{zone}")).collect();
    shown["zones"] = json!(zones);
    shown["supportsPzs"] = json!(true);
    shown
}

fn common(kind: &str, project: &str, collection: &str, name: &str) -> Value {
    json!({
        "kind": kind,
        "id": number(name).to_string(),
        "creationTimestamp": EPOCH,
        "name": name,
        "description": name,
        "status": "UP",
        "selfLink": format!("{MARK}projects/{project}/{collection}/{name}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_and_regions_name_each_other() {
        let zone = given(&Path::parse("projects/p/zones/us-central1-f").unwrap()).unwrap();
        assert_eq!(
            (&zone["region"], &zone["status"]),
            (&json!("//compute/projects/p/regions/us-central1"), &json!("UP"))
        );
        let region = given(&Path::parse("projects/p/regions/us-central1").unwrap()).unwrap();
        assert_eq!(region["zones"].as_array().map(Vec::len), Some(4));
        assert!(given(&Path::parse("projects/p/zones/us-central1-z").unwrap()).is_none());
    }
}
