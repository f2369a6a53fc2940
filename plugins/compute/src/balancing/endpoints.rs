//! Endpoints of `networkEndpointGroups`, zonal, regional and global.
//! <https://cloud.google.com/compute/docs/reference/rest/v1/networkEndpointGroups>

use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use compute_api::{change, failure, list as lists};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Error, Reply, Request, Result};
use serde_json::{Map, Value, json};

/// The field of a group's row with its endpoints, which clients see by a method of their own.
const FIELD: &str = "_endpoints";

/// What tells an endpoint from others.
const KEYS: [&str; 5] = ["instance", "ipAddress", "ipv6Address", "fqdn", "port"];

/// `POST .../networkEndpointGroups`
///
/// Errors: 400, 404, 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let mut body = call.body(&mut request)?;
    body.insert("size".to_owned(), json!(0));
    change::insert(&call, body, change::done)
}

/// `POST .../attachNetworkEndpoints`
///
/// Errors: 400 for an endpoint that says too little, or is in the group; 404 for an instance that is not there.
pub fn attach(request: Request) -> Result<Reply> {
    edit(request, |tx, group, all, endpoint| {
        complete(tx, group, endpoint)?;
        if all.iter().any(|other| same(other, endpoint)) {
            return Err(Error::invalid(format!("The endpoint {} is in the group already.", json!(endpoint))));
        }
        all.push(Value::Object(endpoint.clone()));
        Ok(())
    })
}

/// `POST .../detachNetworkEndpoints`
///
/// Errors: 400 for an endpoint that is not in the group.
pub fn detach(request: Request) -> Result<Reply> {
    edit(request, |tx, group, all, endpoint| {
        complete(tx, group, endpoint)?;
        let at = all.iter().position(|other| same(other, endpoint));
        let missing = || Error::invalid(format!("The endpoint {} is not in the group.", json!(endpoint)));
        all.remove(at.ok_or_else(missing)?);
        Ok(())
    })
}

fn edit(
    mut request: Request,
    how: impl Fn(&Transaction, &Resource, &mut Vec<Value>, &mut Map<String, Value>) -> Result<()>,
) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let sent = body.get("networkEndpoints").and_then(Value::as_array).cloned().unwrap_or_default();
    let sent: Vec<Map<String, Value>> = sent.iter().filter_map(|endpoint| endpoint.as_object().cloned()).collect();
    if sent.is_empty() {
        return Err(failure::required("networkEndpoints"));
    }
    change::change(&call, &path, |tx, group| {
        let mut all = kept(group);
        for mut endpoint in sent.iter().cloned() {
            how(tx, group, &mut all, &mut endpoint)?;
        }
        group.set("size", all.len());
        group.set(FIELD, all);
        Ok(Then::Done)
    })
}

fn kept(group: &Resource) -> Vec<Value> {
    group.body.get(FIELD).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn same(one: &Value, other: &Map<String, Value>) -> bool {
    KEYS.iter().all(|key| one.get(*key) == other.get(*key))
}

/// Fills in what follows from the group and from the instance: an address, a port.
fn complete(tx: &Transaction, group: &Resource, endpoint: &mut Map<String, Value>) -> Result<()> {
    if let Some(name) = endpoint.get("instance").and_then(Value::as_str) {
        let path =
            Path::parse_reference(name, &group.path.project).unwrap_or_else(|| group.path.sibling("instances", name));
        let instance = store::load(tx, &path)?;
        endpoint.insert("instance".to_owned(), path.name.clone().into());
        if !endpoint.contains_key("ipAddress") {
            let first = instance.body.get("networkInterfaces").and_then(|nics| nics.get(0)?.get("networkIP").cloned());
            endpoint.extend(first.map(|address| ("ipAddress".to_owned(), address)));
        }
    }
    let with_port = group.text("networkEndpointType").is_some_and(|kind| kind.ends_with("PORT"));
    if let (true, false, Some(port)) = (with_port, endpoint.contains_key("port"), group.body.get("defaultPort")) {
        endpoint.insert("port".to_owned(), port.clone());
    }
    match KEYS[..4].iter().any(|key| endpoint.contains_key(*key)) {
        true => Ok(()),
        false => Err(failure::required("networkEndpoints[].ipAddress")),
    }
}

/// `POST .../listNetworkEndpoints`
///
/// Errors: 404; 400 for a filter that is none.
pub fn list(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let group = store::get(&call.target(&request)?)?;
    let items = kept(&group).into_iter().map(|endpoint| json!({ "networkEndpoint": endpoint })).collect();
    lists::of_items(&request, &call, items).map(Reply::from)
}
