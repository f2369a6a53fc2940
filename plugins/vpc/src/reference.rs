//! What a body refers to.

use compute_api::path::{Path, Scope};
use compute_api::store::{self, Resource};
use compute_api::{failure, links};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Error, Result};
use serde_json::{Map, Value};

/// The network that a project has from the start, which rules and machines are on that name no other.
pub const DEFAULT: &str = "default";

/// The path of a field that has to name a resource of `collection`; nothing where it names nothing.
///
/// Errors: 400 for what is no such reference.
pub fn path(body: &Map<String, Value>, field: &str, collection: &str) -> Result<Option<Path>> {
    let Some(text) = body.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()) else { return Ok(None) };
    match links::field(body, field).filter(|path| path.collection == collection) {
        Some(path) => Ok(Some(path)),
        None => Err(malformed(&format!("resource.{field}"), text)),
    }
}

/// 400 for a reference that is none.
pub fn malformed(field: &str, text: &str) -> Error {
    failure::invalid(field, text, "The URL is malformed.")
}

/// The path of a project's default network.
pub fn default_network(project: &str) -> Path {
    Path::new(project, Scope::Global, "networks", DEFAULT)
}

/// The network that a body names, which has to be there; it stands in the body afterwards. `default` is that without a name.
///
/// Errors: 400 for a reference that is none, 404.
pub fn network(tx: &Transaction, body: &mut Map<String, Value>, default: Option<Path>) -> Result<Resource> {
    let path = match (path(body, "network", "networks")?, default) {
        (Some(path), _) => path,
        (None, Some(default)) => default,
        (None, None) => return Err(failure::required("resource.network")),
    };
    body.insert("network".to_owned(), path.marked().into());
    store::load(tx, &path)
}

/// Puts a value where there is none.
pub fn default(body: &mut Map<String, Value>, field: &str, value: impl Into<Value>) {
    body.entry(field).or_insert_with(|| value.into());
}

/// Takes out lists without items, which say what no list says.
pub fn drop_empty_lists(body: &mut Map<String, Value>) {
    body.retain(|_, value| value.as_array().is_none_or(|items| !items.is_empty()));
}

/// The texts of a list.
pub fn texts<'a>(body: &'a Map<String, Value>, field: &str) -> impl Iterator<Item = &'a str> {
    body.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Refuses another value of a field that is set once and for all.
///
/// Errors: 400.
pub fn immutable(before: &Resource, after: &Resource, fields: &[&str]) -> Result<()> {
    match fields.iter().find(|field| before.body.get(**field) != after.body.get(**field)) {
        None => Ok(()),
        Some(field) => {
            let value = after.body.get(*field).map_or_else(String::new, |value| match value {
                Value::String(text) => text.trim_start_matches(compute_api::path::MARK).to_owned(),
                other => other.to_string(),
            });
            Err(failure::invalid(&format!("resource.{field}"), value, "The field cannot be changed."))
        }
    }
}
