//! The table of predefined machine types: each row is a family and a class, with the sizes that it comes in.
//! <https://cloud.google.com/compute/docs/general-purpose-machines> and its sister pages.

use super::MachineType;

/// A family and class.
struct Class {
    /// What names begin with; the size follows after a hyphen.
    name: &'static str,
    sizes: Sizes,
    at: Place,
}

enum Sizes {
    /// Processors in the name, and so many hundredths of MiB for each.
    PerCpu(&'static [u32], u64),
    /// What follows in the name, processors, GiB.
    Listed(&'static [(&'static str, u32, u64)]),
    /// What follows in the name, processors, GiB, and how many of an accelerator.
    Accelerated(&'static str, &'static [(&'static str, u32, u64, u32)]),
}

/// Where a family can be had.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Everywhere,
    /// The regions of [`LARGE`].
    Large,
    Arm,
}

const LARGE: [&str; 12] = [
    "asia-east1",
    "asia-northeast1",
    "asia-south1",
    "asia-southeast1",
    "europe-west1",
    "europe-west2",
    "europe-west3",
    "europe-west4",
    "us-central1",
    "us-east1",
    "us-east4",
    "us-west1",
];
const ARM: [&str; 3] = ["asia-southeast1", "europe-west4", "us-central1"];

const SIZES_N2: &[u32] = &[2, 4, 8, 16, 32, 48, 64, 80, 96];
const SIZES_N2_STANDARD: &[u32] = &[2, 4, 8, 16, 32, 48, 64, 80, 96, 128];
const SIZES_N2D: &[u32] = &[2, 4, 8, 16, 32, 48, 64, 80, 96, 128, 224];
const SIZES_N4: &[u32] = &[2, 4, 8, 16, 32, 48, 64, 80];
const SIZES_C2D: &[u32] = &[2, 4, 8, 16, 32, 56, 112];
const SIZES_C3: &[u32] = &[4, 8, 22, 44, 88, 176];
const SIZES_C3D: &[u32] = &[4, 8, 16, 30, 60, 90, 180, 360];
const SIZES_C4A: &[u32] = &[1, 2, 4, 8, 16, 32, 48, 64, 72];

const fn per_cpu(name: &'static str, sizes: &'static [u32], mb: u64, at: Place) -> Class {
    Class { name, sizes: Sizes::PerCpu(sizes, mb * 100), at }
}

const fn listed(name: &'static str, sizes: &'static [(&'static str, u32, u64)], at: Place) -> Class {
    Class { name, sizes: Sizes::Listed(sizes), at }
}

const fn accelerated(
    name: &'static str,
    accelerator: &'static str,
    sizes: &'static [(&'static str, u32, u64, u32)],
) -> Class {
    Class { name, sizes: Sizes::Accelerated(accelerator, sizes), at: Place::Large }
}

use Place::{Arm, Everywhere, Large};

const CLASSES: [Class; 52] = [
    per_cpu("e2-standard", &[2, 4, 8, 16, 32], 4096, Everywhere),
    per_cpu("e2-highmem", &[2, 4, 8, 16], 8192, Everywhere),
    per_cpu("e2-highcpu", &[2, 4, 8, 16, 32], 1024, Everywhere),
    per_cpu("n1-standard", &[1, 2, 4, 8, 16, 32, 64, 96], 3840, Everywhere),
    per_cpu("n1-highmem", &[2, 4, 8, 16, 32, 64, 96], 6656, Everywhere),
    Class { name: "n1-highcpu", sizes: Sizes::PerCpu(&[2, 4, 8, 16, 32, 64, 96], 92_160), at: Everywhere },
    per_cpu("n2-standard", SIZES_N2_STANDARD, 4096, Everywhere),
    per_cpu("n2-highmem", SIZES_N2, 8192, Everywhere),
    listed("n2-highmem", &[("128", 128, 864)], Everywhere),
    per_cpu("n2-highcpu", SIZES_N2, 1024, Everywhere),
    per_cpu("n2d-standard", SIZES_N2D, 4096, Everywhere),
    per_cpu("n2d-highmem", SIZES_N2, 8192, Everywhere),
    per_cpu("n2d-highcpu", SIZES_N2D, 1024, Everywhere),
    per_cpu("n4-standard", SIZES_N4, 4096, Large),
    per_cpu("n4-highmem", SIZES_N4, 8192, Large),
    per_cpu("n4-highcpu", SIZES_N4, 2048, Large),
    per_cpu("t2d-standard", &[1, 2, 4, 8, 16, 32, 48, 60], 4096, Everywhere),
    per_cpu("t2a-standard", &[1, 2, 4, 8, 16, 32, 48], 4096, Arm),
    per_cpu("c2-standard", &[4, 8, 16, 30, 60], 4096, Everywhere),
    per_cpu("c2d-standard", SIZES_C2D, 4096, Everywhere),
    per_cpu("c2d-highmem", SIZES_C2D, 8192, Everywhere),
    per_cpu("c2d-highcpu", SIZES_C2D, 2048, Everywhere),
    per_cpu("c3-standard", SIZES_C3, 4096, Large),
    per_cpu("c3-highmem", SIZES_C3, 8192, Large),
    per_cpu("c3-highcpu", SIZES_C3, 2048, Large),
    per_cpu("c3d-standard", SIZES_C3D, 4096, Large),
    per_cpu("c3d-highmem", SIZES_C3D, 8192, Large),
    per_cpu("c3d-highcpu", &[4, 8, 16], 2048, Large),
    listed(
        "c3d-highcpu",
        &[("30", 30, 59), ("60", 60, 118), ("90", 90, 177), ("180", 180, 354), ("360", 360, 708)],
        Large,
    ),
    listed(
        "c4-standard",
        &[
            ("2", 2, 7),
            ("4", 4, 15),
            ("8", 8, 30),
            ("16", 16, 60),
            ("24", 24, 90),
            ("32", 32, 120),
            ("48", 48, 180),
            ("96", 96, 360),
            ("144", 144, 540),
            ("192", 192, 720),
            ("288", 288, 1080),
        ],
        Large,
    ),
    listed(
        "c4-highmem",
        &[
            ("2", 2, 15),
            ("4", 4, 31),
            ("8", 8, 62),
            ("16", 16, 124),
            ("24", 24, 186),
            ("32", 32, 248),
            ("48", 48, 372),
            ("96", 96, 744),
            ("144", 144, 1116),
            ("192", 192, 1488),
            ("288", 288, 2232),
        ],
        Large,
    ),
    per_cpu("c4-highcpu", &[2, 4, 8, 16, 24, 32, 48, 96, 144, 192, 288], 2048, Large),
    per_cpu("c4a-standard", SIZES_C4A, 4096, Arm),
    per_cpu("c4a-highmem", SIZES_C4A, 8192, Arm),
    per_cpu("c4a-highcpu", SIZES_C4A, 2048, Arm),
    listed("h3-standard", &[("88", 88, 352)], Large),
    listed("z3-highmem", &[("88", 88, 704), ("176", 176, 1408)], Large),
    listed("m1-megamem", &[("96", 96, 1433)], Large),
    listed("m1-ultramem", &[("40", 40, 961), ("80", 80, 1922), ("160", 160, 3844)], Large),
    listed("m2-ultramem", &[("208", 208, 5888), ("416", 416, 11_776)], Large),
    listed("m2-megamem", &[("416", 416, 5888)], Large),
    listed("m2-hypermem", &[("416", 416, 8832)], Large),
    listed("m3-ultramem", &[("32", 32, 976), ("64", 64, 1952), ("128", 128, 3904)], Large),
    listed("m3-megamem", &[("64", 64, 976), ("128", 128, 1952)], Large),
    accelerated(
        "a2-highgpu",
        "nvidia-tesla-a100",
        &[("1g", 12, 85, 1), ("2g", 24, 170, 2), ("4g", 48, 340, 4), ("8g", 96, 680, 8)],
    ),
    accelerated("a2-megagpu", "nvidia-tesla-a100", &[("16g", 96, 1360, 16)]),
    accelerated(
        "a2-ultragpu",
        "nvidia-a100-80gb",
        &[("1g", 12, 170, 1), ("2g", 24, 340, 2), ("4g", 48, 680, 4), ("8g", 96, 1360, 8)],
    ),
    accelerated(
        "a3-highgpu",
        "nvidia-h100-80gb",
        &[("1g", 26, 234, 1), ("2g", 52, 468, 2), ("4g", 104, 936, 4), ("8g", 208, 1872, 8)],
    ),
    accelerated("a3-megagpu", "nvidia-h100-mega-80gb", &[("8g", 208, 1872, 8)]),
    accelerated("a3-edgegpu", "nvidia-h100-80gb", &[("8g", 208, 1872, 8)]),
    accelerated("a3-ultragpu", "nvidia-h200-141gb", &[("8g", 224, 2952, 8)]),
    accelerated(
        "g2-standard",
        "nvidia-l4",
        &[
            ("4", 4, 16, 1),
            ("8", 8, 32, 1),
            ("12", 12, 48, 1),
            ("16", 16, 64, 1),
            ("24", 24, 96, 2),
            ("32", 32, 128, 1),
            ("48", 48, 192, 4),
            ("96", 96, 384, 8),
        ],
    ),
];

/// Types whose processors are shared: name, processors, MiB.
const SHARED: [(&str, u32, u64); 5] =
    [("e2-micro", 2, 1024), ("e2-small", 2, 2048), ("e2-medium", 2, 4096), ("f1-micro", 1, 614), ("g1-small", 1, 1740)];

/// The predefined type of a name.
pub fn find(zone: &str, name: &str) -> Option<MachineType> {
    if let Some((name, cpus, memory_mb)) = SHARED.iter().find(|(shared, ..)| *shared == name) {
        return Some(shared((name, *cpus, *memory_mb)));
    }
    let (class, _) = name.rsplit_once('-')?;
    let classes = CLASSES.iter().filter(|row| row.name == class && row.at.has(zone));
    classes.flat_map(Class::types).find(|found| found.name == name)
}

/// All predefined types of a zone.
pub fn all(zone: &str) -> Vec<MachineType> {
    let classes = CLASSES.iter().filter(|row| row.at.has(zone)).flat_map(Class::types);
    SHARED.into_iter().map(shared).chain(classes).collect()
}

/// A shared one has room for fewer disks.
fn shared((name, cpus, memory_mb): (&str, u32, u64)) -> MachineType {
    MachineType { shared: true, disks: 16, disks_gb: 3072, ..sized(name.to_owned(), cpus, memory_mb) }
}

/// A type with what most have in common.
pub fn sized(name: String, cpus: u32, memory_mb: u64) -> MachineType {
    let family = name.split('-').next().unwrap_or_default();
    let architecture = if matches!(family, "t2a" | "c4a") { "ARM64" } else { "X86_64" };
    let disks_gb = if matches!(family, "c3" | "c3d" | "c4" | "c4a" | "n4") { 524_288 } else { 263_168 };
    MachineType { name, cpus, memory_mb, shared: false, architecture, accelerators: None, disks: 128, disks_gb }
}

// === impl Place ===

impl Place {
    fn has(self, zone: &str) -> bool {
        let Some((region, _)) = zone.rsplit_once('-') else { return false };
        match self {
            Self::Everywhere => true,
            Self::Large => LARGE.contains(&region),
            Self::Arm => ARM.contains(&region),
        }
    }
}

// === impl Class ===

impl Class {
    fn types(&self) -> Vec<MachineType> {
        let full = |size: &str| format!("{}-{size}", self.name);
        match self.sizes {
            Sizes::PerCpu(sizes, hundredths) => {
                let memory = |cpus: u32| (u64::from(cpus) * hundredths + 50) / 100;
                sizes.iter().map(|cpus| sized(full(&cpus.to_string()), *cpus, memory(*cpus))).collect()
            }
            Sizes::Listed(sizes) => {
                sizes.iter().map(|(size, cpus, gb)| sized(full(size), *cpus, self.memory_mb(*gb))).collect()
            }
            Sizes::Accelerated(kind, sizes) => {
                let made = sizes.iter().map(|(size, cpus, gb, count)| MachineType {
                    accelerators: Some((kind, *count)),
                    ..sized(full(size), *cpus, gb * 1024)
                });
                made.collect()
            }
        }
    }

    /// One type has a fraction of a GiB: 1433.6.
    fn memory_mb(&self, gb: u64) -> u64 {
        if self.name == "m1-megamem" { 1_468_006 } else { gb * 1024 }
    }
}
