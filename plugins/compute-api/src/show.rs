//! Resources as clients see them.

use crate::links;
use crate::path::MARK;
use crate::schema::Schema;
use crate::store::Resource;
use fogbank_sdk::{Result, etag};
use serde_json::{Map, Value, json};

/// The resource with all that follows from what is kept, and with the links of `base` (`http://host/compute/v1/`).
pub fn resource(resource: &Resource, base: &str) -> Result<Value> {
    let path = &resource.path;
    let place = path.place();
    let mut shown = Map::new();
    if let Some(kind) = place.map(|place| place.kind).filter(|kind| !kind.is_empty()) {
        shown.insert("kind".into(), json!(kind));
    }
    shown.insert("id".into(), json!(resource.id.to_string()));
    shown.insert("creationTimestamp".into(), json!(resource.created.to_rfc3339_with_offset()));
    shown.insert("name".into(), json!(path.name));
    shown.extend(public(resource).map(|(name, value)| (name.clone(), value.clone())));
    shown.insert("selfLink".into(), json!(path.marked()));
    let form = place.and_then(|place| place.schema());
    let has = |field: &str| form.is_some_and(|form: &Schema| form.field(field).is_some());
    if has("selfLinkWithId") {
        shown.insert("selfLinkWithId".into(), json!(path.sibling(&path.collection, &resource.id.to_string()).marked()));
    }
    for scope in ["zone", "region"] {
        if has(scope) && path.scope.kind() == scope {
            shown.insert(scope.into(), json!(format!("{MARK}projects/{}/{}", path.project, path.scope)));
        }
    }
    if has("fingerprint") {
        shown.insert("fingerprint".into(), json!(fingerprint(resource)?));
    }
    if has("labelFingerprint") {
        shown.insert("labelFingerprint".into(), json!(label_fingerprint(resource)?));
    }
    let mut shown = Value::Object(shown);
    links::expand(&mut shown, base);
    Ok(shown)
}

/// The fields that clients see. Those whose names begin with `_` are the service's own (what a disk's content stands in).
fn public(resource: &Resource) -> impl Iterator<Item = (&String, &Value)> {
    resource.body.iter().filter(|(name, _)| !name.starts_with('_'))
}

/// What says which state of a resource a change is about.
pub fn fingerprint(resource: &Resource) -> Result<String> {
    if let Some(kept) = &resource.fingerprint {
        return Ok(kept.clone());
    }
    let fields: Vec<(&String, &Value)> = public(resource).collect();
    etag::fingerprint(&(resource.id, fields))
}

/// The same for its labels alone.
pub fn label_fingerprint(resource: &Resource) -> Result<String> {
    etag::fingerprint(&resource.body.get("labels").unwrap_or(&Value::Null))
}
