//! Machine types: the predefined ones from a table of families, custom ones from the numbers in their names.
//! <https://cloud.google.com/compute/docs/machine-resource>

mod custom;
mod families;

use super::EPOCH;
use compute_api::failure;
use compute_api::path::{MARK, Path, Scope};
use compute_api::places;
use fogbank_sdk::Result;
use serde_json::{Value, json};

/// A machine type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineType {
    /// `n2-standard-4`, `custom-2-4096`
    pub name: String,
    /// Virtual processors.
    pub cpus: u32,
    /// Memory in MiB.
    pub memory_mb: u64,
    /// Whether its processors are shared with other machines.
    pub shared: bool,
    /// `X86_64` or `ARM64`.
    pub architecture: &'static str,
    /// Which accelerators it always has, and how many.
    pub accelerators: Option<(&'static str, u32)>,
    /// How many disks it may have.
    pub disks: u32,
    /// And how large all of them together, in GB.
    pub disks_gb: u64,
}

/// The machine type of a name in a zone.
///
/// Errors: 400 naming the field `resource.machineType`: there is no such type, or a custom one may not have these numbers.
pub fn find(zone: &str, name: &str) -> Result<MachineType> {
    if let Some(custom) = custom::parse(name) {
        return custom;
    }
    let unknown =
        || failure::invalid("resource.machineType", name, &format!("There is no such machine type in zone '{zone}'."));
    families::find(zone, name).ok_or_else(unknown)
}

/// All predefined types of a zone, sorted by name.
pub fn all(zone: &str) -> Vec<MachineType> {
    let mut all = families::all(zone);
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

// === impl MachineType ===

impl MachineType {
    /// As the API shows it, links marked.
    pub fn show(&self, project: &str, zone: &str) -> Value {
        let path = Path::new(project, Scope::Zone(zone.to_owned()), "machineTypes", &self.name);
        let mut shown = json!({
            "kind": "compute#machineType",
            "id": super::number(&self.name).to_string(),
            "creationTimestamp": EPOCH,
            "name": self.name,
            "description": self.description(),
            "guestCpus": self.cpus,
            "memoryMb": self.memory_mb,
            "imageSpaceGb": 0,
            "maximumPersistentDisks": self.disks,
            "maximumPersistentDisksSizeGb": self.disks_gb.to_string(),
            "zone": zone,
            "isSharedCpu": self.shared,
            "architecture": self.architecture,
            "selfLink": format!("{MARK}{path}"),
        });
        if let Some((kind, count)) = self.accelerators {
            shown["accelerators"] = json!([{"guestAcceleratorType": kind, "guestAcceleratorCount": count}]);
        }
        shown
    }

    fn description(&self) -> String {
        let memory = match self.memory_mb % 1024 {
            0 => format!("{} GB", self.memory_mb / 1024),
            _ => format!("{:.2} GB", self.memory_mb as f64 / 1024.0),
        };
        let cpus = if self.cpus == 1 { "vCPU" } else { "vCPUs" };
        let mut text = match self.shared {
            false => format!("{} {cpus}, {memory} RAM", self.cpus),
            true => format!("{} {cpus} (shared physical core) and {memory} RAM", self.cpus),
        };
        if let Some((kind, count)) = self.accelerators {
            text += &format!(", {count} {kind}");
        }
        text
    }
}

/// The machine types that a path names.
pub fn given(path: &Path) -> Option<Value> {
    let Scope::Zone(zone) = &path.scope else { return None };
    let known = places::exists(&path.scope);
    known.then(|| find(zone, &path.name).ok()).flatten().map(|found| found.show(&path.project, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(name: &str) -> Option<(u32, u64)> {
        find("us-central1-a", name).ok().map(|found| (found.cpus, found.memory_mb))
    }

    #[test]
    fn predefined_types_have_the_documented_shapes() {
        for (name, cpus, memory_mb) in [
            ("e2-micro", 2, 1024),
            ("e2-standard-4", 4, 16_384),
            ("f1-micro", 1, 614),
            ("n1-standard-1", 1, 3840),
            ("n1-highcpu-16", 16, 14_746),
            ("n1-highmem-96", 96, 638_976),
            ("n2-highmem-128", 128, 884_736),
            ("c3d-highcpu-30", 30, 60_416),
            ("c4-standard-2", 2, 7168),
            ("m1-ultramem-160", 160, 3_936_256),
            ("a2-highgpu-1g", 12, 87_040),
            ("g2-standard-48", 48, 196_608),
        ] {
            assert_eq!(shape(name), Some((cpus, memory_mb)), "{name}");
        }
        assert_eq!((shape("n1-standard-3"), shape("e2-unicorn")), (None, None));
    }

    #[test]
    fn custom_types_are_checked() {
        assert_eq!(shape("custom-2-4096"), Some((2, 4096)));
        assert_eq!(shape("n2-custom-4-8192"), Some((4, 8192)));
        assert_eq!(shape("n2-custom-4-65536-ext"), Some((4, 65_536)));
        assert_eq!(shape("e2-custom-medium-5120"), Some((2, 5120)));
        for wrong in
            ["custom-3-4096", "custom-2-4000", "n2-custom-4-65536", "e2-custom-2-32768-ext", "n2-custom-34-65536"]
        {
            assert!(shape(wrong).is_none(), "{wrong}");
        }
        let error = find("us-central1-a", "custom-3-4096").unwrap_err();
        assert!(error.http_status() == 400 && error.message().contains("even"), "{}", error.message());
    }

    #[test]
    fn a_type_is_shown_with_what_gcloud_prints() {
        let shown = find("us-central1-a", "g2-standard-24").unwrap().show("p", "us-central1-a");
        assert_eq!(shown["selfLink"], "//compute/projects/p/zones/us-central1-a/machineTypes/g2-standard-24");
        assert_eq!(shown["accelerators"][0]["guestAcceleratorCount"], 2);
        assert_eq!(shown["maximumPersistentDisksSizeGb"], "263168");
        assert!(all("us-central1-a").len() > 200 && all("us-central1-a").len() > all("me-west1-a").len());
    }

    #[test]
    fn arm_is_not_everywhere() {
        assert_eq!(find("us-central1-a", "t2a-standard-1").unwrap().architecture, "ARM64");
        assert!(find("me-west1-a", "t2a-standard-1").is_err());
    }
}
