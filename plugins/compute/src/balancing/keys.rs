//! Keys for signed URLs, and security policies at the edge, of backend services and backend buckets.
//! <https://cloud.google.com/cdn/docs/using-signed-urls>
//!
//! Only the names of keys are kept: nothing here checks a signature, and nobody can read a key back.

use super::reference_in;
use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::{change, failure};
use fogbank_sdk::{Error, Reply, Request, Result};
use serde_json::{Value, json};

/// A backend has as many keys at most.
const MAX: usize = 3;

/// The length of a key: 128 bits, as base64 for URLs.
const LENGTH: usize = 24;

/// `POST .../addSignedUrlKey`
///
/// Errors: 400 for a key that is none, a name that is taken, a fourth key.
pub fn add(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let text = |field: &str| body.get(field).and_then(Value::as_str).unwrap_or_default();
    let (name, value) = (text("keyName").to_owned(), text("keyValue"));
    if name.is_empty() {
        return Err(failure::required("keyName"));
    }
    if value.len() != LENGTH || !value.ends_with("==") {
        return Err(Error::invalid(
            "Invalid value for field 'keyValue'. It has to be a key of 128 bits in base64 for URLs.",
        ));
    }
    change::change(&call, &path, |_, backend| {
        let mut names = names(&backend.body);
        if names.contains(&name) {
            return Err(failure::invalid("keyName", &name, "The backend has a key of that name."));
        }
        if names.len() == MAX {
            return Err(Error::invalid(format!("A backend has at most {MAX} keys.")));
        }
        names.push(name.clone());
        set_names(&mut backend.body, names);
        Ok(Then::Done)
    })
}

/// `POST .../deleteSignedUrlKey?keyName=NAME`
///
/// Errors: 400 for a name that no key has.
pub fn delete(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let name = request.query("keyName").unwrap_or_default().to_owned();
    change::change(&call, &path, |_, backend| {
        let mut names = names(&backend.body);
        let at = names.iter().position(|there| *there == name);
        names.remove(at.ok_or_else(|| failure::invalid("keyName", &name, "The backend has no key of that name."))?);
        set_names(&mut backend.body, names);
        Ok(Then::Done)
    })
}

fn names(backend: &serde_json::Map<String, Value>) -> Vec<String> {
    let names = backend.get("cdnPolicy").and_then(|policy| policy.get("signedUrlKeyNames")?.as_array());
    names.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn set_names(backend: &mut serde_json::Map<String, Value>, names: Vec<String>) {
    backend.entry("cdnPolicy").or_insert_with(|| json!({}))["signedUrlKeyNames"] = json!(names);
}

/// `POST .../setEdgeSecurityPolicy`, whose body names the policy in another field than the backend does; none without one.
///
/// Errors: 404 for a policy that is not there.
pub fn set_edge_security_policy(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let policy = body.get("securityPolicy").filter(|policy| **policy != json!(""));
    let policy = policy.map(|policy| reference_in(policy, "securityPolicy", &["securityPolicies"])).transpose()?;
    change::change(&call, &path, |_, backend| {
        match &policy {
            Some(policy) => backend.set("edgeSecurityPolicy", policy.marked()),
            None => drop(backend.body.remove("edgeSecurityPolicy")),
        }
        Ok(Then::Done)
    })
}
