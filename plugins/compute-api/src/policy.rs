//! IAM policies of resources. <https://cloud.google.com/compute/docs/access/iam-permissions>

use crate::call::Call;
use crate::{part, store};
use fogbank_sdk::{Error, Reply, Request, RequestHead, Response, Result, identity};
use serde_json::{Map, Value, json};

/// `GET .../getIamPolicy`
///
/// Errors: 404 where there is no such resource.
pub fn get(request: Request) -> Result<Reply> {
    let name = existing(&request)?;
    Ok(Response::json(&identity::get_policy(&name)?.to_json()).into())
}

/// `POST .../setIamPolicy` with a `policy`, or with `bindings` and `etag` as older clients send them.
///
/// Errors: 400 for a policy that is none, 404, 409 for a stale etag.
pub fn set(mut request: Request) -> Result<Reply> {
    let name = existing(&request)?;
    let mut body: Map<String, Value> = request.json()?;
    let policy = match body.remove("policy") {
        Some(policy @ Value::Object(_)) => policy,
        Some(_) => return Err(crate::failure::invalid("policy", "", "It has to be an object.")),
        None => {
            let mut policy = json!({});
            for field in ["bindings", "etag", "version"] {
                if let Some(value) = body.remove(field) {
                    policy[field] = value;
                }
            }
            policy
        }
    };
    Ok(Response::json(&identity::set_policy(&name, policy)?.to_json()).into())
}

/// `POST .../testIamPermissions`: those that the caller has.
pub fn test(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let name = call.target(&request)?.full_name();
    let body: Value = request.json()?;
    let asked = body["permissions"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let asked: Vec<String> = asked.map(str::to_owned).collect();
    if asked.iter().any(|permission| permission.contains('*')) {
        return Err(Error::invalid("Permissions with wildcards cannot be tested."));
    }
    let had = identity::test_permissions(&name, &asked)?;
    Ok(Response::json(&if had.is_empty() { json!({}) } else { json!({"permissions": had}) }).into())
}

fn existing(request: &RequestHead) -> Result<String> {
    let path = Call::of(request)?.target(request)?;
    if part::given(&path).is_none() {
        store::get(&path)?;
    }
    Ok(path.full_name())
}
