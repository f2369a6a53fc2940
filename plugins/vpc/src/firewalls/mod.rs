//! Firewall rules. <https://cloud.google.com/compute/docs/reference/rest/v1/firewalls>

pub mod check;

use crate::{effects, reference};
use compute_api::call::Call;
use compute_api::store::{self, Resource};
use compute_api::{change, list as lists, show};
use fogbank_sdk::{Reply, Request, Response, Result};

pub use check::complete;
pub use compute_api::generic::test_iam_permissions;

/// Fields that are set when a rule is made, and stay.
const FIXED: [&str; 2] = ["network", "direction"];

/// `POST .../firewalls`
///
/// Errors: 400 for a rule that says nothing or contradicts itself, 404 for a network that is not there, 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let mut body = call.body(&mut request)?;
    complete(&mut body)?;
    change::insert(&call, body, |tx, rule| {
        let default = reference::default_network(&call.project);
        let network = reference::network(tx, &mut rule.body, Some(default))?;
        effects::follow(tx, &[network.path])
    })
}

/// `GET .../firewalls/F`
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    Ok(Response::json(&show::resource(&store::get(&call.target(&request)?)?, &call.base)?).into())
}

/// `GET .../firewalls`
pub fn list(request: Request) -> Result<Reply> {
    lists::list(&request, |_| Ok(())).map(Reply::from)
}

/// `PATCH .../firewalls/F`
///
/// Errors: as [`insert`]; 400 for another network or direction.
pub fn patch(mut request: Request) -> Result<Reply> {
    change::patch(&mut request, |tx, before, rule| {
        complete(&mut rule.body)?;
        reference::immutable(before, rule, &FIXED)?;
        effects::follow(tx, &networks_of(rule))
    })
}

/// `PUT .../firewalls/F`
///
/// Errors: as [`patch`].
pub fn update(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    change::change(&call, &path, |tx, rule| {
        let before = rule.clone();
        change::replace(rule, body.clone())?;
        for field in FIXED {
            if let Some(value) = before.body.get(field) {
                reference::default(&mut rule.body, field, value.clone());
            }
        }
        complete(&mut rule.body)?;
        reference::immutable(&before, rule, &FIXED)?;
        effects::follow(tx, &networks_of(rule))
    })
}

/// `DELETE .../firewalls/F`
///
/// Errors: 404.
pub fn delete(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    change::delete(&call, &path, |tx, rule| effects::follow(tx, &networks_of(rule)))
}

fn networks_of(rule: &Resource) -> Vec<compute_api::path::Path> {
    rule.link("network").into_iter().collect()
}
