//! What a provider has to have.

use super::super::{check_texts, fields};
use crate::authority::condition;
use fogbank_sdk::{Error, Result};
use serde_json::{Map, Value, json};

const FIELDS: [&str; 9] =
    ["displayName", "description", "disabled", "attributeMapping", "attributeCondition", "oidc", "aws", "saml", "x509"];
const KINDS: [&str; 4] = ["oidc", "aws", "saml", "x509"];

/// A provider's document with what a client sent, checked.
///
/// Errors: 400.
pub(super) fn apply(config: Map<String, Value>, sent: &Value, mask: Option<&str>) -> Result<Map<String, Value>> {
    let mut config = fields::apply(config, sent, mask, &FIELDS)?;
    check_texts(&config)?;
    let given: Vec<&str> = KINDS.into_iter().filter(|kind| config.contains_key(*kind)).collect();
    let kind = match given.as_slice() {
        [kind] => *kind,
        [] => return Err(Error::invalid("A provider has one of oidc, aws, saml and x509.")),
        _ => return Err(Error::invalid("A provider has only one of oidc, aws, saml and x509.")),
    };
    match kind {
        "oidc" => oidc(&config["oidc"])?,
        "aws" => aws(&mut config)?,
        "saml" => present(&config["saml"], "saml.idpMetadataXml", "idpMetadataXml")?,
        _ => x509(&config["x509"])?,
    }
    mapping(&config)?;
    check_condition(&config)?;
    Ok(config)
}

fn present(value: &Value, path: &str, field: &str) -> Result<()> {
    match value[field].as_str() {
        Some(text) if !text.trim().is_empty() => Ok(()),
        _ => Err(Error::required(path)),
    }
}

fn oidc(oidc: &Value) -> Result<()> {
    present(oidc, "oidc.issuerUri", "issuerUri")?;
    let issuer = oidc["issuerUri"].as_str().unwrap_or_default();
    let keys = oidc["jwksJson"].as_str().filter(|text| !text.is_empty());
    // Keys that are at hand need nobody to be asked, so that an issuer on this machine will do.
    let is_local = keys.is_some() && issuer.starts_with("http://");
    if !is_local && !issuer.starts_with("https://") {
        return Err(Error::invalid(format!(
            "Invalid value for oidc.issuerUri: '{issuer}' does not begin with https://."
        )));
    }
    if let Some(keys) = keys {
        let keys: Option<Value> = serde_json::from_str(keys).ok();
        if !keys.is_some_and(|keys| keys["keys"].is_array()) {
            return Err(Error::invalid("Invalid value for oidc.jwksJson: it is not a JSON Web Key Set."));
        }
    }
    match &oidc["allowedAudiences"] {
        Value::Null => Ok(()),
        Value::Array(list) if list.len() <= 10 && list.iter().all(Value::is_string) => Ok(()),
        _ => Err(Error::invalid("Invalid value for oidc.allowedAudiences: at most ten texts.")),
    }
}

fn aws(config: &mut Map<String, Value>) -> Result<()> {
    let account = config["aws"]["accountId"].as_str().unwrap_or_default();
    if account.len() != 12 || !crate::projects::is_number(account) {
        return Err(Error::invalid(format!("Invalid value for aws.accountId: '{account}' does not have 12 digits.")));
    }
    if !config.contains_key("attributeMapping") {
        let role = "assertion.arn.contains('assumed-role') ? assertion.arn.extract('{account_arn}assumed-role/') + 'assumed-role/' + \
                    assertion.arn.extract('assumed-role/{role_name}/') : assertion.arn";
        let mapping = json!({"google.subject": "assertion.arn", "attribute.aws_role": role});
        config.insert("attributeMapping".to_owned(), mapping);
    }
    Ok(())
}

fn x509(x509: &Value) -> Result<()> {
    match x509["trustStore"]["trustAnchors"].as_array() {
        Some(anchors) if !anchors.is_empty() => Ok(()),
        _ => Err(Error::required("x509.trustStore.trustAnchors")),
    }
}

fn mapping(config: &Map<String, Value>) -> Result<()> {
    let Some(Value::Object(mapping)) = config.get("attributeMapping") else {
        return Err(Error::required("attributeMapping"));
    };
    if !mapping.contains_key("google.subject") {
        return Err(Error::invalid("Invalid value for attributeMapping: it has to have google.subject."));
    }
    for (target, expression) in mapping {
        let known = matches!(
            target.as_str(),
            "google.subject" | "google.groups" | "google.display_name" | "google.profile_photo"
        ) || target.strip_prefix("attribute.").is_some_and(is_attribute);
        if !known || expression.as_str().is_none_or(|text| text.is_empty() || text.len() > 2048) {
            return Err(Error::invalid(format!("Invalid value for attributeMapping: '{target}'")));
        }
    }
    Ok(())
}

fn is_attribute(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=100).contains(&name.len()) && name.bytes().all(known)
}

fn check_condition(config: &Map<String, Value>) -> Result<()> {
    match config.get("attributeCondition") {
        None => Ok(()),
        Some(Value::String(text)) if text.is_empty() => Ok(()),
        Some(Value::String(text)) if text.len() <= 4096 => condition::check(text)
            .map_err(|why| Error::invalid(format!("Invalid value for attributeCondition: {why}."))),
        Some(_) => Err(Error::invalid("Invalid value for attributeCondition: it is a text of at most 4096 bytes.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(sent: Value) -> Result<Map<String, Value>> {
        apply(Map::new(), &sent, None)
    }

    #[test]
    fn a_provider_is_of_one_kind() {
        let mapping = json!({"google.subject": "assertion.sub"});
        let oidc = json!({"issuerUri": "https://issuer.example", "jwksJson": "{\"keys\": []}"});
        assert!(made(json!({"oidc": oidc, "attributeMapping": mapping})).is_ok());
        assert!(made(json!({"attributeMapping": mapping})).is_err());
        let both = json!({"oidc": oidc, "saml": {"idpMetadataXml": "<x/>"}, "attributeMapping": mapping});
        assert!(made(both).is_err());
        assert!(made(json!({"saml": {"idpMetadataXml": "<x/>"}, "attributeMapping": mapping})).is_ok());
    }

    #[test]
    fn f35_what_no_token_could_match_is_400() {
        let mapping = json!({"google.subject": "assertion.sub"});
        for sent in [
            json!({"oidc": {}, "attributeMapping": mapping}),
            json!({"oidc": {"issuerUri": "http://issuer.example"}, "attributeMapping": mapping}),
            json!({"oidc": {"issuerUri": "https://i", "jwksJson": "x"}, "attributeMapping": mapping}),
            json!({"oidc": {"issuerUri": "https://i"}}),
            json!({"oidc": {"issuerUri": "https://i"}, "attributeMapping": {"attribute.x": "assertion.x"}}),
            json!({"oidc": {"issuerUri": "https://i"}, "attributeMapping": {"google.subject": "s", "other": "x"}}),
            json!({"aws": {"accountId": "12"}}),
        ] {
            assert_eq!(made(sent.clone()).unwrap_err().http_status(), 400, "{sent}");
        }
    }

    #[test]
    fn aws_has_a_mapping_of_its_own() {
        let config = made(json!({"aws": {"accountId": "123456789012"}})).unwrap();
        assert_eq!(config["attributeMapping"]["google.subject"], "assertion.arn");
    }
}
