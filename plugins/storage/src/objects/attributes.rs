//! What clients may write of an object: the settable part of the `Object` resource. Everything else in a body is passed
//! over, since clients send whole resources back.
//!
//! <https://cloud.google.com/storage/docs/json_api/v1/objects#resource>

use super::record::{Object, Retention};
use super::resource;
use crate::model::acl::{self, Entry, Scope};
use crate::model::storage_class;
use fogbank_sdk::{Error, Result, Timestamp, patch};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The settable fields, in the form of the wire.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Attributes {
    pub acl: Option<Vec<Entry>>,
    pub cache_control: Option<String>,
    pub content_disposition: Option<String>,
    pub content_encoding: Option<String>,
    pub content_language: Option<String>,
    pub content_type: Option<String>,
    pub contexts: Option<Contexts>,
    pub custom_time: Option<Timestamp>,
    pub event_based_hold: Option<bool>,
    pub temporary_hold: Option<bool>,
    pub metadata: Option<BTreeMap<String, Option<String>>>,
    pub retention: Option<RetentionConfig>,
    pub storage_class: Option<String>,
}

/// `retention`, as clients send it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RetentionConfig {
    pub mode: Option<String>,
    pub retain_until_time: Option<Timestamp>,
}

/// `contexts`, as clients send it; a payload that is null removes its key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Contexts {
    pub custom: Option<BTreeMap<String, Option<Payload>>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Payload {
    pub value: String,
}

/// Custom metadata may have this many bytes, names and values together.
const MAX_METADATA: usize = 8 * 1024;

/// A field of fixed name, such as `contentType`, may have this many bytes: it has to fit into a header.
const MAX_FIELD: usize = 4 * 1024;

/// Contexts of one object.
const MAX_CONTEXTS: usize = 50;

// === impl Attributes ===

impl Attributes {
    /// What an object has now, so that a patch can be merged into it.
    pub fn of(object: &Object) -> Attributes {
        let metadata = object.metadata.clone();
        Attributes {
            acl: object.acl.clone(),
            cache_control: object.cache_control.clone(),
            content_disposition: object.content_disposition.clone(),
            content_encoding: object.content_encoding.clone(),
            content_language: object.content_language.clone(),
            content_type: object.content_type.clone(),
            contexts: object.contexts.clone().and_then(|contexts| serde_json::from_value(contexts).ok()),
            custom_time: object.custom_time,
            event_based_hold: Some(object.event_based_hold),
            temporary_hold: Some(object.temporary_hold),
            metadata: metadata.map(|map| map.into_iter().map(|(key, value)| (key, Some(value))).collect()),
            retention: object.retention.as_ref().map(|retention| RetentionConfig {
                mode: object.retention_mode().map(str::to_owned),
                retain_until_time: Some(retention.until),
            }),
            storage_class: Some(object.storage_class.clone()),
        }
    }

    /// This with a JSON merge patch (RFC 7396) applied: null clears.
    pub fn patched(&self, changes: &Value) -> Result<Attributes> {
        let mut merged = serde_json::to_value(self).unwrap_or_default();
        patch::merge(&mut merged, changes);
        // gcloud clears all of it with an empty object, as an update mask would say it.
        if changes["metadata"].as_object().is_some_and(Map::is_empty) {
            merged["metadata"] = Value::Null;
        }
        serde_json::from_value(merged).map_err(|error| Error::invalid(format!("Invalid value: {error}")))
    }

    /// Writes the fields that need no rule of the bucket's into `object`. Lists, holds, retention and custom time are
    /// left to the caller.
    pub fn write_plain(self, object: &mut Object, now: Timestamp) -> Result<()> {
        object.cache_control = filled("cacheControl", self.cache_control)?;
        object.content_disposition = filled("contentDisposition", self.content_disposition)?;
        object.content_encoding = filled("contentEncoding", self.content_encoding)?;
        object.content_language = filled("contentLanguage", self.content_language)?;
        object.content_type = filled("contentType", self.content_type)?;
        object.contexts = contexts(self.contexts, object.contexts.as_ref(), now)?;
        object.metadata = metadata(self.metadata)?;
        Ok(())
    }

    /// The storage class in its canonical form; 400 for one that there is not.
    pub fn class(&self) -> Result<Option<&'static str>> {
        let Some(class) = self.storage_class.as_deref().filter(|class| !class.is_empty()) else {
            return Ok(None);
        };
        let known = storage_class::canonical(class);
        known.map(Some).ok_or_else(|| Error::invalid(format!("Invalid storage class: {class}")))
    }

    /// The access list in normal form.
    pub fn access_list(&self) -> Result<Option<Vec<Entry>>> {
        self.acl.clone().map(|list| acl::checked(list, Scope::Object)).transpose()
    }
}

impl RetentionConfig {
    /// The retention that this asks for; none where neither field is given.
    pub fn checked(&self) -> Result<Option<Retention>> {
        let locked = match self.mode.as_deref() {
            None if self.retain_until_time.is_none() => return Ok(None),
            Some("Locked") => true,
            Some("Unlocked") => false,
            _ => return Err(Error::invalid("Retention mode must be one of: Unlocked, Locked.")),
        };
        let until = self.retain_until_time.ok_or_else(|| Error::invalid("Retention needs a retainUntilTime."))?;
        Ok(Some(Retention { locked, until }))
    }
}

/// An empty text is no value; 400 for one that is too long.
fn filled(field: &str, text: Option<String>) -> Result<Option<String>> {
    match text.filter(|text| !text.is_empty()) {
        Some(text) if text.len() > MAX_FIELD => {
            Err(Error::invalid(format!("{field} of {} bytes exceeds the limit of {MAX_FIELD}.", text.len())))
        }
        text => Ok(text),
    }
}

fn metadata(map: Option<BTreeMap<String, Option<String>>>) -> Result<Option<BTreeMap<String, String>>> {
    let map: BTreeMap<String, String> =
        map.unwrap_or_default().into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let bytes: usize = map.iter().map(|(key, value)| key.len() + value.len()).sum();
    if bytes > MAX_METADATA {
        return Err(Error::invalid(format!("Custom metadata of {bytes} bytes exceeds the limit of {MAX_METADATA}.")));
    }
    Ok((!map.is_empty()).then_some(map))
}

/// The contexts with their times: what has changed is new, the rest keeps what it had.
fn contexts(wanted: Option<Contexts>, before: Option<&Value>, now: Timestamp) -> Result<Option<Value>> {
    let custom = wanted.and_then(|contexts| contexts.custom).unwrap_or_default();
    let mut kept = Map::new();
    for (key, payload) in custom {
        let Some(payload) = payload else { continue };
        if key.is_empty() || key.len() > 256 || payload.value.is_empty() || payload.value.len() > 256 {
            return Err(Error::invalid("Keys and values of contexts have 1 to 256 bytes."));
        }
        let old = before.map(|contexts| &contexts["custom"][&key]).filter(|old| old.is_object());
        let time = json!(resource::time(now));
        let created = old.map_or_else(|| time.clone(), |old| old["createTime"].clone());
        let same = old.filter(|old| old["value"] == json!(payload.value));
        let updated = same.map_or(time, |old| old["updateTime"].clone());
        kept.insert(key, json!({"value": payload.value, "createTime": created, "updateTime": updated}));
    }
    if kept.len() > MAX_CONTEXTS {
        return Err(Error::invalid(format!("An object can have at most {MAX_CONTEXTS} contexts.")));
    }
    Ok((!kept.is_empty()).then(|| json!({ "custom": kept })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(value: Value) -> Attributes {
        serde_json::from_value(value).unwrap()
    }

    fn object() -> Object {
        let mut object = Object::default();
        let attributes = from(json!({
            "contentType": "text/plain", "cacheControl": "no-cache", "metadata": {"a": "1", "b": "2", "c": null},
            "contexts": {"custom": {"k": {"value": "v"}}},
        }));
        attributes.write_plain(&mut object, Timestamp::from_millis(0)).unwrap();
        object
    }

    #[test]
    fn a_patch_changes_what_it_names_and_null_clears() {
        let mut object = object();
        let patch = json!({"cacheControl": null, "metadata": {"a": null, "d": "4"}, "size": "9", "contexts": {"custom": {"k": {"value": "w"}}}});
        let attributes = Attributes::of(&object).patched(&patch).unwrap();
        attributes.write_plain(&mut object, Timestamp::from_millis(1000)).unwrap();
        assert_eq!((object.content_type.as_deref(), object.cache_control.as_deref()), (Some("text/plain"), None));
        let metadata = object.metadata.unwrap();
        assert_eq!(metadata.into_iter().collect::<Vec<_>>(), [("b".into(), "2".into()), ("d".into(), "4".into())]);
        let context = &object.contexts.unwrap()["custom"]["k"];
        assert_eq!(
            (&context["value"], &context["createTime"], &context["updateTime"]),
            (&json!("w"), &json!("1970-01-01T00:00:00.000Z"), &json!("1970-01-01T00:00:01.000Z"))
        );
    }

    #[test]
    fn a_patch_of_null_clears_all_metadata() {
        let attributes = Attributes::of(&object()).patched(&json!({"metadata": null, "contexts": null})).unwrap();
        let mut object = object();
        attributes.write_plain(&mut object, Timestamp::from_millis(0)).unwrap();
        assert_eq!((object.metadata, object.contexts), (None, None));
    }

    #[test]
    fn f35_wrong_types_are_refused() {
        for patch in [
            json!({"metadata": "x"}),
            json!({"temporaryHold": "maybe"}),
            json!({"customTime": "soon"}),
            json!([1]),
            json!({"acl": {}}),
        ] {
            assert_eq!(Attributes::default().patched(&patch).unwrap_err().http_status(), 400, "{patch}");
        }
        assert!(from(json!({"retention": {"mode": "Loose"}})).retention.unwrap().checked().is_err());
        assert!(from(json!({"storageClass": "fridge"})).class().is_err());
    }

    #[test]
    fn f35_what_would_make_a_row_too_large_for_a_page_is_refused() {
        let write = |value: Value| {
            let written = from(value).write_plain(&mut Object::default(), Timestamp::from_millis(0));
            written.map_err(|error| error.http_status())
        };
        let contexts = |count: usize| {
            let custom: Map<_, _> = (0..count).map(|key| (key.to_string(), json!({"value": "v"}))).collect();
            json!({"contexts": {"custom": custom}})
        };
        assert_eq!((write(contexts(MAX_CONTEXTS)), write(contexts(MAX_CONTEXTS + 1))), (Ok(()), Err(400)));
        let kind = |bytes: usize| json!({"contentType": "x".repeat(bytes)});
        assert_eq!((write(kind(MAX_FIELD)), write(kind(MAX_FIELD + 1))), (Ok(()), Err(400)));
    }

    #[test]
    fn storage_classes_come_back_in_upper_case() {
        assert_eq!(from(json!({"storageClass": "nearline"})).class().unwrap(), Some("NEARLINE"));
    }
}
