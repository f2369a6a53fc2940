//! Load balancing: resources that are kept and do nothing, as far as they have methods of their own.
//! <https://cloud.google.com/load-balancing/docs/apis>
//!
//! Nothing is balanced and nobody's health is probed, which the header `x-fogbank-effect: none` of the answers says.

pub mod certificates;
pub mod claims;
pub mod defaults;
pub mod endpoints;
pub mod health;
pub mod keys;
pub mod nodes;
pub mod pools;
pub mod rules;
pub mod tls;

use compute_api::path::{MARK, Path};
use fogbank_sdk::Result;
use serde_json::{Map, Value};

/// The paths that a list of references in a body names: `{"instances": [{"instance": URL}]}`.
///
/// Errors: 400 for what is no reference to a resource of `collection`.
fn references(body: &Map<String, Value>, list: &str, field: &str, collections: &[&str]) -> Result<Vec<Path>> {
    let sent = body.get(list).and_then(Value::as_array).into_iter().flatten();
    sent.map(|reference| reference_in(&reference[field], &format!("{list}[].{field}"), collections)).collect()
}

/// The path that a value of a body names.
///
/// Errors: 400 for what is no reference to a resource of one of the collections.
fn reference_in(value: &Value, field: &str, collections: &[&str]) -> Result<Path> {
    let text = value.as_str().unwrap_or_default();
    let path = text.strip_prefix(MARK).and_then(Path::parse);
    let path = path.filter(|path| collections.contains(&path.collection.as_str()));
    path.ok_or_else(|| compute_api::failure::invalid(field, text.trim_start_matches(MARK), "The URL is malformed."))
}
