//! The disks of an instance. <https://cloud.google.com/compute/docs/reference/rest/v1/instances/attachDisk>

use super::metadata::is_name;
use crate::machine_images::SOURCE as SAVED;
use crate::machines::container;
use compute_api::failure;
use compute_api::path::{MARK, Path};
use compute_api::store::{self, Resource};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Error, Result};
use serde_json::{Map, Value, json};

/// A disk that was made with an instance.
pub type Made = Resource;

/// Puts the attached disks of an instance in the place of what was sent, and writes the disks that are to be made.
///
/// Errors: 400 for disks that cannot be together, 404 for one that is not there, 409 for a name that is taken.
pub fn make(tx: &Transaction, instance: &mut Resource) -> Result<Vec<Made>> {
    let sent = instance.body.remove("disks").unwrap_or_default();
    let sent = sent.as_array().cloned().unwrap_or_default();
    check_boot(&sent)?;
    let mut made = Vec::new();
    let mut attached: Vec<Value> = Vec::new();
    for (at, disk) in sent.iter().enumerate() {
        let (shown, new) = attach(tx, instance, disk, at, &attached)?;
        made.extend(new);
        attached.push(shown);
    }
    instance.set("disks", attached);
    Ok(made)
}

/// One disk as the instance shows it, and the disk where it was made for it. `at` is its index, `others` are attached already.
///
/// Errors: as [`make`].
pub fn attach(
    tx: &Transaction,
    instance: &Resource,
    sent: &Value,
    at: usize,
    others: &[Value],
) -> Result<(Value, Option<Made>)> {
    let boot = sent["boot"] == true;
    let device = match sent["deviceName"].as_str().filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        // Local disks are counted by themselves.
        None if sent["type"] == "SCRATCH" => {
            format!("local-ssd-{}", others.iter().filter(|other| other["type"] == "SCRATCH").count())
        }
        None => format!("persistent-disk-{at}"),
    };
    if !container::is_device(&json!(device)) {
        return Err(failure::invalid(
            "resource.disks.deviceName",
            &device,
            "It may have letters, digits, '-' and '_'.",
        ));
    }
    if others.iter().any(|other| other["deviceName"] == device) {
        return Err(failure::invalid("resource.disks", &device, "The device name is used by another disk."));
    }
    if sent["type"] == "SCRATCH" {
        return Ok((scratch(sent, &device, at), None));
    }
    let (disk, made) = disk_of(tx, instance, sent, at, boot)?;
    if made.is_none() {
        require_free(tx, &disk, instance, sent["mode"] == "READ_ONLY")?;
    }
    crate::disks::attached(tx, &disk.path)?;
    let mut shown = json!({
        "kind": "compute#attachedDisk",
        "type": "PERSISTENT",
        "mode": sent["mode"].as_str().unwrap_or("READ_WRITE"),
        "source": disk.path.marked(),
        "deviceName": device,
        "index": at,
        "boot": boot,
        "autoDelete": sent["autoDelete"].as_bool().unwrap_or(false),
        "interface": sent["interface"].as_str().unwrap_or("SCSI"),
    });
    for (from, to) in [
        ("sizeGb", "diskSizeGb"),
        ("licenses", "licenses"),
        ("guestOsFeatures", "guestOsFeatures"),
        ("architecture", "architecture"),
    ] {
        if let Some(value) = disk.body.get(from) {
            shown[to] = value.clone();
        }
    }
    Ok((shown, made))
}

/// The place of the attached disk of a device name.
///
/// Errors: 400 where there is none.
pub fn position(instance: &Resource, device: &str) -> Result<usize> {
    let found = attached(instance).iter().position(|disk| disk["deviceName"] == device);
    found.ok_or_else(|| {
        failure::invalid("deviceName", device, &format!("No attached disk found with device name '{device}'"))
    })
}

/// All attached disks.
pub fn attached(instance: &Resource) -> &[Value] {
    instance.body.get("disks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The disk that the instance boots from.
pub fn boot(instance: &Resource) -> Option<Path> {
    attached(instance).iter().find(|disk| disk["boot"] == true).and_then(source)
}

/// The path of an attached disk; none for a local one.
pub fn source(attached: &Value) -> Option<Path> {
    attached["source"].as_str()?.strip_prefix(MARK).and_then(Path::parse)
}

fn check_boot(sent: &[Value]) -> Result<()> {
    let boots = sent.iter().filter(|disk| disk["boot"] == true).count();
    match boots {
        1 if sent[0]["boot"] == true => Ok(()),
        1 => {
            Err(failure::invalid("resource.disks[0].boot", "false", "The boot disk has to be the first one attached."))
        }
        0 => Err(failure::invalid("resource.disks", "", "Boot disk must be specified.")),
        count => Err(failure::invalid("resource.disks", count, "At most one boot disk is allowed.")),
    }
}

fn scratch(sent: &Value, device: &str, at: usize) -> Value {
    json!({
        "kind": "compute#attachedDisk",
        "type": "SCRATCH",
        "mode": "READ_WRITE",
        "deviceName": device,
        "index": at,
        "boot": false,
        "autoDelete": true,
        "interface": sent["interface"].as_str().unwrap_or("SCSI"),
        "diskSizeGb": "375",
    })
}

fn disk_of(
    tx: &Transaction,
    instance: &Resource,
    sent: &Value,
    at: usize,
    boot: bool,
) -> Result<(Resource, Option<Made>)> {
    let field = format!("resource.disks[{at}]");
    match (sent["source"].as_str().filter(|source| !source.is_empty()), sent.get("initializeParams")) {
        (Some(_), Some(_)) => {
            Err(failure::invalid(&field, "", "Disks may have a source or initializeParams, not both."))
        }
        (Some(reference), None) => {
            let path = source(sent).filter(|path| path.collection == "disks");
            let malformed = || failure::invalid(&format!("{field}.source"), reference, "The URL is malformed.");
            let path = path.ok_or_else(malformed)?;
            if path.scope != instance.path.scope && path.scope.region() != instance.path.scope.region() {
                return Err(malformed());
            }
            Ok((store::load(tx, &path)?, None))
        }
        (None, Some(params)) => {
            let disk = new_disk(tx, instance, params, at, boot, sent)?;
            Ok((disk.clone(), Some(disk)))
        }
        (None, None) if sent["diskSizeGb"].is_string() || boot => {
            let disk = new_disk(tx, instance, &json!({}), at, boot, sent)?;
            Ok((disk.clone(), Some(disk)))
        }
        (None, None) => {
            Err(failure::invalid(&format!("{field}.source"), "", "A source or initializeParams are needed."))
        }
    }
}

fn new_disk(
    tx: &Transaction,
    instance: &Resource,
    params: &Value,
    at: usize,
    boot: bool,
    sent: &Value,
) -> Result<Resource> {
    let own = &instance.path.name;
    let name = match params["diskName"].as_str().filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None if boot => own.clone(),
        None => format!("{}-{at}", &own[..own.len().min(60)]),
    };
    if !is_name(&name) {
        return Err(failure::invalid("resource.disks.initializeParams.diskName", name, "It is no name of a disk."));
    }
    let mut body = disk_body(params, sent);
    if boot && !["sourceImage", "sourceSnapshot", SAVED].iter().any(|source| body.contains_key(*source)) {
        return Err(failure::invalid(
            "resource.disks[0].initializeParams.sourceImage",
            "",
            "A boot disk needs an image or a snapshot.",
        ));
    }
    if !body.contains_key("type") {
        body.insert("type".into(), json!(instance.path.sibling("diskTypes", "pd-standard").marked()));
    }
    let made = crate::disks::create_in(tx, instance.path.sibling("disks", &name), body);
    made.map_err(|error| match error.message().contains("'resource.sizeGb'") {
        // As the field is called in the body that was sent.
        true => {
            let field = format!("resource.disks[{at}].initializeParams.diskSizeGb");
            Error::invalid(error.message().replace("resource.sizeGb", &field))
        }
        false => error,
    })
}

/// The body of `disks.insert` that says the same as the parameters of an attached disk.
fn disk_body(params: &Value, sent: &Value) -> Map<String, Value> {
    let mut body = Map::new();
    for (from, to) in [
        ("diskSizeGb", "sizeGb"),
        ("diskType", "type"),
        ("sourceImage", "sourceImage"),
        ("sourceSnapshot", "sourceSnapshot"),
        (SAVED, SAVED),
        ("labels", "labels"),
        ("description", "description"),
        ("licenses", "licenses"),
        ("architecture", "architecture"),
        ("resourcePolicies", "resourcePolicies"),
        ("provisionedIops", "provisionedIops"),
        ("provisionedThroughput", "provisionedThroughput"),
        ("storagePool", "storagePool"),
        ("enableConfidentialCompute", "enableConfidentialCompute"),
        ("replicaZones", "replicaZones"),
    ] {
        if let Some(value) = params.get(from).filter(|value| !value.is_null() && **value != json!("")) {
            body.insert(to.to_owned(), value.clone());
        }
    }
    for (from, to) in [("diskSizeGb", "sizeGb"), ("guestOsFeatures", "guestOsFeatures")] {
        if let Some(value) = sent.get(from) {
            body.entry(to).or_insert_with(|| value.clone());
        }
    }
    body
}

/// A disk is written by one instance, or read by several.
fn require_free(tx: &Transaction, disk: &Resource, instance: &Resource, read_only: bool) -> Result<()> {
    for user in store::linked(tx, &disk.path, "instances")? {
        let reads = attached(&user)
            .iter()
            .any(|other| source(other).as_ref() == Some(&disk.path) && other["mode"] == "READ_ONLY");
        if user.path == instance.path || !(read_only && reads) {
            return Err(failure::in_use(&disk.path, &user.path));
        }
    }
    match disk.text("status") {
        None | Some("READY") => Ok(()),
        Some(_) => Err(failure::not_ready(&disk.path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_disk_boots() {
        assert!(check_boot(&[json!({"boot": true}), json!({})]).is_ok());
        assert!(check_boot(&[json!({}), json!({"boot": true})]).is_err());
        assert!(check_boot(&[json!({})]).is_err());
        assert!(check_boot(&[json!({"boot": true}), json!({"boot": true})]).is_err());
    }

    #[test]
    fn parameters_of_an_attached_disk_say_what_the_disk_is() {
        let params = json!({"diskSizeGb": "20", "sourceImage": "x", "diskType": "", "labels": {"a": "b"}});
        let body = disk_body(&params, &json!({"diskSizeGb": "30"}));
        assert_eq!((&body["sizeGb"], &body["sourceImage"]), (&json!("20"), &json!("x")));
        assert!(!body.contains_key("type"));
    }
}
