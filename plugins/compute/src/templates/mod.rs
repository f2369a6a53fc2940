//! Instance templates, global and regional. <https://cloud.google.com/compute/docs/instance-templates>

use crate::catalogue;
use crate::instances::metadata;
use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::path::Path;
use compute_api::store::Resource;
use compute_api::{change, failure, links, store};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Reply, Request, Result};
use serde_json::{Map, Value, json};

/// Where machine types of a template are looked up: it names no zone.
const SOME_ZONE: &str = "us-central1-a";

/// `POST .../instanceTemplates`
///
/// Errors: 400 naming what is missing or wrong in the properties, 404 for a link to what is not there, 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let body = call.body(&mut request)?;
    change::insert(&call, body, |tx, template| {
        if let Some(source) = template.link("sourceInstance") {
            let properties = of_instance(tx, &source)?;
            template.set("properties", Value::Object(properties));
        }
        let mut properties = match template.body.remove("properties") {
            Some(Value::Object(properties)) => properties,
            _ => return Err(failure::required("resource.properties")),
        };
        complete(&mut properties)?;
        template.set("properties", Value::Object(properties));
        Ok(Then::Done)
    })
}

/// The properties of an instance that is there, as another one of its kind has them.
///
/// Errors: 404.
pub fn of_instance(tx: &Transaction, path: &Path) -> Result<Map<String, Value>> {
    let instance = store::load(tx, path)?;
    let mut properties = Map::new();
    for field in [
        "canIpForward",
        "description",
        "disks",
        "guestAccelerators",
        "labels",
        "metadata",
        "minCpuPlatform",
        "networkInterfaces",
        "scheduling",
        "serviceAccounts",
        "shieldedInstanceConfig",
        "tags",
    ] {
        if let Some(value) = instance.body.get(field) {
            properties.insert(field.to_owned(), value.clone());
        }
    }
    let kind = instance.link("machineType").map(|kind| kind.name).unwrap_or_default();
    properties.insert("machineType".into(), json!(kind));
    for interface in properties.get_mut("networkInterfaces").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(fields) = interface.as_object_mut() {
            fields.retain(|name, _| matches!(name.as_str(), "network" | "subnetwork" | "accessConfigs" | "stackType"));
        }
        // Each instance has an address of its own.
        for access in interface["accessConfigs"].as_array_mut().into_iter().flatten() {
            if let Some(fields) = access.as_object_mut() {
                fields
                    .retain(|name, _| !matches!(name.as_str(), "natIP" | "externalIpv6" | "externalIpv6PrefixLength"));
            }
        }
    }
    for disk in properties.get_mut("disks").and_then(Value::as_array_mut).into_iter().flatten() {
        *disk = disk_of(tx, disk)?;
    }
    Ok(properties)
}

/// A disk as it would be made again.
fn disk_of(tx: &Transaction, attached: &Value) -> Result<Value> {
    let mut disk = json!({"boot": attached["boot"] == true, "autoDelete": attached["autoDelete"] == true});
    for field in ["deviceName", "interface", "mode", "type"] {
        if let Some(value) = attached.get(field) {
            disk[field] = value.clone();
        }
    }
    let source = attached.as_object().and_then(|attached| links::field(attached, "source"));
    if let Some(source) = source {
        let kept = store::load(tx, &source)?;
        let kind = kept.link("type").map(|kind| kind.name);
        let mut params = json!({"diskSizeGb": kept.text("sizeGb"), "diskType": kind});
        if let Some(image) = kept.text("sourceImage") {
            params["sourceImage"] = json!(image);
        }
        disk["initializeParams"] = params;
    }
    Ok(disk)
}

/// Checks properties as those of an instance, and completes them with what the API always shows.
///
/// Errors: 400.
fn complete(properties: &mut Map<String, Value>) -> Result<()> {
    let kind = properties.get("machineType").and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = kind.rsplit('/').next().unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(failure::required("resource.properties.machineType"));
    }
    catalogue::machine_type(SOME_ZONE, &name)?;
    properties.insert("machineType".into(), json!(name));
    for (field, kind) in [("tags", true), ("metadata", false)] {
        if let Some(sent) = properties.get(field) {
            let shown = if kind { metadata::tags(Some(sent))? } else { metadata::shown(Some(sent))? };
            properties.insert(field.to_owned(), shown);
        }
    }
    disks(properties)?;
    interfaces(properties)
}

fn disks(properties: &mut Map<String, Value>) -> Result<()> {
    let Some(disks) = properties.get_mut("disks").and_then(Value::as_array_mut).filter(|disks| !disks.is_empty())
    else {
        return Err(failure::invalid("resource.properties.disks", "", "No disks are specified."));
    };
    if disks[0]["boot"] != true || disks.iter().skip(1).any(|disk| disk["boot"] == true) {
        return Err(failure::invalid(
            "resource.properties.disks[0].boot",
            "",
            "The first disk, and no other, has to be the boot disk.",
        ));
    }
    for (at, disk) in disks.iter_mut().enumerate() {
        let Some(disk) = disk.as_object_mut() else { continue };
        for (field, value) in [
            ("kind", json!("compute#attachedDisk")),
            ("index", json!(at)),
            ("deviceName", json!(format!("persistent-disk-{at}"))),
            ("type", json!("PERSISTENT")),
            ("mode", json!("READ_WRITE")),
            ("interface", json!("SCSI")),
        ] {
            disk.entry(field).or_insert(value);
        }
    }
    Ok(())
}

fn interfaces(properties: &mut Map<String, Value>) -> Result<()> {
    let interfaces = properties.get_mut("networkInterfaces").and_then(Value::as_array_mut);
    let Some(interfaces) = interfaces.filter(|interfaces| !interfaces.is_empty()) else {
        let why = "At least one network interface is required.";
        return Err(failure::invalid("resource.properties.networkInterfaces", "", why));
    };
    for (at, interface) in interfaces.iter_mut().enumerate() {
        let Some(interface) = interface.as_object_mut() else { continue };
        interface.insert("name".into(), json!(format!("nic{at}")));
        interface.entry("kind").or_insert(json!("compute#networkInterface"));
    }
    Ok(())
}

/// The properties of a template, as a group makes instances from them.
pub fn properties(template: &Resource) -> Map<String, Value> {
    template.body.get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(properties: Value) -> Result<Map<String, Value>> {
        let mut properties = properties.as_object().unwrap().clone();
        complete(&mut properties).map(|()| properties)
    }

    #[test]
    fn properties_are_held_against_the_rules_of_instances() {
        let good = json!({"machineType": "e2-micro", "disks": [{"boot": true}], "networkInterfaces": [{}]});
        let done = check(good.clone()).unwrap();
        assert_eq!((&done["disks"][0]["index"], &done["networkInterfaces"][0]["name"]), (&json!(0), &json!("nic0")));
        for (field, value) in [
            ("machineType", json!("e9-giant")),
            ("disks", json!([{}])),
            ("networkInterfaces", json!([])),
            ("machineType", json!("")),
        ] {
            let mut wrong = good.clone();
            wrong[field] = value;
            assert_eq!(check(wrong).unwrap_err().http_status(), 400, "{field}");
        }
    }
}
