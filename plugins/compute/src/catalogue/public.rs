//! Images that everybody has, and their licenses. <https://cloud.google.com/compute/docs/images/os-details>

use super::number;
use compute_api::path::{Path, Scope};
use fogbank_sdk::{Result, Timestamp};
use serde_json::{Value, json};

/// A family of a public project, and its newest image.
struct Family {
    project: &'static str,
    name: &'static str,
    /// The image; an older one of the same family follows it where there is one in [`OLDER`].
    image: &'static str,
    license: &'static str,
    gb: u64,
    /// The name that the operator's table of container images knows it by.
    content: &'static str,
}

const fn family(
    project: &'static str,
    name: &'static str,
    image: &'static str,
    license: &'static str,
    gb: u64,
    content: &'static str,
) -> Family {
    Family { project, name, image, license, gb, content }
}

const FAMILIES: [Family; 38] = [
    family("debian-cloud", "debian-11", "debian-11-bullseye-v20250610", "debian-11-bullseye", 10, "debian-11"),
    family("debian-cloud", "debian-12", "debian-12-bookworm-v20250610", "debian-12-bookworm", 10, "debian-12"),
    family(
        "debian-cloud",
        "debian-12-arm64",
        "debian-12-bookworm-arm64-v20250610",
        "debian-12-bookworm",
        10,
        "debian-12",
    ),
    family("debian-cloud", "debian-13", "debian-13-trixie-v20250812", "debian-13-trixie", 10, "debian-13"),
    family("debian-cloud", "debian-13-arm64", "debian-13-trixie-arm64-v20250812", "debian-13-trixie", 10, "debian-13"),
    family("ubuntu-os-cloud", "ubuntu-2004-lts", "ubuntu-2004-focal-v20250606", "ubuntu-2004-lts", 10, "ubuntu-2004"),
    family("ubuntu-os-cloud", "ubuntu-2204-lts", "ubuntu-2204-jammy-v20250606", "ubuntu-2204-lts", 10, "ubuntu-2204"),
    family(
        "ubuntu-os-cloud",
        "ubuntu-2204-lts-arm64",
        "ubuntu-2204-jammy-arm64-v20250606",
        "ubuntu-2204-lts",
        10,
        "ubuntu-2204",
    ),
    family(
        "ubuntu-os-cloud",
        "ubuntu-2404-lts-amd64",
        "ubuntu-2404-noble-amd64-v20250606",
        "ubuntu-2404-lts",
        10,
        "ubuntu-2404",
    ),
    family(
        "ubuntu-os-cloud",
        "ubuntu-2404-lts-arm64",
        "ubuntu-2404-noble-arm64-v20250606",
        "ubuntu-2404-lts",
        10,
        "ubuntu-2404",
    ),
    family(
        "ubuntu-os-cloud",
        "ubuntu-minimal-2204-lts",
        "ubuntu-minimal-2204-jammy-v20250606",
        "ubuntu-2204-lts",
        10,
        "ubuntu-2204",
    ),
    family(
        "ubuntu-os-cloud",
        "ubuntu-minimal-2404-lts-amd64",
        "ubuntu-minimal-2404-noble-amd64-v20250606",
        "ubuntu-2404-lts",
        10,
        "ubuntu-2404",
    ),
    family("centos-cloud", "centos-stream-9", "centos-stream-9-v20250610", "centos-stream-9", 20, "centos-stream-9"),
    family(
        "centos-cloud",
        "centos-stream-10",
        "centos-stream-10-v20250610",
        "centos-stream-10",
        20,
        "centos-stream-10",
    ),
    family("rocky-linux-cloud", "rocky-linux-8", "rocky-linux-8-v20250610", "rocky-linux-8", 20, "rocky-linux-8"),
    family(
        "rocky-linux-cloud",
        "rocky-linux-8-optimized-gcp",
        "rocky-linux-8-optimized-gcp-v20250610",
        "rocky-linux-8-optimized-gcp",
        20,
        "rocky-linux-8",
    ),
    family("rocky-linux-cloud", "rocky-linux-9", "rocky-linux-9-v20250610", "rocky-linux-9", 20, "rocky-linux-9"),
    family(
        "rocky-linux-cloud",
        "rocky-linux-9-arm64",
        "rocky-linux-9-arm64-v20250610",
        "rocky-linux-9",
        20,
        "rocky-linux-9",
    ),
    family(
        "rocky-linux-cloud",
        "rocky-linux-9-optimized-gcp",
        "rocky-linux-9-optimized-gcp-v20250610",
        "rocky-linux-9-optimized-gcp",
        20,
        "rocky-linux-9",
    ),
    family("rhel-cloud", "rhel-8", "rhel-8-v20250610", "rhel-8-server", 20, "rhel-8"),
    family("rhel-cloud", "rhel-9", "rhel-9-v20250610", "rhel-9-server", 20, "rhel-9"),
    family("cos-cloud", "cos-stable", "cos-stable-121-18867-90-59", "cos", 10, "cos-stable"),
    family("cos-cloud", "cos-beta", "cos-beta-121-18867-90-59", "cos", 10, "cos-stable"),
    family("cos-cloud", "cos-dev", "cos-dev-125-19167-0-0", "cos", 10, "cos-stable"),
    family("cos-cloud", "cos-121-lts", "cos-121-18867-90-59", "cos", 10, "cos-stable"),
    family("cos-cloud", "cos-117-lts", "cos-117-18613-263-14", "cos", 10, "cos-stable"),
    family("cos-cloud", "cos-arm64-stable", "cos-arm64-stable-121-18867-90-59", "cos", 10, "cos-stable"),
    family(
        "fedora-coreos-cloud",
        "fedora-coreos-stable",
        "fedora-coreos-42-20250526-3-0-gcp-x86-64",
        "fedora-coreos-stable",
        10,
        "fedora-coreos-stable",
    ),
    family(
        "fedora-coreos-cloud",
        "fedora-coreos-testing",
        "fedora-coreos-42-20250609-2-0-gcp-x86-64",
        "fedora-coreos-testing",
        10,
        "fedora-coreos-stable",
    ),
    family(
        "fedora-coreos-cloud",
        "fedora-coreos-next",
        "fedora-coreos-42-20250609-1-0-gcp-x86-64",
        "fedora-coreos-next",
        10,
        "fedora-coreos-stable",
    ),
    family(
        "fedora-cloud",
        "fedora-cloud-42-x86-64",
        "fedora-cloud-base-gcp-42-1-1-x86-64",
        "fedora-cloud-42",
        10,
        "fedora-42",
    ),
    family(
        "opensuse-cloud",
        "opensuse-leap",
        "opensuse-leap-15-6-v20250610-x86-64",
        "opensuse-leap-42",
        10,
        "opensuse-leap",
    ),
    family(
        "opensuse-cloud",
        "opensuse-leap-arm64",
        "opensuse-leap-15-6-v20250610-arm64",
        "opensuse-leap-42",
        10,
        "opensuse-leap",
    ),
    family("suse-cloud", "sles-12", "sles-12-sp5-v20250610-x86-64", "sles-12", 10, "sles-12"),
    family("suse-cloud", "sles-15", "sles-15-sp6-v20250610-x86-64", "sles-15", 10, "sles-15"),
    family(
        "windows-cloud",
        "windows-2019",
        "windows-server-2019-dc-v20250612",
        "windows-server-2019-dc",
        50,
        "windows-2019",
    ),
    family(
        "windows-cloud",
        "windows-2022",
        "windows-server-2022-dc-v20250612",
        "windows-server-2022-dc",
        50,
        "windows-2022",
    ),
    family(
        "windows-cloud",
        "windows-2025",
        "windows-server-2025-dc-v20250612",
        "windows-server-2025-dc",
        50,
        "windows-2025",
    ),
];

/// Images that newer ones have replaced: family, name.
const OLDER: [(&str, &str); 6] = [
    ("debian-11", "debian-11-bullseye-v20250513"),
    ("debian-12", "debian-12-bookworm-v20250415"),
    ("debian-12", "debian-12-bookworm-v20250513"),
    ("ubuntu-2204-lts", "ubuntu-2204-jammy-v20250516"),
    ("ubuntu-2404-lts-amd64", "ubuntu-2404-noble-amd64-v20250516"),
    ("rocky-linux-9", "rocky-linux-9-v20250513"),
];

/// A public image.
pub struct Public {
    family: &'static Family,
    name: &'static str,
}

/// The image of a name, in its project.
pub fn image(project: &str, name: &str) -> Option<Public> {
    of_project(project).find(|image| image.name == name)
}

/// The image that a family stands for.
pub fn newest(project: &str, family: &str) -> Option<Public> {
    of_project(project).find(|image| image.family.name == family && !image.is_old())
}

/// All images of a project, sorted by name.
pub fn images(project: &str) -> Vec<Public> {
    let mut images: Vec<Public> = of_project(project).collect();
    images.sort_by_key(|image| image.name);
    images
}

/// Whether a project is one of those with public images, which nobody may write to.
pub fn is_public(project: &str) -> bool {
    FAMILIES.iter().any(|family| family.project == project)
}

fn of_project(project: &str) -> impl Iterator<Item = Public> {
    let families = FAMILIES.iter().filter(move |family| family.project == project);
    families.flat_map(|family| {
        let older = OLDER.iter().filter(|(name, _)| *name == family.name).map(|(_, image)| *image);
        std::iter::once(family.image).chain(older).map(move |name| Public { family, name })
    })
}

/// A license of a public image, links marked.
pub fn license(path: &Path) -> Option<Value> {
    let known = FAMILIES.iter().any(|family| family.project == path.project && family.license == path.name);
    known.then(|| {
        let code = number(&path.name).to_string();
        json!({
            "kind": "compute#license",
            "id": code,
            "name": path.name,
            "chargesUseFee": matches!(path.project.as_str(), "rhel-cloud" | "suse-cloud" | "windows-cloud"),
            "licenseCode": code,
            "transferable": path.project != "windows-cloud",
            "creationTimestamp": super::EPOCH,
            "selfLink": path.marked(),
        })
    })
}

/// All licenses of a project, sorted by name.
pub fn licenses(project: &str) -> Vec<Value> {
    let mut names: Vec<&str> =
        FAMILIES.iter().filter(|family| family.project == project).map(|family| family.license).collect();
    names.sort_unstable();
    names.dedup();
    names.iter().filter_map(|name| license(&Path::new(project, Scope::Global, "licenses", name))).collect()
}

// === impl Public ===

impl Public {
    /// Its path.
    pub fn path(&self) -> Path {
        Path::new(self.family.project, Scope::Global, "images", self.name)
    }

    /// The numeric id.
    pub fn id(&self) -> u64 {
        number(self.name)
    }

    /// The name that the operator's table of container images knows it by.
    pub fn content(&self) -> &'static str {
        self.family.content
    }

    fn is_old(&self) -> bool {
        self.name != self.family.image
    }

    /// As the API shows it, links marked.
    pub fn show(&self) -> Value {
        let Family { project, name: family, license, gb, .. } = self.family;
        let arm = self.name.contains("arm64");
        let license = Path::new(project, Scope::Global, "licenses", license);
        let mut shown = json!({
            "kind": "compute#image",
            "id": self.id().to_string(),
            "creationTimestamp": self.created().unwrap_or_else(|| super::EPOCH.to_owned()),
            "name": self.name,
            "description": format!("{family}, {} image", if arm { "arm64" } else { "amd64" }),
            "family": family,
            "sourceType": "RAW",
            "rawDisk": {"source": "", "containerType": "TAR"},
            "status": "READY",
            "archiveSizeBytes": (number(self.name) % 1_000_000_000 + gb * 150_000_000).to_string(),
            "diskSizeGb": gb.to_string(),
            "licenses": [license.marked()],
            "licenseCodes": [number(&license.name).to_string()],
            "architecture": if arm { "ARM64" } else { "X86_64" },
            "guestOsFeatures": features(project),
            "storageLocations": ["asia", "eu", "us"],
            "labelFingerprint": fogbank_sdk::etag::fingerprint(&Value::Null).unwrap_or_default(),
            "enableConfidentialCompute": false,
            "selfLink": self.path().marked(),
        });
        if self.is_old() {
            let replacement = Path::new(project, Scope::Global, "images", self.family.image);
            shown["deprecated"] = json!({"state": "DEPRECATED", "replacement": replacement.marked()});
        }
        shown
    }

    /// The day in its name.
    fn created(&self) -> Option<String> {
        let is_day =
            |part: &&str| part.len() == 8 && part.starts_with("20") && part.bytes().all(|byte| byte.is_ascii_digit());
        let day = self.name.split('-').map(|part| part.trim_start_matches('v')).find(is_day)?;
        let text = format!("{}-{}-{}T07:00:00Z", &day[..4], &day[4..6], &day[6..]);
        let at: Result<Timestamp> = Timestamp::parse(&text);
        at.ok().map(|at| at.to_rfc3339_with_offset())
    }
}

fn features(project: &str) -> Value {
    let names: &[&str] = match project {
        "windows-cloud" => {
            &["VIRTIO_SCSI_MULTIQUEUE", "MULTI_IP_SUBNET", "WINDOWS", "GVNIC", "UEFI_COMPATIBLE", "SECURE_BOOT"]
        }
        "cos-cloud" => &["VIRTIO_SCSI_MULTIQUEUE", "GVNIC", "UEFI_COMPATIBLE", "SEV_CAPABLE"],
        _ => &["UEFI_COMPATIBLE", "VIRTIO_SCSI_MULTIQUEUE", "GVNIC", "SEV_CAPABLE", "IDPF"],
    };
    names.iter().map(|name| json!({"type": name})).collect()
}

/// A family's name in the form `family/NAME` of a path: the image that it stands for.
pub fn given(path: &Path) -> Option<Value> {
    match path.collection.as_str() {
        "images" => match path.name.strip_prefix("family/") {
            Some(family) => newest(&path.project, family).map(|image| image.show()),
            None => image(&path.project, &path.name).map(|image| image.show()),
        },
        "imageFamilyViews" => newest(&path.project, &path.name).map(|image| json!({"image": image.show()})),
        "licenses" => license(path),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use compute_api::path::MARK;

    #[test]
    fn a_family_stands_for_its_newest_image() {
        let image = newest("debian-cloud", "debian-12").unwrap();
        assert_eq!((image.name, image.content()), ("debian-12-bookworm-v20250610", "debian-12"));
        assert_eq!(image.show()["creationTimestamp"].as_str().map(|text| &text[..10]), Some("2025-06-10"));
        assert!(newest("demo", "debian-12").is_none());
        let view = given(&Path::parse("projects/debian-cloud/zones/-/imageFamilyViews/debian-12").unwrap()).unwrap();
        assert_eq!(view["image"]["name"], "debian-12-bookworm-v20250610");
    }

    #[test]
    fn what_was_replaced_is_deprecated() {
        let old = image("debian-cloud", "debian-12-bookworm-v20250513").unwrap().show();
        assert_eq!(old["deprecated"]["state"], "DEPRECATED");
        assert!(old["deprecated"]["replacement"].as_str().unwrap().starts_with(MARK));
        let families: Vec<&str> = OLDER.iter().map(|(family, _)| *family).collect();
        assert!(families.iter().all(|name| FAMILIES.iter().any(|family| family.name == *name)));
    }

    #[test]
    fn licenses_of_images_are_there() {
        let shown = image("rhel-cloud", "rhel-9-v20250610").unwrap().show();
        let path = Path::parse(shown["licenses"][0].as_str().unwrap().strip_prefix(MARK).unwrap()).unwrap();
        assert_eq!(license(&path).unwrap()["chargesUseFee"], true);
        assert_eq!(licenses("debian-cloud").len(), 3);
    }
}
