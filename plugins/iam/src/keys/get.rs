//! `iam.projects.serviceAccounts.keys.get`.

use super::Key;
use crate::accounts;
use crate::crypto::rsa::PublicKey;
use fogbank_sdk::{Error, Request, Response, Result, encoding};
use serde_json::json;

/// Shows a key, with its public half in the form of `publicKeyType`.
pub fn get(request: Request) -> Result<Response> {
    let account = accounts::of(&request)?;
    let key = super::of(&account, &request)?;
    let mut answer = key.wire(&account);
    if let Some(data) = public(&key, request.query("publicKeyType").unwrap_or_default())? {
        answer["publicKeyData"] = json!(encoding::b64(data));
    }
    Ok(Response::json(&answer))
}

fn public(key: &Key, form: &str) -> Result<Option<String>> {
    match form {
        "" | "TYPE_NONE" => Ok(None),
        "TYPE_X509_PEM_FILE" => Ok(Some(key.certificate.clone())),
        "TYPE_RAW_PUBLIC_KEY" => PublicKey::from_spki_der(&key.public_key)?.to_spki_pem().map(Some),
        other => Err(Error::invalid(format!("Invalid value for publicKeyType: '{other}'"))),
    }
}
