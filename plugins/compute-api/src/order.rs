//! The parameter `orderBy` of lists: by name, or newest first.
//!
//! Source: the description of `orderBy` in `specs/compute.v1.json`; white space as in AIP-132.

use fogbank_sdk::{Error, Result, Timestamp};
use serde_json::Value;
use std::cmp::Ordering;

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// By name, which is the order without the parameter.
    #[default]
    Name,
    /// By `creationTimestamp`, the newest first; by name where two are of the same moment.
    NewestFirst,
}

impl Order {
    /// Reads the parameter: nothing, `name`, or `creationTimestamp desc`.
    ///
    /// Errors: 400 `invalid` for everything else; the API sorts in no other way.
    pub fn parse(text: Option<&str>) -> Result<Self> {
        let words: Vec<&str> = text.unwrap_or_default().split_ascii_whitespace().collect();
        match words.as_slice() {
            [] | ["name"] => Ok(Self::Name),
            ["creationTimestamp", "desc"] => Ok(Self::NewestFirst),
            _ => Err(invalid(text.unwrap_or_default())),
        }
    }

    /// How two resources, as the API shows them, follow each other.
    pub fn compare(self, one: &Value, other: &Value) -> Ordering {
        let by_name = || name(one).cmp(name(other));
        match self {
            Self::Name => by_name(),
            Self::NewestFirst => created(other).cmp(&created(one)).then_with(by_name),
        }
    }
}

fn name(resource: &Value) -> &str {
    resource["name"].as_str().unwrap_or_default()
}

/// The offsets of two moments may differ, so they do not compare as texts.
fn created(resource: &Value) -> Option<Timestamp> {
    resource["creationTimestamp"].as_str().and_then(|text| Timestamp::parse(text).ok())
}

fn invalid(text: &str) -> Error {
    let shown: String = text.chars().take(256).collect();
    Error::invalid(format!(
        "Invalid value for field 'orderBy': '{shown}'. Only sorting by 'name' or 'creationTimestamp desc' is supported."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_two_orders_are_known() {
        for text in [None, Some(""), Some(" "), Some("name"), Some(" name ")] {
            assert_eq!(Order::parse(text).unwrap(), Order::Name, "{text:?}");
        }
        assert_eq!(Order::parse(Some("creationTimestamp  desc")).unwrap(), Order::NewestFirst);
        for text in ["creationTimestamp", "creationTimestamp asc", "name desc", "Name", "id", "name,id", "name;"] {
            let error = Order::parse(Some(text)).unwrap_err();
            assert_eq!((error.http_status(), error.reason()), (400, "invalid"), "{text}");
            assert!(error.message().starts_with(&format!("Invalid value for field 'orderBy': '{text}'. ")));
        }
    }

    #[test]
    fn the_newest_comes_first_whatever_the_offset() {
        let at = |name: &str, created: &str| json!({"name": name, "creationTimestamp": created});
        let mut list = [
            at("c", "2026-11-21T08:00:00.000-08:00"),
            at("b", "2026-11-21T17:00:00.000+01:00"),
            at("a", "2026-11-21T15:00:00.000Z"),
            json!({"name": "d"}),
        ];
        let names = |list: &[Value]| list.iter().map(|item| name(item).to_owned()).collect::<String>();
        list.sort_by(|one, other| Order::NewestFirst.compare(one, other));
        assert_eq!(names(&list), "bcad");
        list.sort_by(|one, other| Order::Name.compare(one, other));
        assert_eq!(names(&list), "abcd");
    }
}
