//! Instance templates as the beginning of an instance. <https://cloud.google.com/compute/docs/instance-templates>

use compute_api::path::{MARK, Path};
use compute_api::{failure, store};
use fogbank_sdk::Result;
use serde_json::{Map, Value, json};

/// The properties that a template named by a client has.
///
/// Errors: 400 for what names none, 404.
pub fn properties(reference: &str, project: &str) -> Result<Map<String, Value>> {
    let path = Path::parse_reference(reference, project).filter(|path| path.collection == "instanceTemplates");
    let path = path.ok_or_else(|| failure::invalid("sourceInstanceTemplate", reference, "The URL is malformed."))?;
    let template = store::get(&path)?;
    Ok(template.body.get("properties").and_then(Value::as_object).cloned().unwrap_or_default())
}

/// Puts properties below what a client said itself of an instance in `place` (a zone's path of instances).
pub fn under(body: &mut Map<String, Value>, mut properties: Map<String, Value>, place: &Path) {
    localize(&mut properties, place);
    for (field, value) in properties {
        body.entry(field).or_insert(value);
    }
}

/// A template names machine types, disk types and accelerators without their zones.
fn localize(properties: &mut Map<String, Value>, place: &Path) {
    link(properties.get_mut("machineType"), "machineTypes", place);
    for disk in properties.get_mut("disks").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(params) = disk.get_mut("initializeParams") {
            link(params.get_mut("diskType"), "diskTypes", place);
        }
        if let Some(name) = disk["source"].as_str().filter(|name| !name.contains('/')) {
            disk["source"] = json!(format!("{MARK}{}", place.sibling("disks", name)));
        }
    }
    for accelerator in properties.get_mut("guestAccelerators").and_then(Value::as_array_mut).into_iter().flatten() {
        link(accelerator.get_mut("acceleratorType"), "acceleratorTypes", place);
    }
    for policy in properties.get_mut("resourcePolicies").and_then(Value::as_array_mut).into_iter().flatten() {
        if let (Some(name), Some(region)) = (policy.as_str().filter(|name| !name.contains('/')), place.scope.region()) {
            *policy = json!(format!("{MARK}projects/{}/regions/{region}/resourcePolicies/{name}", place.project));
        }
    }
}

fn link(field: Option<&mut Value>, collection: &str, place: &Path) {
    let Some(field) = field else { return };
    if let Some(name) = field.as_str().filter(|name| !name.contains('/')) {
        *field = json!(format!("{MARK}{}", place.sibling(collection, name)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_placed_in_a_zone_and_gives_way() {
        let place = Path::parse("projects/p/zones/us-central1-a/instances/w1").unwrap();
        let properties = json!({"machineType": "e2-micro", "canIpForward": true,
            "disks": [{"initializeParams": {"diskType": "pd-ssd"}}]});
        let mut body = Map::from_iter([("canIpForward".to_owned(), json!(false))]);
        under(&mut body, properties.as_object().unwrap().clone(), &place);
        assert_eq!(body["machineType"], "//compute/projects/p/zones/us-central1-a/machineTypes/e2-micro");
        assert_eq!(
            body["disks"][0]["initializeParams"]["diskType"],
            "//compute/projects/p/zones/us-central1-a/diskTypes/pd-ssd"
        );
        assert_eq!(body["canIpForward"], false);
    }
}
