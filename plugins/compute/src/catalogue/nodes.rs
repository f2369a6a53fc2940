//! Types of nodes: hosts that run machines of one project alone. <https://cloud.google.com/compute/docs/nodes/sole-tenant-nodes>

use super::kinds::common;
use compute_api::path::{Path, Scope};
use serde_json::{Value, json};

/// A type: its name, processors, memory in GB, local disks in GB, and what it runs on.
type NodeType = (&'static str, u32, u32, u32, &'static str);

const TYPES: [NodeType; 13] = [
    ("c2-node-60-240", 60, 240, 0, "Intel Cascade Lake"),
    ("c3-node-176-352", 176, 352, 0, "Intel Sapphire Rapids"),
    ("c3-node-176-704", 176, 704, 0, "Intel Sapphire Rapids"),
    ("c3-node-176-1408", 176, 1408, 0, "Intel Sapphire Rapids"),
    ("c3d-node-360-708", 360, 708, 0, "AMD Genoa"),
    ("c3d-node-360-1440", 360, 1440, 0, "AMD Genoa"),
    ("g2-node-96-432", 96, 432, 0, "Intel Cascade Lake"),
    ("m1-node-96-1433", 96, 1433, 0, "Intel Skylake"),
    ("m1-node-160-3844", 160, 3844, 0, "Intel Broadwell E7"),
    ("n1-node-96-624", 96, 624, 0, "Intel Skylake"),
    ("n2-node-80-640", 80, 640, 0, "Intel Cascade Lake"),
    ("n2-node-128-864", 128, 864, 0, "Intel Ice Lake"),
    ("n2d-node-224-896", 224, 896, 0, "AMD Rome"),
];

/// All of a zone.
pub fn all(project: &str, scope: &Scope) -> Vec<Value> {
    let zonal = matches!(scope, Scope::Zone(_));
    let path = |name: &str| Path::new(project, scope.clone(), "nodeTypes", name);
    TYPES.iter().filter(|_| zonal).map(|kind| show(&path(kind.0), kind)).collect()
}

/// The one that a path names.
pub fn given(path: &Path) -> Option<Value> {
    let kind = TYPES.iter().find(|kind| kind.0 == path.name)?;
    matches!(path.scope, Scope::Zone(_)).then(|| show(path, kind))
}

fn show(path: &Path, (_, cpus, memory, disks, platform): &NodeType) -> Value {
    let description = format!("Sole-tenant node with {cpus} vCPUs and {memory} GB of memory");
    let mut shown = common("compute#nodeType", path, &description);
    shown["cpuPlatform"] = json!(platform);
    shown["guestCpus"] = json!(cpus);
    shown["memoryMb"] = json!(memory * 1024);
    shown["localSsdGb"] = json!(disks);
    shown["maxVms"] = json!(cpus);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_types_of_nodes() {
        let zone = Scope::Zone("us-central1-a".into());
        assert!(all("p", &zone).iter().any(|kind| kind["name"] == "n1-node-96-624" && kind["memoryMb"] == 638_976));
        assert!(all("p", &Scope::Region("us-central1".into())).is_empty());
        assert!(given(&Path::new("p", zone, "nodeTypes", "n1-node-96-624")).is_some());
    }
}
