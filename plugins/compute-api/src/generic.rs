//! Handlers for collections that are kept as they are sent: created, read, listed, changed and deleted by the rules that all of the
//! API follows, without an effect beyond that. The header `x-fogbank-effect: none` of an answer says so.

use crate::call::Call;
use crate::change::{self, done};
use crate::operation::Then;
use crate::store::{self, Resource};
use crate::{failure, list as lists, part, show};
use fogbank_sdk::{Reply, Request, Response, Result};
use serde_json::{Map, Value, json};

pub use crate::policy::{get as get_iam_policy, set as set_iam_policy, test as test_iam_permissions};

/// Says that a resource is kept and does nothing.
const EFFECT: (&str, &str) = ("x-fogbank-effect", "none");

/// `POST .../COLLECTION`
///
/// Errors: 400 naming the field, 404 for a link to what is not there, 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let body = call.body(&mut request)?;
    change::insert(&call, body, done).map(marked)
}

/// `GET .../COLLECTION/NAME`
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    if let Some(mut given) = part::given(&path) {
        crate::links::expand(&mut given, &call.base);
        return Ok(Response::json(&given).into());
    }
    let shown = show::resource(&store::get(&path)?, &call.base)?;
    Ok(marked(Response::json(&shown).into()))
}

/// `GET .../COLLECTION`
pub fn list(request: Request) -> Result<Reply> {
    lists::list(&request, |_| Ok(())).map(Reply::from)
}

/// `GET .../aggregated/COLLECTION`
pub fn aggregated_list(request: Request) -> Result<Reply> {
    lists::aggregated(&request, |_| Ok(())).map(Reply::from)
}

/// `DELETE .../COLLECTION/NAME`
///
/// Errors: 404; 400 where something needs it.
pub fn delete(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    change::delete(&call, &path, done)
}

/// `PATCH .../COLLECTION/NAME`
///
/// Errors: 400, 404, 412 for a fingerprint of another state.
pub fn patch(mut request: Request) -> Result<Reply> {
    change::patch(&mut request, |_, _, _| Ok(Then::Done)).map(marked)
}

/// `PUT .../COLLECTION/NAME`
///
/// Errors: as [`patch`].
pub fn update(request: Request) -> Result<Reply> {
    update_with(request, |_| ())
}

/// As [`update`]; `complete` fills in what the body does not say.
pub fn update_with(mut request: Request, complete: impl Fn(&mut Map<String, Value>)) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let mut body = call.body(&mut request)?;
    complete(&mut body);
    change::require_elsewhere(&body)?;
    change::change(&call, &path, |_, resource| {
        change::replace(resource, body.clone())?;
        Ok(Then::Done)
    })
    .map(marked)
}

/// `POST .../COLLECTION/NAME/setLabels`
///
/// Errors: 412 where the fingerprint is not that of the present labels.
pub fn set_labels(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let mut body = call.body(&mut request)?;
    change::change(&call, &path, |_, resource| labels(resource, &mut body).map(|()| Then::Done))
}

/// Puts the labels of a `setLabels` request in the place of a resource's own.
///
/// Errors: 400 without a fingerprint, 412 for one of another state.
pub fn labels(resource: &mut Resource, body: &mut Map<String, Value>) -> Result<()> {
    let sent = body.get("labelFingerprint").and_then(Value::as_str).unwrap_or_default();
    if sent.is_empty() {
        return Err(failure::required("labelFingerprint"));
    }
    if sent != show::label_fingerprint(resource)? {
        return Err(failure::stale("label"));
    }
    match body.get("labels") {
        Some(labels) if labels.as_object().is_some_and(|labels| !labels.is_empty()) => {
            resource.set("labels", labels.clone())
        }
        _ => drop(resource.body.remove("labels")),
    }
    Ok(())
}

/// `POST .../COLLECTION/NAME/setSOMETHING`, whose body has fields of the resource.
///
/// Errors: as [`patch`].
pub fn set(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    change::require_elsewhere(&body)?;
    change::change(&call, &path, |_, resource| {
        let mut body = body.clone();
        let current = show::fingerprint(resource)?;
        let sent = body.remove("fingerprint");
        if sent.is_some_and(|sent| sent != json!(current)) {
            return Err(failure::stale("resource"));
        }
        resource.body.extend(body);
        Ok(Then::Done)
    })
    .map(marked)
}

fn marked(reply: Reply) -> Reply {
    match reply {
        Reply::Response(response) => Reply::Response(response.header(EFFECT.0, EFFECT.1)),
        other => other,
    }
}
