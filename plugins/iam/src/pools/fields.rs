//! What clients write: ids, and the fields that an update mask names.

use fogbank_sdk::{Error, Result, patch};
use serde_json::{Map, Value};

/// Takes those of `fields` out of a client's document that a mask names (all that it has, where there is none). `oidc.issuerUri` names
/// a part of a field; attribute mappings, whose keys have dots, are taken whole.
///
/// Errors: 400 for a mask that names something else.
pub fn apply(
    config: Map<String, Value>,
    sent: &Value,
    mask: Option<&str>,
    fields: &[&str],
) -> Result<Map<String, Value>> {
    let paths: Vec<String> = match mask.unwrap_or_default() {
        "" => fields.iter().filter(|field| sent.get(field).is_some()).map(|field| (*field).to_owned()).collect(),
        mask => mask.split(',').map(camel_case).collect(),
    };
    let mut config = Value::Object(config);
    for path in paths {
        let first = path.split('.').next().unwrap_or_default();
        if !fields.contains(&first) {
            return Err(Error::invalid(format!("Invalid value for updateMask: '{path}' cannot be changed.")));
        }
        patch::apply_mask(&mut config, sent, if first == "attributeMapping" { first } else { &path });
    }
    match config {
        Value::Object(config) => Ok(config),
        _ => Err(Error::internal("a document is no object")),
    }
}

/// `display_name` is `displayName`.
fn camel_case(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for character in path.trim().chars() {
        if text.ends_with('_') {
            text.pop();
            text.push(character.to_ascii_uppercase());
        } else {
            text.push(character);
        }
    }
    text
}

/// Refuses what is no id: 4 to 32 small letters, digits and dashes; `gcp-` belongs to others.
///
/// Errors: 400.
pub fn check_id(param: &str, id: &str) -> Result<()> {
    if id.is_empty() {
        return Err(Error::required(param));
    }
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    ((4..=32).contains(&id.len()) && id.bytes().all(known) && !id.starts_with("gcp-")).then_some(()).ok_or_else(|| {
        Error::invalid(format!(
            "Invalid value for {param}: '{id}' is not 4 to 32 of a-z, 0-9 and -, without `gcp-` in front."
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_mask_may_be_in_either_case() {
        let config = json!({"displayName": "old", "description": "d"}).as_object().unwrap().clone();
        let fields = ["displayName", "description"];
        let sent = json!({"displayName": "new", "state": "x"});
        let both = apply(config.clone(), &sent, Some("display_name,description"), &fields).unwrap();
        assert_eq!(Value::from(both), json!({"displayName": "new"}));
        let present = apply(config.clone(), &sent, None, &fields).unwrap();
        assert_eq!(Value::from(present), json!({"displayName": "new", "description": "d"}));
        assert!(apply(config, &sent, Some("state"), &fields).is_err());
        let oidc = json!({"oidc": {"issuerUri": "i", "jwksJson": "j"}}).as_object().unwrap().clone();
        let part =
            apply(oidc, &json!({"oidc": {"allowedAudiences": ["a"]}}), Some("oidc.allowed_audiences"), &["oidc"])
                .unwrap();
        assert_eq!(Value::from(part), json!({"oidc": {"issuerUri": "i", "jwksJson": "j", "allowedAudiences": ["a"]}}));
    }

    #[test]
    fn ids_are_as_the_api_takes_them() {
        assert!(check_id("x", "pool-1").is_ok());
        for id in ["", "abc", "gcp-pool", "Pool", "pool_1", &"a".repeat(33)] {
            assert_eq!(check_id("x", id).unwrap_err().http_status(), 400, "{id}");
        }
    }
}
