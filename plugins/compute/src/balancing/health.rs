//! What backend services say of the health of their backends.

use super::reference_in;
use compute_api::call::Call;
use compute_api::{failure, store};
use fogbank_sdk::{Reply, Request, Response, Result};
use serde_json::{Value, json};

const GROUPS: [&str; 2] = ["instanceGroups", "networkEndpointGroups"];

/// `POST .../backendServices/NAME/getHealth`, with a backend in `group`: nothing is known of its health, for nobody asks it.
/// <https://cloud.google.com/compute/docs/reference/rest/v1/backendServices/getHealth>
///
/// Errors: 404; 400 for a group that is no backend of the service.
pub fn get_health(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let group = reference_in(body.get("group").unwrap_or(&Value::Null), "group", &GROUPS)?;
    let service = store::get(&path)?;
    let mut backends = service.body.get("backends").and_then(Value::as_array).into_iter().flatten();
    if !backends.any(|backend| backend["group"] == group.marked()) {
        return Err(failure::invalid("group", &group, "It is no backend of the backend service."));
    }
    Ok(Response::json(&json!({"kind": call.method.kind})).header("x-fogbank-effect", "none").into())
}
