//! New disks. <https://cloud.google.com/compute/docs/reference/rest/v1/disks/insert>

use super::{FROM, size, source};
use crate::machine_images;
use compute_api::path::{Path, Scope};
use compute_api::store::{self, Resource};
use compute_api::{change, failure, places};
use fogbank_sdk::Result;
use fogbank_sdk::db::Transaction;
use serde_json::{Map, Value};

/// What a disk may be made from.
const SOURCES: [&str; 4] = ["sourceImage", "sourceSnapshot", "sourceDisk", machine_images::SOURCE];

/// Writes a disk with the body of a `disks.insert`, links marked. Its content is made by [`super::make`].
///
/// Errors: 400 naming the field; 404 for a source that is not there; 409 for a name that is taken.
pub fn create_in(tx: &Transaction, path: Path, body: Map<String, Value>) -> Result<Resource> {
    let mut disk = Resource::new(path, body)?;
    if store::find(tx, &disk.path)?.is_some() {
        return Err(failure::already_exists(&disk.path));
    }
    complete(tx, &mut disk)?;
    change::require_here(tx, &disk.body)?;
    store::insert(tx, &disk)?;
    Ok(disk)
}

/// Sets what follows from what was asked for.
///
/// Errors: as [`create_in`].
pub fn complete(tx: &Transaction, disk: &mut Resource) -> Result<()> {
    if disk.path.scope == Scope::Global || !places::exists(&disk.path.scope) {
        return Err(failure::no_place(&disk.path.project, &disk.path.scope));
    }
    disk.set("status", "READY");
    let source = source::of(tx, &disk.body, &SOURCES)?;
    if let Some(source) = &source {
        source.write(disk);
    }
    disk.body.remove(machine_images::SOURCE);
    let kind = size::settle_type(disk)?;
    size::settle_size(disk, kind, source.as_ref())?;
    if !disk.body.contains_key("physicalBlockSizeBytes") {
        disk.set("physicalBlockSizeBytes", "4096");
    }
    if !disk.body.contains_key("enableConfidentialCompute") {
        disk.set("enableConfidentialCompute", false);
    }
    replicas(disk)
}

/// A regional disk lies in two zones of its region.
fn replicas(disk: &Resource) -> Result<()> {
    let zones = disk.body.get("replicaZones").and_then(Value::as_array);
    let Scope::Region(region) = &disk.path.scope else {
        return match zones {
            Some(_) => Err(failure::invalid("resource.replicaZones", "", "Only a regional disk has them.")),
            None => Ok(()),
        };
    };
    let names: Vec<&str> = zones.into_iter().flatten().filter_map(Value::as_str).collect();
    let inside = |name: &&str| places::zones_of(region).any(|zone| name.rsplit('/').next() == Some(&zone));
    match names.len() == 2 && names[0] != names[1] && names.iter().all(inside) {
        true => Ok(()),
        false => Err(failure::invalid(
            "resource.replicaZones",
            names.join(","),
            "Two zones of the disk's region are needed.",
        )),
    }
}

/// Whether there is something to be done before a disk can be used.
pub fn is_pending(disk: &Resource) -> bool {
    disk.body.contains_key(FROM)
}
