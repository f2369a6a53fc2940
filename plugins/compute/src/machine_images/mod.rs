//! Machine images: an instance with all its disks, to be made again. <https://cloud.google.com/compute/docs/machine-images>
//!
//! What its disks hold stands in rows of a collection that no client sees, made and removed as snapshots are.

use crate::disks::{self, source};
use crate::instances::disks as attached;
use crate::{snapshots, templates};
use compute_api::call::Call;
use compute_api::operation::{Input, Then};
use compute_api::path::{MARK, Path, Scope};
use compute_api::store::{self, Resource};
use compute_api::{change, failure};
use fogbank_sdk::db::{self, Transaction};
use fogbank_sdk::operations::Operation;
use fogbank_sdk::{Error, Outcome, Reply, Request, Result, identity};
use serde_json::{Map, Value, json};

/// The hidden collection of what disks of machine images hold.
pub const SAVED: &str = "machineImageDisks";
/// The field of a disk's body that names one of them, while the disk is made.
pub const SOURCE: &str = "_saved";
/// The field of an image's row with the paths of its disks; not shown to clients.
const DISKS: &str = "_disks";

/// Makes what a new machine image holds.
const MAKE: &str = "saved.make";
/// Removes one with what it holds.
const REMOVE: &str = "saved.remove";

/// `POST .../machineImages`
///
/// Errors: 400 without an instance, 404 for one that is not there, 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    disks::require_engine()?;
    let mut body = call.body(&mut request)?;
    if let Some(sent) = request.query("sourceInstance").filter(|sent| !sent.is_empty()) {
        let path = Path::parse_reference(sent, &call.project);
        let path = path.ok_or_else(|| failure::invalid("sourceInstance", sent, "The URL is malformed."))?;
        body.insert("sourceInstance".into(), json!(path.marked()));
    }
    change::insert(&call, body, |tx, image| {
        let link = image.link("sourceInstance").filter(|link| link.collection == "instances");
        let link = link.ok_or_else(|| failure::required("resource.sourceInstance"))?;
        let instance = store::load(tx, &link)?;
        let properties = templates::of_instance(tx, &link)?;
        save(tx, image, &instance)?;
        let place = snapshots::location(link.scope.region().unwrap_or_default()).to_owned();
        image.body.entry("storageLocations").or_insert(json!([place]));
        image.set("sourceInstanceProperties", described(&properties));
        image.set("instanceProperties", Value::Object(properties));
        image.set("totalStorageBytes", "0");
        image.set("status", "CREATING");
        Ok(Then::Run(MAKE, Value::Null))
    })
}

/// Writes the rows of what the disks of an instance hold.
fn save(tx: &Transaction, image: &mut Resource, instance: &Resource) -> Result<()> {
    let (mut rows, mut shown) = (Vec::new(), Vec::new());
    for (at, disk) in attached::attached(instance).iter().enumerate() {
        let Some(path) = attached::source(disk) else { continue };
        let name = format!("{}-{at}", image.id);
        let body = Map::from_iter([("sourceDisk".to_owned(), json!(path.marked()))]);
        let mut saved = Resource::new(Path::new(&image.path.project, Scope::Global, SAVED, &name), body)?;
        let source = source::of(tx, &saved.body, &["sourceDisk"])?.ok_or_else(|| failure::not_found(&path))?;
        source.write(&mut saved);
        saved.set("diskSizeGb", source.gb.to_string());
        store::insert(tx, &saved)?;
        rows.push(json!(saved.path.to_string()));
        shown.push(json!({
            "kind": "compute#savedDisk",
            "sourceDisk": path.marked(),
            "storageBytes": "0",
            "storageBytesStatus": "UP_TO_DATE",
            "architecture": saved.body.get("architecture").cloned().unwrap_or_else(|| json!("ARCHITECTURE_UNSPECIFIED")),
        }));
    }
    image.set(DISKS, rows);
    image.set("savedDisks", shown);
    Ok(())
}

/// What is said of the instance that an image is of.
fn described(properties: &Map<String, Value>) -> Value {
    const FIELDS: [&str; 12] = [
        "canIpForward",
        "deletionProtection",
        "description",
        "disks",
        "guestAccelerators",
        "labels",
        "machineType",
        "metadata",
        "minCpuPlatform",
        "networkInterfaces",
        "scheduling",
        "tags",
    ];
    let known = properties.iter().filter(|(field, _)| FIELDS.contains(&field.as_str()));
    Value::Object(known.map(|(field, value)| (field.clone(), value.clone())).collect())
}

/// `DELETE .../machineImages/NAME`
///
/// Errors: 404.
pub fn delete(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    change::delete(&call, &path, |_, image| {
        image.set("status", "DELETING");
        Ok(Then::Run(REMOVE, Value::Null))
    })
}

/// The properties of an instance that is made from an image; each disk says what it is to hold.
///
/// Errors: 400 for what names none or is not ready, 404.
pub fn properties(reference: &str, project: &str) -> Result<(Path, Map<String, Value>)> {
    let path = Path::parse_reference(reference, project).filter(|path| path.collection == "machineImages");
    let path = path.ok_or_else(|| failure::invalid("sourceMachineImage", reference, "The URL is malformed."))?;
    let image = store::get(&path)?;
    if image.text("status") != Some("READY") {
        return Err(failure::not_ready(&path));
    }
    let mut properties = image.body.get("instanceProperties").and_then(Value::as_object).cloned().unwrap_or_default();
    let disks = properties.get_mut("disks").and_then(Value::as_array_mut).into_iter().flatten();
    for (disk, saved) in disks.filter(|disk| disk["type"] != "SCRATCH").zip(saved(&image)) {
        if let Some(params) = disk["initializeParams"].as_object_mut() {
            params.remove("sourceImage");
            params.insert(SOURCE.into(), json!(format!("{MARK}{saved}")));
        }
    }
    Ok((path, properties))
}

fn saved(image: &Resource) -> Vec<Path> {
    let listed = image.body.get(DISKS).and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(|path| path.as_str().and_then(Path::parse)).collect()
}

/// Does what an operation asks for.
///
/// Errors: what the operation fails with, or is tried again for.
pub fn run(operation: &Operation, input: &Input) -> Result<Outcome> {
    let path = input.path()?;
    let Some(image) = store::by_id(input.id)?.filter(|image| image.path == path) else {
        return Ok(Outcome::Done(String::new()));
    };
    match operation.kind.as_str() {
        MAKE => make(&image).or_else(|error| {
            if error.http_status() < 500 {
                remove(&image)?;
            }
            Err(error)
        })?,
        REMOVE => remove(&image)?,
        other => return Err(Error::internal(format!("nobody does {other}"))),
    }
    Ok(Outcome::Done(String::new()))
}

fn make(image: &Resource) -> Result<()> {
    saved(image).iter().try_for_each(disks::make)?;
    db::transaction(|tx| {
        let Some(mut image) = store::find(tx, &image.path)? else { return Ok(()) };
        image.set("status", "READY");
        store::save(tx, &image)
    })
}

fn remove(image: &Resource) -> Result<()> {
    for path in saved(image) {
        disks::remove(&path)?;
    }
    db::transaction(|tx| store::remove(tx, &image.path))?;
    Ok(identity::forget(&image.path.full_name())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_remembers_its_disks_and_says_what_instances_say_of_themselves() {
        let path = Path::parse("projects/p/global/machineImages/m").unwrap();
        let mut image = Resource::new(path, Map::new()).unwrap();
        image.set(DISKS, json!(["projects/p/global/machineImageDisks/7-0"]));
        assert_eq!(saved(&image)[0].collection, SAVED);
        let properties = json!({"machineType": "e2-micro", "serviceAccounts": []});
        assert_eq!(described(properties.as_object().unwrap()), json!({"machineType": "e2-micro"}));
    }
}
