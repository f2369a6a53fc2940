//! Keys of SAML providers, which encrypt what the provider sends.
//! <https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers.keys>

use super::shared::{self, Kind};
use super::{fields, place};
use crate::crypto::rsa;
use crate::wire::document_of;
use fogbank_sdk::{Error, Request, Response, Result, context};
use serde_json::{Map, Value, json};

const KEYS: Kind = Kind {
    table: "provider_keys",
    list: "workloadIdentityPoolProviderKeys",
    type_name: "WorkloadIdentityPoolProviderKey",
    keys: &["project", "pool", "provider", "id"],
};

/// Makes a key. Its certificate is shown; nothing is decrypted here, so the private half is not kept.
pub fn create(mut request: Request) -> Result<Response> {
    let sent = document_of(&mut request)?;
    let id = request.query("workloadIdentityPoolProviderKeyId").unwrap_or_default().to_owned();
    fields::check_id("workloadIdentityPoolProviderKeyId", &id)?;
    let place = place::of(&request)?.with(&id);
    shared::create(&KEYS, &place, key(&sent, &id)?)
}

/// Shows a key.
pub fn get(request: Request) -> Result<Response> {
    shared::get(&KEYS, &place::of(&request)?)
}

/// A page of a provider's keys.
pub fn list(request: Request) -> Result<Response> {
    shared::list(&KEYS, &request, &place::of(&request)?)
}

/// Deletes a key.
pub fn delete(request: Request) -> Result<Response> {
    shared::delete(&KEYS, &place::of(&request)?)
}

/// Brings a deleted key back.
pub fn undelete(request: Request) -> Result<Response> {
    shared::undelete(&KEYS, &place::of(&request)?)
}

fn key(sent: &Value, id: &str) -> Result<Map<String, Value>> {
    if sent["use"] != "ENCRYPTION" {
        return Err(Error::invalid("Invalid value for use: it is ENCRYPTION."));
    }
    let spec = sent["keyData"]["keySpec"].as_str().unwrap_or("RSA_2048");
    if spec != "RSA_2048" {
        return Err(Error::unimplemented(&format!("keySpec {spec}")));
    }
    let (from, until) = (context::now(), context::now().plus_days(3650));
    let certificate = rsa::generate()?.self_signed_certificate_pem(id, from, until)?;
    let data = json!({
        "format": "RSA_X509_PEM",
        "keySpec": spec,
        "key": certificate,
        "notBeforeTime": from,
        "notAfterTime": until,
    });
    Ok(Map::from_iter([("use".to_owned(), json!("ENCRYPTION")), ("keyData".to_owned(), data)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f35_a_key_of_another_use_is_400() {
        assert_eq!(key(&json!({}), "k").unwrap_err().code().status(), "INVALID_ARGUMENT");
        let large = json!({"use": "ENCRYPTION", "keyData": {"keySpec": "RSA_4096"}});
        assert_eq!(key(&large, "k").unwrap_err().code().status(), "UNIMPLEMENTED");
    }
}
