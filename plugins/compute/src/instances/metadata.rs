//! Metadata and tags: lists that are only replaced as a whole, by somebody who has read them.
//! <https://cloud.google.com/compute/docs/metadata/setting-custom-metadata>

use compute_api::failure;
use fogbank_sdk::{Error, Result, etag};
use serde_json::{Value, json};

/// Longest value of one entry, in bytes.
const VALUE: usize = 256 << 10;
/// Longest metadata altogether, in bytes.
const TOTAL: usize = 512 << 10;

/// Metadata as the API shows it, with its fingerprint, from what a client sent.
///
/// Errors: 400 for a key twice, of a wrong form, or a value that is too long.
pub fn shown(sent: Option<&Value>) -> Result<Value> {
    let items = items(sent)?;
    let mut shown = json!({"kind": "compute#metadata", "fingerprint": etag::fingerprint(&("metadata", &items))?});
    if !items.is_empty() {
        shown["items"] = json!(items);
    }
    Ok(shown)
}

/// What replaces `current` when a client sends `sent`.
///
/// Errors: 412 where it has read another state; 400 as [`shown`].
pub fn replaced(current: Option<&Value>, sent: &Value) -> Result<Value> {
    let current = match current {
        Some(current) => current.clone(),
        None => shown(None)?,
    };
    require_fingerprint("metadata", &current, sent)?;
    shown(Some(sent))
}

/// Tags as the API shows them.
///
/// Errors: 400 for one that is no name, or more than 64.
pub fn tags(sent: Option<&Value>) -> Result<Value> {
    let mut items: Vec<&str> = Vec::new();
    for item in sent.and_then(|sent| sent["items"].as_array()).into_iter().flatten() {
        let item = item.as_str().unwrap_or_default();
        if !is_name(item) {
            return Err(failure::invalid(
                "resource.tags.items",
                item,
                "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'",
            ));
        }
        if !items.contains(&item) {
            items.push(item);
        }
    }
    if items.len() > 64 {
        return Err(failure::invalid("resource.tags.items", items.len(), "There may be at most 64 tags."));
    }
    let mut shown = json!({"fingerprint": etag::fingerprint(&("tags", &items))?});
    if !items.is_empty() {
        shown["items"] = json!(items);
    }
    Ok(shown)
}

/// What replaces the tags `current`.
///
/// Errors: as [`replaced`].
pub fn replaced_tags(current: Option<&Value>, sent: &Value) -> Result<Value> {
    let current = match current {
        Some(current) => current.clone(),
        None => tags(None)?,
    };
    require_fingerprint("tags", &current, sent)?;
    tags(Some(sent))
}

/// The value of an entry.
pub fn value<'a>(metadata: Option<&'a Value>, key: &str) -> Option<&'a str> {
    let mut items = metadata?["items"].as_array()?.iter();
    items.find(|item| item["key"] == key).and_then(|item| item["value"].as_str())
}

fn require_fingerprint(what: &str, current: &Value, sent: &Value) -> Result<()> {
    match sent["fingerprint"].as_str().filter(|sent| !sent.is_empty()) {
        Some(sent) if current["fingerprint"] == sent => Ok(()),
        None if current.get("items").is_none() => Ok(()),
        _ => Err(failure::stale(what)),
    }
}

fn items(sent: Option<&Value>) -> Result<Vec<Value>> {
    let mut items: Vec<Value> = Vec::new();
    let mut total = 0;
    for item in sent.and_then(|sent| sent["items"].as_array()).into_iter().flatten() {
        let key = item["key"].as_str().unwrap_or_default();
        let value = item["value"].as_str().unwrap_or_default();
        check(key, value)?;
        if items.iter().any(|other| other["key"] == key) {
            return Err(Error::invalid(format!("Metadata has duplicate key: {key}")));
        }
        total += key.len() + value.len();
        items.push(json!({"key": key, "value": value}));
    }
    match total > TOTAL {
        true => Err(Error::invalid(format!("Metadata has {total} bytes; there may be at most {TOTAL}."))),
        false => Ok(items),
    }
}

fn check(key: &str, value: &str) -> Result<()> {
    let form = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if key.is_empty() || key.len() > 128 || !key.bytes().all(form) {
        return Err(failure::invalid("metadata.items[].key", key, "Must be a match of regex '[a-zA-Z0-9-_]{1,128}'"));
    }
    match value.len() > VALUE {
        true => Err(Error::invalid(format!("The value of the metadata key '{key}' is longer than {VALUE} bytes."))),
        false => Ok(()),
    }
}

/// RFC 1035, as the API's names are.
pub fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.len() <= 63
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(inner)
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_replaced_by_who_has_read_it() {
        let first = replaced(None, &json!({"items": [{"key": "a", "value": "1"}]})).unwrap();
        assert_eq!(value(Some(&first), "a"), Some("1"));
        let stale = json!({"fingerprint": "AAAA", "items": []});
        assert_eq!(replaced(Some(&first), &stale).unwrap_err().http_status(), 412);
        assert_eq!(replaced(Some(&first), &json!({"items": []})).unwrap_err().http_status(), 412);
        let next = json!({"fingerprint": first["fingerprint"], "items": []});
        assert!(replaced(Some(&first), &next).unwrap().get("items").is_none());
    }

    #[test]
    fn keys_are_unique_and_tags_are_names() {
        let twice = json!({"items": [{"key": "a"}, {"key": "a"}]});
        assert!(shown(Some(&twice)).unwrap_err().message().contains("duplicate key: a"));
        assert!(shown(Some(&json!({"items": [{"key": "a b"}]}))).is_err());
        assert!(tags(Some(&json!({"items": ["Web"]}))).is_err());
        assert_eq!(tags(Some(&json!({"items": ["web", "web"]}))).unwrap()["items"], json!(["web"]));
    }
}
