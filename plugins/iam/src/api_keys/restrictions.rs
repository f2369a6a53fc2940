//! What a key is good for. <https://cloud.google.com/docs/authentication/api-keys#adding-restrictions>

use crate::failures::check_length;
use fogbank_sdk::{Error, Result};
use serde_json::{Map, Value};
use std::net::IpAddr;

const FIELDS: [&str; 3] = ["displayName", "annotations", "restrictions"];
const CLIENTS: [&str; 4] =
    ["browserKeyRestrictions", "serverKeyRestrictions", "androidKeyRestrictions", "iosKeyRestrictions"];

/// A key's document with what a client sent, checked. `mask` names the fields to change; all that were sent, where there is none.
///
/// Errors: 400.
pub(super) fn apply(mut config: Map<String, Value>, sent: &Value, mask: Option<&str>) -> Result<Map<String, Value>> {
    for field in fields(sent, mask.unwrap_or_default())? {
        match sent.get(field).filter(|value| !value.is_null()) {
            Some(value) => _ = config.insert(field.to_owned(), value.clone()),
            None => _ = config.remove(field),
        }
    }
    check(&config)?;
    Ok(config)
}

fn fields(sent: &Value, mask: &str) -> Result<Vec<&'static str>> {
    if mask.is_empty() || mask == "*" {
        return Ok(FIELDS.into_iter().filter(|field| mask == "*" || sent.get(field).is_some()).collect());
    }
    mask.split(',')
        .map(|path| {
            let path = path.trim();
            let first = if path == "display_name" { "displayName" } else { path.split('.').next().unwrap_or_default() };
            let known = FIELDS.into_iter().find(|field| *field == first);
            known.ok_or_else(|| Error::invalid(format!("Invalid value for updateMask: '{path}' cannot be changed.")))
        })
        .collect()
}

fn check(config: &Map<String, Value>) -> Result<()> {
    match config.get("displayName") {
        None => {}
        Some(Value::String(name)) => check_length("displayName", name, 63)?,
        Some(_) => return Err(Error::invalid("Invalid value for displayName: it is a text.")),
    }
    match config.get("annotations") {
        None => {}
        Some(Value::Object(notes)) if notes.values().all(Value::is_string) => {}
        Some(_) => return Err(Error::invalid("Invalid value for annotations: texts by name.")),
    }
    match config.get("restrictions") {
        None => Ok(()),
        Some(Value::Object(restrictions)) => check_restrictions(restrictions),
        Some(_) => Err(Error::invalid("Invalid value for restrictions.")),
    }
}

fn check_restrictions(restrictions: &Map<String, Value>) -> Result<()> {
    if CLIENTS.iter().filter(|kind| restrictions.contains_key(**kind)).count() > 1 {
        return Err(Error::invalid("A key has restrictions for only one of browsers, servers, Android and iOS."));
    }
    each(restrictions, "apiTargets", None, |target| text(&target["service"]))?;
    each(restrictions, CLIENTS[0], Some("allowedReferrers"), text)?;
    each(restrictions, CLIENTS[1], Some("allowedIps"), |address| address.as_str().is_some_and(is_address))?;
    each(restrictions, CLIENTS[2], Some("allowedApplications"), is_application)?;
    each(restrictions, CLIENTS[3], Some("allowedBundleIds"), text)
}

/// Checks each element of a list, at `restrictions.outer` or `restrictions.outer.inner`.
fn each(
    restrictions: &Map<String, Value>,
    outer: &str,
    inner: Option<&str>,
    fine: impl Fn(&Value) -> bool,
) -> Result<()> {
    let Some(value) = restrictions.get(outer) else { return Ok(()) };
    let list = inner.map_or(value, |inner| &value[inner]);
    let path = [Some("restrictions"), Some(outer), inner].into_iter().flatten().collect::<Vec<_>>().join(".");
    match list {
        Value::Array(items) => match items.iter().find(|item| !fine(item)) {
            Some(item) => Err(Error::invalid(format!("Invalid value for {path}: {item}"))),
            None => Ok(()),
        },
        Value::Null => Ok(()),
        _ => Err(Error::invalid(format!("Invalid value for {path}: it is a list."))),
    }
}

fn text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

/// An address, or a range such as `10.0.0.0/8`.
fn is_address(text: &str) -> bool {
    let (address, length) = text.split_once('/').unwrap_or((text, "0"));
    match (address.parse(), length.parse::<u8>()) {
        (Ok(IpAddr::V4(_)), Ok(length)) => length <= 32,
        (Ok(IpAddr::V6(_)), Ok(length)) => length <= 128,
        _ => false,
    }
}

fn is_application(application: &Value) -> bool {
    let print = application["sha1Fingerprint"].as_str().unwrap_or_default().replace(':', "");
    text(&application["packageName"]) && print.len() == 40 && print.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn made(restrictions: Value) -> Result<Map<String, Value>> {
        apply(Map::new(), &json!({"restrictions": restrictions}), None)
    }

    #[test]
    fn restrictions_are_of_one_kind_of_client() {
        assert!(made(json!({"apiTargets": [{"service": "storage.googleapis.com", "methods": ["*"]}]})).is_ok());
        assert!(
            made(json!({"serverKeyRestrictions": {"allowedIps": ["10.0.0.1", "10.0.0.0/8", "2001:db8::/64"]}})).is_ok()
        );
        let application = json!({"packageName": "com.example", "sha1Fingerprint": "DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF:95:60:18:90:AF:D8:07:09"});
        assert!(made(json!({"androidKeyRestrictions": {"allowedApplications": [application]}})).is_ok());
        assert!(made(json!({"iosKeyRestrictions": {}, "serverKeyRestrictions": {}})).is_err());
    }

    #[test]
    fn f35_what_restricts_nothing_is_400() {
        for restrictions in [
            json!([]),
            json!({"apiTargets": [{}]}),
            json!({"apiTargets": "x"}),
            json!({"serverKeyRestrictions": {"allowedIps": ["10.0.0.300"]}}),
            json!({"serverKeyRestrictions": {"allowedIps": ["10.0.0.0/33"]}}),
            json!({"androidKeyRestrictions": {"allowedApplications": [{"packageName": "x", "sha1Fingerprint": "00"}]}}),
            json!({"browserKeyRestrictions": {"allowedReferrers": [""]}}),
        ] {
            assert_eq!(made(restrictions.clone()).unwrap_err().http_status(), 400, "{restrictions}");
        }
    }

    #[test]
    fn a_mask_says_what_is_changed() {
        let old = json!({"displayName": "old", "annotations": {"a": "b"}}).as_object().unwrap().clone();
        let changed = |mask: Option<&str>| apply(old.clone(), &json!({"displayName": "new"}), mask).map(Value::from);
        assert_eq!(changed(None).unwrap(), json!({"displayName": "new", "annotations": {"a": "b"}}));
        assert_eq!(changed(Some("annotations")).unwrap(), json!({"displayName": "old"}));
        assert_eq!(changed(Some("*")).unwrap(), json!({"displayName": "new"}));
        assert!(changed(Some("keyString")).is_err());
    }
}
