//! Snapshots of disks. <https://cloud.google.com/compute/docs/reference/rest/v1/snapshots>

use crate::disks::{self, source};
use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::path::{Path, Scope};
use compute_api::store::{self, Resource};
use compute_api::{change, failure};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Reply, Request, Result};
use serde_json::{Map, Value, json};

pub use crate::disks::handlers::delete;

/// `POST .../snapshots` with the disk in the body.
///
/// Errors: 400 naming the field, 404, 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    disks::require_engine()?;
    let body = call.body(&mut request)?;
    change::insert(&call, body, |tx, snapshot| {
        complete(tx, snapshot)?;
        Ok(Then::Run(disks::MAKE, Value::Null))
    })
}

/// `POST .../instantSnapshots`: a record of a disk's state, which nothing can be made from yet.
///
/// Errors: 400 naming the field, 404, 409.
pub fn insert_instant(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let body = call.body(&mut request)?;
    change::insert(&call, body, |tx, snapshot| {
        let disk = snapshot.link("sourceDisk").ok_or_else(|| failure::required("resource.sourceDisk"))?;
        let disk = store::load(tx, &disk)?;
        snapshot.set("status", "READY");
        snapshot.set("sourceDiskId", disk.id.to_string());
        for (theirs, ours) in [("sizeGb", "diskSizeGb"), ("architecture", "architecture")] {
            snapshot.body.extend(disk.body.get(theirs).map(|value| (ours.to_owned(), value.clone())));
        }
        Ok(Then::Done)
    })
}

/// Writes a snapshot of a disk; what it holds is made by [`disks::make`].
///
/// Errors: 400 without a name, 409 for one that is taken.
pub fn create_in(tx: &Transaction, disk: &Resource, mut body: Map<String, Value>) -> Result<Resource> {
    let name = body.remove("name").and_then(|name| name.as_str().map(str::to_owned)).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| failure::required("name"))?;
    let path = Path::new(&disk.path.project, Scope::Global, "snapshots", &name);
    if store::find(tx, &path)?.is_some() {
        return Err(failure::already_exists(&path));
    }
    body.insert("sourceDisk".into(), json!(disk.path.marked()));
    let mut snapshot = Resource::new(path, body)?;
    complete(tx, &mut snapshot)?;
    store::insert(tx, &snapshot)?;
    Ok(snapshot)
}

fn complete(tx: &Transaction, snapshot: &mut Resource) -> Result<()> {
    let source = source::of(tx, &snapshot.body, &["sourceDisk"])?;
    let source = source.ok_or_else(|| failure::required("resource.sourceDisk"))?;
    source.write(snapshot);
    snapshot.set("diskSizeGb", source.gb.to_string());
    snapshot.set("storageBytesStatus", "UPDATING");
    if !snapshot.body.contains_key("snapshotType") {
        snapshot.set("snapshotType", "STANDARD");
    }
    if !snapshot.body.contains_key("storageLocations") {
        let place = location(source.path.scope.region().unwrap_or_default());
        snapshot.set("storageLocations", json!([place]));
    }
    snapshot.set("enableConfidentialCompute", false);
    Ok(())
}

/// The multi-region that is nearest to a region, where there is one.
/// <https://cloud.google.com/compute/docs/disks/snapshots#selecting_a_storage_location>
pub fn location(region: &str) -> &str {
    match region.split('-').next() {
        Some("us") => "us",
        Some("europe") => "eu",
        Some("asia") => "asia",
        _ => region,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_kept_near_its_disk() {
        assert_eq!(["us-east1", "europe-west4", "me-west1"].map(location), ["us", "eu", "me-west1"]);
    }
}
