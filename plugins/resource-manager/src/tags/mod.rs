//! Tags: keys, values, what they are bound to, and holds on values.
//! <https://cloud.google.com/resource-manager/docs/tags/tags-overview>

pub mod bindings;
pub mod collections;
pub mod effective;
pub mod holds;
pub mod key;
pub mod keys;
mod target;
pub mod value;
pub mod values;

use crate::hierarchy;
use crate::names;
use crate::refusal;
use crate::store::Outside;
use fogbank_sdk::{Result, id};
use key::Key;
use value::Value;

/// Makes the host's view of a key (`tagKeys/1`) or a value (`tagValues/2`) what the rows say.
pub fn settle(subject: &str) -> Result<()> {
    if let Some(key) = Key::find(&Outside, subject)? {
        return hierarchy::link(&names::full(subject), &names::full(&key.parent));
    }
    match Value::find(&Outside, subject)? {
        Some(value) => hierarchy::link(&names::full(subject), &names::full(&value.key.name())),
        None => Ok(()),
    }
}

/// A number for a new key, value or hold; should it be taken, the insert refuses.
fn free_number() -> Result<i64> {
    Ok((281_000_000_000_000 + id::numeric()? % 700_000_000_000_000) as i64)
}

/// Checks a description.
///
/// Errors: 400.
fn check_description(text: &str) -> Result<()> {
    match text.chars().count() {
        0..=256 => Ok(()),
        _ => Err(refusal::field("description", "must be at most 256 characters long")),
    }
}

/// Whether an `updateMask` lets the description be changed; nothing else can be.
///
/// Errors: 400 where it names something else.
fn takes_description(mask: &str) -> Result<bool> {
    let fields: Vec<&str> = mask.split(',').map(str::trim).filter(|field| !field.is_empty()).collect();
    match fields.iter().find(|field| !matches!(**field, "description" | "etag" | "*")) {
        Some(other) => Err(refusal::field("update_mask", &format!("{other} cannot be updated"))),
        None => Ok(fields.is_empty() || fields.iter().any(|field| matches!(*field, "description" | "*"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_descriptions_change() {
        assert!(takes_description("").unwrap() && takes_description("description,etag").unwrap());
        assert!(!takes_description("etag").unwrap() && takes_description("shortName").is_err());
        assert!(check_description(&"x".repeat(256)).is_ok() && check_description(&"x".repeat(257)).is_err());
    }
}
