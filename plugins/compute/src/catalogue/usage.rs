//! Quotas of regions, and how much of them a project uses. <https://cloud.google.com/compute/resource-usage>

use super::machine;
use compute_api::links;
use compute_api::path::{Path, Scope};
use fogbank_sdk::Result;
use fogbank_sdk::db::{self, params};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is counted in a region, with its limit.
const LIMITS: [(&str, u64); 12] = [
    ("CPUS", 2400),
    ("DISKS_TOTAL_GB", 102_400),
    ("STATIC_ADDRESSES", 700),
    ("IN_USE_ADDRESSES", 2300),
    ("SSD_TOTAL_GB", 81_920),
    ("LOCAL_SSD_TOTAL_GB", 49_152),
    ("INSTANCE_GROUPS", 3000),
    ("INSTANCE_GROUP_MANAGERS", 2500),
    ("INSTANCES", 24_000),
    ("AUTOSCALERS", 500),
    ("RESOURCE_POLICIES", 100),
    ("RESERVATIONS", 100),
];

type Counts = BTreeMap<(String, &'static str), f64>;

/// Adds their quotas to regions.
///
/// Errors: the database's.
pub fn add(project: &str, regions: &mut [Value]) -> Result<()> {
    let counts = count(project)?;
    for region in regions {
        let name = region["name"].as_str().unwrap_or_default().to_owned();
        let quota = |(metric, limit): &(&'static str, u64)| {
            let usage = counts.get(&(name.clone(), *metric)).copied().unwrap_or_default();
            json!({"metric": metric, "limit": *limit as f64, "usage": usage})
        };
        region["quotas"] = LIMITS.iter().map(quota).collect();
    }
    Ok(())
}

fn count(project: &str) -> Result<Counts> {
    let sql = "SELECT path, body FROM resource WHERE project = $1 AND collection IN ('instances', 'disks', 'instanceGroups', \
               'instanceGroupManagers', 'autoscalers', 'resourcePolicies', 'reservations')";
    let mut counts = Counts::new();
    for row in db::query(sql, params![project])? {
        let (path, body): (String, String) = (row.get("path")?, row.get("body")?);
        let Some(path) = Path::parse(&path) else { continue };
        let body: Map<String, Value> = serde_json::from_str(&body).unwrap_or_default();
        let Some(region) = path.scope.region() else { continue };
        for (metric, amount) in amounts(&path, &body) {
            *counts.entry((region.to_owned(), metric)).or_default() += amount;
        }
    }
    Ok(counts)
}

fn amounts(path: &Path, body: &Map<String, Value>) -> Vec<(&'static str, f64)> {
    match path.collection.as_str() {
        "instances" => vec![("INSTANCES", 1.0), ("CPUS", f64::from(cpus(path, body)))],
        "disks" => {
            let kind = links::field(body, "type").map(|kind| kind.name).unwrap_or_default();
            let metric = if kind == "pd-standard" { "DISKS_TOTAL_GB" } else { "SSD_TOTAL_GB" };
            let size = body.get("sizeGb").and_then(Value::as_str).and_then(|size| size.parse().ok());
            vec![(metric, size.unwrap_or_default())]
        }
        "instanceGroups" => vec![("INSTANCE_GROUPS", 1.0)],
        "instanceGroupManagers" => vec![("INSTANCE_GROUPS", 1.0), ("INSTANCE_GROUP_MANAGERS", 1.0)],
        "autoscalers" => vec![("AUTOSCALERS", 1.0)],
        "resourcePolicies" => vec![("RESOURCE_POLICIES", 1.0)],
        _ => vec![("RESERVATIONS", 1.0)],
    }
}

/// A machine that does not run uses none.
fn cpus(path: &Path, body: &Map<String, Value>) -> u32 {
    let Scope::Zone(zone) = &path.scope else { return 0 };
    if matches!(body.get("status").and_then(Value::as_str), Some("TERMINATED" | "SUSPENDED")) {
        return 0;
    }
    let kind = links::field(body, "machineType");
    kind.and_then(|kind| machine::find(zone, &kind.name).ok()).map_or(0, |found| found.cpus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_is_what_is_used() {
        let path = |text: &str| Path::parse(text).unwrap();
        let machine = json!({"machineType": "//compute/projects/p/zones/us-central1-a/machineTypes/e2-standard-4"});
        let instance = path("projects/p/zones/us-central1-a/instances/w1");
        assert_eq!(amounts(&instance, machine.as_object().unwrap()), [("INSTANCES", 1.0), ("CPUS", 4.0)]);
        let disk = json!({"type": "//compute/projects/p/zones/us-central1-a/diskTypes/pd-ssd", "sizeGb": "20"});
        let at = path("projects/p/zones/us-central1-a/disks/d");
        assert_eq!(amounts(&at, disk.as_object().unwrap()), [("SSD_TOTAL_GB", 20.0)]);
    }
}
