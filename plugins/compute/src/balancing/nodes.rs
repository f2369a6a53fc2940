//! Nodes of `nodeGroups`. <https://cloud.google.com/compute/docs/reference/rest/v1/nodeGroups>

use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::store::{self, Resource};
use compute_api::{change, failure, list as lists};
use fogbank_sdk::{Error, Reply, Request, Result, id};
use serde_json::{Value, json};

/// The field of a group's row with its nodes.
const FIELD: &str = "_nodes";

/// A group has as many nodes at most.
const MAX: usize = 100;

/// `POST .../nodeGroups?initialNodeCount=N`
///
/// Errors: 400 for a count that is none, 404 for a template that is not there, 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let text = request.query("initialNodeCount").unwrap_or("0").to_owned();
    let count = text.parse().ok().filter(|count| *count <= MAX);
    let count = count.ok_or_else(|| failure::invalid("initialNodeCount", &text, "It has to be between 0 and 100."))?;
    let body = call.body(&mut request)?;
    change::insert(&call, body, |tx, group| {
        let template = group.link("nodeTemplate").ok_or_else(|| failure::required("resource.nodeTemplate"))?;
        let template = store::load(tx, &template)?;
        group.set("status", "READY");
        group.body.entry("maintenancePolicy").or_insert(json!("DEFAULT"));
        grow(group, &template, count)?;
        Ok(Then::Done)
    })
}

/// `POST .../addNodes`
///
/// Errors: 400 for a count that is none.
pub fn add_nodes(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let sent = body.get("additionalNodeCount");
    let count = sent.and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
    let count = count.ok_or_else(|| failure::invalid("additionalNodeCount", json!(sent), "It has to be positive."))?;
    change::change(&call, &path, |tx, group| {
        let template = group.link("nodeTemplate").ok_or_else(|| failure::required("resource.nodeTemplate"))?;
        let template = store::load(tx, &template)?;
        grow(group, &template, count)?;
        Ok(Then::Done)
    })
}

fn grow(group: &mut Resource, template: &Resource, count: usize) -> Result<()> {
    let mut all = nodes(group);
    if all.len() + count > MAX {
        return Err(failure::invalid("size", all.len() + count, "A node group has at most 100 nodes."));
    }
    for _ in 0..count {
        let name = format!("{}-{}", group.path.name, fogbank_sdk::encoding::hex(&id::random::<2>()?));
        let mut node = json!({
            "name": name,
            "status": "READY",
            "serverId": fogbank_sdk::encoding::hex(&id::random::<16>()?),
            "serverBinding": template.body.get("serverBinding").cloned().unwrap_or_else(|| json!({"type": "RESTART_NODE_ON_ANY_SERVER"})),
            "cpuOvercommitType": template.text("cpuOvercommitType").unwrap_or("NONE"),
        });
        if let Some(kind) = template.text("nodeType") {
            node["nodeType"] = json!(group.path.sibling("nodeTypes", kind.rsplit('/').next().unwrap_or(kind)).marked());
        }
        all.push(node);
    }
    keep(group, all);
    Ok(())
}

fn nodes(group: &Resource) -> Vec<Value> {
    group.body.get(FIELD).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn keep(group: &mut Resource, nodes: Vec<Value>) {
    group.set("size", nodes.len());
    group.set(FIELD, nodes);
}

/// `POST .../deleteNodes`
///
/// Errors: 400 for a node that the group does not have.
pub fn delete_nodes(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let chosen: Vec<String> = body
        .get("nodes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|name| Some(name.as_str()?.rsplit('/').next()?.to_owned()))
        .collect();
    change::change(&call, &path, |_, group| {
        let mut all = nodes(group);
        for name in &chosen {
            let at = all.iter().position(|node| node["name"] == **name);
            let missing = || Error::invalid(format!("The node '{name}' is not in '{path}'."));
            all.remove(at.ok_or_else(missing)?);
        }
        keep(group, all);
        Ok(Then::Done)
    })
}

/// `POST .../listNodes`
///
/// Errors: 404; 400 for a filter that is none.
pub fn list_nodes(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let group = store::get(&call.target(&request)?)?;
    lists::of_items(&request, &call, nodes(&group)).map(Reply::from)
}
