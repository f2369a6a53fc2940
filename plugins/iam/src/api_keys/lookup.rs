//! `apikeys.keys.lookupKey`: whose key a string is.

use super::by_key_string;
use crate::projects;
use fogbank_sdk::{Error, Request, Response, Result, identity};
use serde_json::json;

/// The name and parent of the key with a string. A string that nobody has, and one in a project that the caller may not look into, get
/// answers that tell neither apart from the other only where authentication is required; without it everybody may look.
pub fn lookup_key(request: Request) -> Result<Response> {
    let string =
        request.query("keyString").filter(|text| !text.is_empty()).ok_or_else(|| Error::required("keyString"))?;
    let absent = || Error::not_found("There is no API key with this string, or you may not look it up.");
    let key = by_key_string(string)?.ok_or_else(absent)?;
    match identity::require("apikeys.keys.lookup", &projects::resource(&key.project), &[]) {
        Err(identity::Error::Denied(_)) => Err(absent()),
        result => {
            result?;
            Ok(Response::json(&json!({"parent": key.parent(), "name": key.name()})))
        }
    }
}
