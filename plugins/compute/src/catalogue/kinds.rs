//! Disk types, accelerators, types of storage pools and of nodes: what zones (and regions) offer beside machine types.

use super::{EPOCH, nodes, number};
use compute_api::path::{MARK, Path, Scope};
use compute_api::places;
use serde_json::{Value, json};

/// A type of disks. <https://cloud.google.com/compute/docs/disks>
#[derive(Debug, PartialEq, Eq)]
pub struct DiskType {
    /// `pd-ssd`
    pub name: &'static str,
    description: &'static str,
    /// GB of a disk of which nothing else is said.
    pub default_gb: u64,
    /// The least and the most GB that a disk may have.
    pub sizes_gb: (u64, u64),
    /// Whether regional disks may be of it.
    regional: bool,
    /// Whether zonal disks may be of it.
    zonal: bool,
}

const fn disk(name: &'static str, description: &'static str, default_gb: u64, sizes_gb: (u64, u64)) -> DiskType {
    DiskType { name, description, default_gb, sizes_gb, regional: false, zonal: true }
}

const DISKS: [DiskType; 10] = [
    disk("hyperdisk-balanced", "Hyperdisk Balanced Persistent Disk", 100, (4, 65_536)),
    DiskType {
        regional: true,
        zonal: false,
        ..disk("hyperdisk-balanced-high-availability", "Hyperdisk Balanced High Availability", 100, (4, 65_536))
    },
    disk("hyperdisk-extreme", "Hyperdisk Extreme Persistent Disk", 1000, (64, 65_536)),
    disk("hyperdisk-ml", "Hyperdisk ML Persistent Disk", 100, (4, 65_536)),
    disk("hyperdisk-throughput", "Hyperdisk Throughput Persistent Disk", 2048, (2048, 32_768)),
    disk("local-ssd", "Local SSD", 375, (375, 375)),
    DiskType { regional: true, ..disk("pd-balanced", "Balanced Persistent Disk", 100, (10, 65_536)) },
    disk("pd-extreme", "Extreme Persistent Disk", 1000, (500, 65_536)),
    DiskType { regional: true, ..disk("pd-ssd", "SSD Persistent Disk", 100, (10, 65_536)) },
    DiskType { regional: true, ..disk("pd-standard", "Standard Persistent Disk", 500, (10, 65_536)) },
];

/// Accelerators: name, what they are called, and how many a machine may have.
/// <https://cloud.google.com/compute/docs/gpus>
const ACCELERATORS: [(&str, &str, u32); 14] = [
    ("ct5lp", "CT5LP", 8),
    ("nvidia-a100-80gb", "NVIDIA A100 80GB", 8),
    ("nvidia-h100-80gb", "NVIDIA H100 80GB", 8),
    ("nvidia-h100-mega-80gb", "NVIDIA H100 80GB MEGA", 8),
    ("nvidia-h200-141gb", "NVIDIA H200 141GB", 8),
    ("nvidia-l4", "NVIDIA L4", 8),
    ("nvidia-l4-vws", "NVIDIA L4 Virtual Workstation", 8),
    ("nvidia-tesla-a100", "NVIDIA A100 40GB", 16),
    ("nvidia-tesla-p100", "NVIDIA Tesla P100", 4),
    ("nvidia-tesla-p100-vws", "NVIDIA Tesla P100 Virtual Workstation", 4),
    ("nvidia-tesla-p4", "NVIDIA Tesla P4", 4),
    ("nvidia-tesla-t4", "NVIDIA T4", 4),
    ("nvidia-tesla-t4-vws", "NVIDIA Tesla T4 Virtual Workstation", 4),
    ("nvidia-tesla-v100", "NVIDIA V100", 8),
];

/// The least and the most.
type Range = (u64, u64);

/// Types of storage pools, each with the least and the most of capacity in GB, of IOPS and of MB/s.
/// <https://cloud.google.com/compute/docs/disks/storage-pools>
const POOLS: [(&str, Range, Range, Range); 2] = [
    ("hyperdisk-balanced", (10_240, 1_048_576), (0, 4_000_000), (0, 40_960)),
    ("hyperdisk-throughput", (10_240, 1_048_576), (0, 0), (0, 40_960)),
];

/// The disk type of a name, where disks of that scope may be of it.
pub fn disk_type(scope: &Scope, name: &str) -> Option<&'static DiskType> {
    DISKS.iter().find(|disk| disk.name == name && disk.is_in(scope))
}

/// Everything of a collection in a scope.
pub fn all(project: &str, scope: &Scope, collection: &str) -> Vec<Value> {
    let path = |name: &str| Path::new(project, scope.clone(), collection, name);
    match collection {
        "diskTypes" => DISKS.iter().filter(|disk| disk.is_in(scope)).map(|disk| disk.show(&path(disk.name))).collect(),
        "acceleratorTypes" => ACCELERATORS.iter().map(|one| accelerator(&path(one.0), one)).collect(),
        "storagePoolTypes" => POOLS.iter().map(|one| pool(&path(one.0), one)).collect(),
        "nodeTypes" => nodes::all(project, scope),
        _ => Vec::new(),
    }
}

/// The one that a path names.
pub fn given(path: &Path) -> Option<Value> {
    if !places::exists(&path.scope) {
        return None;
    }
    match path.collection.as_str() {
        "diskTypes" => disk_type(&path.scope, &path.name).map(|disk| disk.show(path)),
        "acceleratorTypes" => ACCELERATORS.iter().find(|one| one.0 == path.name).map(|one| accelerator(path, one)),
        "storagePoolTypes" => POOLS.iter().find(|one| one.0 == path.name).map(|one| pool(path, one)),
        "nodeTypes" => nodes::given(path),
        _ => None,
    }
}

// === impl DiskType ===

impl DiskType {
    fn is_in(&self, scope: &Scope) -> bool {
        match scope {
            Scope::Global => false,
            Scope::Region(_) => self.regional,
            Scope::Zone(_) => self.zonal,
        }
    }

    fn show(&self, path: &Path) -> Value {
        let mut shown = common("compute#diskType", path, self.description);
        shown["defaultDiskSizeGb"] = json!(self.default_gb.to_string());
        shown["validDiskSize"] = json!(format!("{}GB-{}GB", self.sizes_gb.0, self.sizes_gb.1));
        shown
    }
}

fn accelerator(path: &Path, (_, description, most): &(&str, &str, u32)) -> Value {
    let mut shown = common("compute#acceleratorType", path, description);
    shown["maximumCardsPerInstance"] = json!(most);
    shown
}

fn pool(path: &Path, (name, capacity, iops, throughput): &(&str, Range, Range, Range)) -> Value {
    let mut shown = common("compute#storagePoolType", path, name);
    for (what, (least, most)) in [("CapacityGb", capacity), ("Iops", iops), ("Throughput", throughput)] {
        shown[format!("minPoolProvisioned{what}")] = json!(least.to_string());
        shown[format!("maxPoolProvisioned{what}")] = json!(most.to_string());
    }
    shown["supportedDiskTypes"] = json!([path.sibling("diskTypes", name).marked()]);
    shown
}

/// What all that a zone or a region offers says.
pub fn common(kind: &str, path: &Path, description: &str) -> Value {
    let mut shown = json!({
        "kind": kind,
        "id": number(&path.name).to_string(),
        "creationTimestamp": EPOCH,
        "name": path.name,
        "description": description,
        "selfLink": path.marked(),
    });
    if path.scope != Scope::Global {
        shown[path.scope.kind()] = json!(format!("{MARK}projects/{}/{}", path.project, path.scope));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disk_types_say_their_sizes_and_where_they_are() {
        let zone = Scope::Zone("us-central1-a".into());
        let region = Scope::Region("us-central1".into());
        let shown = all("p", &zone, "diskTypes");
        assert_eq!(shown.len(), 9);
        assert!(shown.iter().any(|disk| disk["name"] == "pd-ssd" && disk["validDiskSize"] == "10GB-65536GB"));
        assert!(disk_type(&region, "pd-extreme").is_none() && disk_type(&region, "pd-balanced").is_some());
        let path = Path::parse("projects/p/zones/us-central1-a/diskTypes/pd-ssd").unwrap();
        assert_eq!(given(&path).unwrap()["zone"], "//compute/projects/p/zones/us-central1-a");
        assert!(given(&Path::parse("projects/p/zones/nowhere-a/diskTypes/pd-ssd").unwrap()).is_none());
    }
}
