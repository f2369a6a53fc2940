//! Sizes and types of disks. <https://cloud.google.com/compute/docs/disks#disk-types>

use super::source::{Source, gb};
use crate::catalogue::kinds::{self, DiskType};
use compute_api::failure;
use compute_api::path::{MARK, Path};
use compute_api::store::Resource;
use fogbank_sdk::Result;
use serde_json::{Value, json};

/// What disks are of that do not say it.
const DEFAULT: &str = "pd-standard";
/// The field of a disk with the size of its image, where the disk is larger; not shown to clients.
const IMAGE_GB: &str = "_image_gb";

/// Puts the type of a new disk in the form of a link, and gives it.
///
/// Errors: 400 for one that does not exist, or not where the disk is.
pub fn settle_type(disk: &mut Resource) -> Result<&'static DiskType> {
    let sent = disk.text("type").unwrap_or(DEFAULT).to_owned();
    let wrong =
        || failure::invalid("resource.type", sent.trim_start_matches(MARK), "The referenced resource does not exist.");
    let name = match sent.strip_prefix(MARK) {
        Some(text) => {
            let path = Path::parse(text).filter(|path| path.collection == "diskTypes").ok_or_else(wrong)?;
            if path.scope != disk.path.scope {
                return Err(failure::invalid(
                    "resource.type",
                    path,
                    "The disk type has to be in the same zone or region as the disk.",
                ));
            }
            path.name
        }
        None => sent.rsplit('/').next().unwrap_or(DEFAULT).to_owned(),
    };
    let found = kinds::disk_type(&disk.path.scope, &name).ok_or_else(wrong)?;
    disk.set("type", disk.path.sibling("diskTypes", found.name).marked());
    Ok(found)
}

/// Sets the size of a new disk: as it is asked for, else that of its source, else what disks of its type have.
///
/// Errors: 400 for one that its source does not fit into, or that disks of its type may not have.
pub fn settle_size(disk: &mut Resource, kind: &DiskType, source: Option<&Source>) -> Result<()> {
    let sent = disk.body.get("sizeGb").filter(|size| !size.is_null() && **size != Value::String(String::new()));
    let least = source.map(|source| source.gb).unwrap_or_default();
    let size = match (sent.is_some(), least) {
        (true, _) => gb(&disk.body, "sizeGb"),
        (false, 0) => kind.default_gb,
        (false, least) => least.max(kind.sizes_gb.0),
    };
    if let Some(source) = source.filter(|source| size < source.gb) {
        let why = format!("Requested disk size cannot be smaller than the {} size ({} GB)", what(source), source.gb);
        return Err(failure::invalid("resource.sizeGb", size, &why));
    }
    check(kind, size)?;
    disk.set("sizeGb", size.to_string());
    if let Some(image) = source.filter(|source| source.path.collection == "images" && size > source.gb) {
        disk.set(IMAGE_GB, image.gb);
    }
    Ok(())
}

/// What the operations tell that make disks larger than their images.
pub fn warnings<'a>(disks: impl IntoIterator<Item = &'a Resource>) -> Value {
    let larger = disks.into_iter().filter_map(|disk| {
        let (size, image) = (disk.text("sizeGb")?, disk.body.get(IMAGE_GB)?);
        let message = format!(
            "Disk size: '{size} GB' is larger than image size: '{image} GB'. An operating system that does not grow its file \
             system by itself has to be told to."
        );
        Some(json!({"code": "DISK_SIZE_LARGER_THAN_IMAGE_SIZE", "message": message}))
    });
    let warnings: Vec<Value> = larger.collect();
    if warnings.is_empty() { Value::Null } else { json!({ "warnings": warnings }) }
}

fn what(source: &Source) -> &'static str {
    match source.path.collection.as_str() {
        "images" => "image",
        "snapshots" => "snapshot",
        _ => "source disk",
    }
}

/// Checks a size against a type. Small disks are made from small images, below what the console offers.
///
/// Errors: 400.
pub fn check(kind: &DiskType, size: u64) -> Result<()> {
    let (least, most) = kind.sizes_gb;
    let least = if kind.name.starts_with("pd-") && kind.name != "pd-extreme" { 1 } else { least };
    match (least..=most).contains(&size) {
        true => Ok(()),
        false => {
            let why = format!(
                "Disk size: '{size} GB' is not valid for disks of type {}: between {least} GB and {most} GB.",
                kind.name
            );
            Err(failure::invalid("resource.sizeGb", size, &why))
        }
    }
}

/// Makes a disk larger.
///
/// Errors: 400 for a size that is not larger, or larger than disks of its type may be.
pub fn grow(disk: &mut Resource, size: u64) -> Result<()> {
    let before = gb(&disk.body, "sizeGb");
    if size <= before {
        let why = format!("New disk size '{size}' GB must be larger than existing size '{before}' GB.");
        return Err(failure::invalid("sizeGb", size, &why));
    }
    if let Some(kind) = disk.link("type").and_then(|kind| kinds::disk_type(&kind.scope, &kind.name)) {
        check(kind, size)?;
    }
    disk.set("sizeGb", size.to_string());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(body: Value) -> Resource {
        let path = Path::parse("projects/p/zones/us-central1-a/disks/d").unwrap();
        Resource::new(path, body.as_object().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_disk_has_the_size_of_its_type_where_nothing_is_said() {
        let mut disk = disk(json!({"type": "pd-ssd"}));
        let kind = settle_type(&mut disk).unwrap();
        settle_size(&mut disk, kind, None).unwrap();
        assert_eq!((disk.text("sizeGb"), disk.link("type").unwrap().name.as_str()), (Some("100"), "pd-ssd"));
    }

    #[test]
    fn sizes_come_as_numbers_and_as_text_and_only_grow() {
        for sent in [json!("50"), json!(50)] {
            let mut disk = disk(json!({"sizeGb": sent}));
            let kind = settle_type(&mut disk).unwrap();
            settle_size(&mut disk, kind, None).unwrap();
            assert_eq!((disk.text("sizeGb"), kind.name), (Some("50"), "pd-standard"));
            assert_eq!(grow(&mut disk, 50).unwrap_err().http_status(), 400);
            assert!(grow(&mut disk, 70_000).is_err() && grow(&mut disk, 60).is_ok());
        }
    }

    #[test]
    fn a_disk_that_is_larger_than_its_image_is_told_of() {
        let mut larger = disk(json!({"sizeGb": "20"}));
        assert!(warnings([&larger]).is_null());
        larger.set(IMAGE_GB, 10);
        assert_eq!(warnings([&larger])["warnings"][0]["code"], "DISK_SIZE_LARGER_THAN_IMAGE_SIZE");
    }

    #[test]
    fn a_type_of_another_zone_is_refused() {
        let other = "//compute/projects/p/zones/us-central1-b/diskTypes/pd-ssd";
        assert!(settle_type(&mut disk(json!({"type": other}))).unwrap_err().message().contains("same zone"));
        assert!(settle_type(&mut disk(json!({"type": "pd-unicorn"}))).is_err());
    }
}
