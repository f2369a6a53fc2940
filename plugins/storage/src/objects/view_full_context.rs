//! `objects.viewFullContext`: one context of an object.

use super::lookup::Which;
use crate::access;
use fogbank_sdk::{Error, Request, Response, Result};
use serde_json::{Value, json};

/// Answers with the context, 404 where the object has none of that key.
pub fn view_full_context(request: Request) -> Result<Response> {
    let (bucket, name) = (request.param("bucket"), request.param("object"));
    let found = access::find("storage.objects.get", bucket, name, Which::of(&request)?)?;
    let key = request.query("contextKey").filter(|key| !key.is_empty()).ok_or_else(|| Error::required("contextKey"))?;
    let payload = found.object.contexts.as_ref().and_then(|contexts| contexts["custom"].get(key));
    let payload =
        payload.ok_or_else(|| Error::not_found(format!("The object has no context with the key '{key}'.")))?;
    Ok(Response::json(&shown(key, payload)))
}

fn shown(key: &str, payload: &Value) -> Value {
    json!({
        "kind": "storage#objectFullContext",
        "type": "CUSTOM",
        "key": key,
        "value": payload["value"],
        "createTime": payload["createTime"],
        "updateTime": payload["updateTime"],
    })
}
