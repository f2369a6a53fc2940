//! What the cloud has by itself: regions, zones, machine types, disk types, accelerators, licenses and public images. All of it is
//! data of this module, and none of it stands in a row.

pub mod handlers;
pub mod kinds;
pub mod machine;
mod nodes;
pub mod open;
pub mod public;
mod usage;
mod zones;

use compute_api::path::Path;
use fogbank_sdk::Result;
use serde_json::Value;

pub use machine::MachineType;

/// What the API says of the age of things that were always there.
pub const EPOCH: &str = "1969-12-31T16:00:00.000-08:00";

/// The machine type of a name in a zone.
///
/// Errors: 400 naming the field `resource.machineType`.
pub fn machine_type(zone: &str, name: &str) -> Result<MachineType> {
    machine::find(zone, name)
}

/// A resource of the catalogue: as clients see it, links marked.
pub fn given(path: &Path) -> Option<Value> {
    match path.collection.as_str() {
        "machineTypes" => machine::given(path),
        "zones" | "regions" => zones::given(path),
        "diskTypes" | "acceleratorTypes" | "storagePoolTypes" | "nodeTypes" => kinds::given(path),
        "images" | "imageFamilyViews" | "licenses" => public::given(path),
        _ => None,
    }
}

/// A number that always belongs to the same text (FNV-1a), as large as the ids of the API are.
pub fn number(text: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    const LEAST: u64 = 1_000_000_000_000_000;
    LEAST + text.bytes().fold(0xcbf2_9ce4_8422_2325, mix) % (8_000 * LEAST)
}
