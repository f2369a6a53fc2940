//! All tags of one resource as a map. <https://cloud.google.com/resource-manager/reference/rest/v3/locations.tagBindingCollections>

use super::bindings::bind;
use super::effective;
use super::target::{self, Target, Verb};
use super::value::Value;
use crate::names;
use crate::operations::{Task, typed};
use crate::refusal;
use crate::store::{Outside, Read};
use fogbank_sdk::db::{Transaction, params};
use fogbank_sdk::{Request, RequestHead, Response, Result, etag, identity, query};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Sent {
    tags: BTreeMap<String, String>,
    etag: Option<String>,
}

/// The tags that are bound to a resource itself.
///
/// Errors: 400, 403, 404.
pub fn get(request: Request) -> Result<Response> {
    let target = target(&request)?;
    target.require(Verb::List)?;
    Ok(Response::json(&wire(&request, &target, &Value::bound_to(&Outside, &target.full)?)))
}

/// The tags that hold for a resource.
///
/// Errors: 400, 403, 404.
pub fn get_effective(request: Request) -> Result<Response> {
    let target = target(&request)?;
    target.require(Verb::ListEffective)?;
    let values: Vec<Value> = effective::of(&target)?.into_iter().map(|effective| effective.value).collect();
    Ok(Response::json(&json!({
        "name": name(&request, "effectiveTagBindingCollections", &target),
        "fullResourceName": target.full,
        "effectiveTags": map(&values),
    })))
}

/// Replaces the tags that are bound to a resource.
///
/// Errors: 400, 403, 404; 409 where the etag is an old one.
pub fn patch(mut request: Request) -> Result<Response> {
    let sent: Sent = request.json()?;
    if !matches!(request.query("updateMask").unwrap_or_default(), "" | "*" | "tags") {
        return Err(refusal::field("update_mask", "must be empty or *"));
    }
    let target = target(&request)?;
    let (present, wanted) = (Value::bound_to(&Outside, &target.full)?, wanted(&sent.tags)?);
    allow(&target, &present, &wanted)?;
    let metadata = typed("google.cloud.resourcemanager.v3.UpdateTagBindingCollectionMetadata", json!({}));
    let response = wire(&request, &target, &wanted);
    let task = Task::new(metadata, typed("google.cloud.resourcemanager.v3.TagBindingCollection", response));
    target::write(false, "rctb", &target.full, &task, |tx| replace(tx, &target, &wanted, sent.etag.as_deref()))
}

fn replace(tx: &Transaction, target: &Target, wanted: &[Value], sent: Option<&str>) -> Result<()> {
    let present = Value::bound_to(tx, &target.full)?;
    if sent.is_some_and(|sent| !sent.is_empty() && sent != tag(&present)) {
        return Err(refusal::stale());
    }
    tx.rows("DELETE FROM tag_bindings WHERE resource = $1", params![&target.full])?;
    wanted.iter().try_for_each(|value| bind(tx, target, value))
}

/// The values that a map of namespaced names (`123/environment` to `prod`) means.
fn wanted(tags: &BTreeMap<String, String>) -> Result<Vec<Value>> {
    let values = tags.iter().map(|(key, value)| {
        let name = format!("{key}/{value}");
        Value::namespaced(&Outside, &name)?.ok_or_else(|| refusal::missing(&name))
    });
    values.collect()
}

/// What is new needs the right to bind it, what is to go the right to take it away.
fn allow(target: &Target, present: &[Value], wanted: &[Value]) -> Result<()> {
    for (from, other, verb, permission) in [
        (wanted, present, Verb::Create, "resourcemanager.tagValueBindings.create"),
        (present, wanted, Verb::Delete, "resourcemanager.tagValueBindings.delete"),
    ] {
        for value in from.iter().filter(|value| other.iter().all(|other| other.id != value.id)) {
            target.require(verb)?;
            identity::require(permission, &names::full(&value.name()), &[])?;
        }
    }
    target.require(Verb::List)
}

/// The resource in the path, whose full name is one segment.
fn target(request: &RequestHead) -> Result<Target> {
    if request.param("location").is_empty() {
        return Err(refusal::field("name", "must name a location"));
    }
    let text = request.param("collection");
    let full = if text.starts_with('%') { query::decode(text)? } else { text.to_owned() };
    Target::of(&full)
}

fn name(request: &RequestHead, kind: &str, target: &Target) -> String {
    format!("locations/{}/{kind}/{}", request.param("location"), query::encode(&target.full))
}

fn map(values: &[Value]) -> BTreeMap<String, String> {
    values.iter().map(|value| (value.key.namespaced.clone(), value.short_name.clone())).collect()
}

fn tag(values: &[Value]) -> String {
    etag::of(values.iter().map(|value| value.id.to_string() + ",").collect::<String>().as_bytes())
}

fn wire(request: &RequestHead, target: &Target, values: &[Value]) -> Json {
    let mut sorted = values.to_vec();
    sorted.sort_by_key(|value| value.id);
    json!({
        "name": name(request, "tagBindingCollections", target),
        "fullResourceName": target.full,
        "tags": map(values),
        "etag": tag(&sorted),
    })
}
