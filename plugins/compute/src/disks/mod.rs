//! Disks, zonal and regional, and what stands on them.
//!
//! For instances:
//!
//! | when | call |
//! |---|---|
//! | an instance is inserted, in its transaction | [`create_in`] for each disk that is made with it |
//! | its operation runs, before its container is made | [`make`] for each of its disks |
//! | after that | [`fold`] for the boot disk, [`lay_out`] for every other one |
//! | the container is made | [`content`]: [`Content::image`] of the boot disk, the volume of every other one |
//! | a container with a boot disk goes and the disk stays | [`keep`], before the container is removed |
//! | a disk is attached or detached, in that transaction | [`attached`], [`detached`] |
//! | an instance is deleted, for each disk with `autoDelete` | [`remove`] when nothing refers to the disk any more |
//!
//! Who uses a disk follows from the links of instances (`disks[].source`).

mod content;
mod create;
mod effect;
pub mod handlers;
mod show;
mod size;
pub mod source;

pub use content::Content;
pub use create::create_in;
pub use effect::{MAKE, REMOVE, fold, keep, lay_out, make, remove, run};
pub use handlers::*;
pub use show::decorate;
pub use size::warnings;

use compute_api::path::Path;
use compute_api::store::{self, Resource};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Result, context};

/// The field with what stands on a disk, in an image or a snapshot; not shown to clients.
pub const CONTENT: &str = "_content";
/// The field with the image that the files of a disk are from, where they are laid out in a volume; not shown to clients.
pub const LAID_OUT: &str = "_laid_out";
/// The field with the path of what the content is to be made from; not shown to clients.
pub const FROM: &str = "_from";

/// What stands on a disk, in an image or in a snapshot.
pub fn content(resource: &Resource) -> Content {
    let kept = resource.text(CONTENT).and_then(Content::parse);
    kept.unwrap_or_else(|| Content::Volume(own_name(resource)))
}

/// The name of the volume or image that is a resource's own: `disk-7`.
pub fn own_name(resource: &Resource) -> String {
    let kind = match resource.path.collection.as_str() {
        "images" => "image",
        "snapshots" => "snapshot",
        _ => "disk",
    };
    format!("{kind}-{}", resource.id)
}

/// Notes that a disk was attached.
///
/// Errors: 404.
pub fn attached(tx: &Transaction, disk: &Path) -> Result<()> {
    note(tx, disk, "lastAttachTimestamp")
}

/// Notes that a disk was detached; fine where the disk is gone.
pub fn detached(tx: &Transaction, disk: &Path) -> Result<()> {
    match store::find(tx, disk)? {
        Some(_) => note(tx, disk, "lastDetachTimestamp"),
        None => Ok(()),
    }
}

fn note(tx: &Transaction, disk: &Path, field: &str) -> Result<()> {
    let mut disk = store::load(tx, disk)?;
    disk.set(field, context::now().to_rfc3339_with_offset());
    store::save(tx, &disk)
}
