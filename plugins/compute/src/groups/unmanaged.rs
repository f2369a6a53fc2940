//! `instanceGroups`: unmanaged groups, and managed ones as what other resources refer to.
//! <https://cloud.google.com/compute/docs/reference/rest/v1/instanceGroups>

use super::show;
use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::path::{MARK, Path};
use compute_api::store::{self, Resource};
use compute_api::{change, failure, list as lists};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Error, Reply, Request, Result};
use serde_json::{Map, Value, json};

/// The field of a group's row with the paths of its instances; not shown to clients, and no links: an instance may go without asking.
const FIELD: &str = "_instances";

/// `POST .../instanceGroups`
///
/// Errors: 400, 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let body = call.body(&mut request)?;
    change::insert(&call, body, |_, _| Ok(Then::Done))
}

/// `GET .../instanceGroups/NAME`
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Reply> {
    lists::one(&request, show::groups).map(Reply::from)
}

/// `GET .../instanceGroups`
///
/// Errors: 400 for a filter that is none.
pub fn list(request: Request) -> Result<Reply> {
    lists::list(&request, show::groups).map(Reply::from)
}

/// `GET .../aggregated/instanceGroups`
///
/// Errors: as [`list`].
pub fn aggregated_list(request: Request) -> Result<Reply> {
    lists::aggregated(&request, show::groups).map(Reply::from)
}

/// `DELETE .../instanceGroups/NAME`
///
/// Errors: 400 for a managed one, which goes with its manager; 404.
pub fn delete(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    change::delete(&call, &path, |_, group| require_unmanaged(group).map(|()| Then::Done))
}

/// `POST .../addInstances`
///
/// Errors: 400 for an instance of another zone, or one that is in the group; 404.
pub fn add_instances(request: Request) -> Result<Reply> {
    edit(request, |tx, group, all, chosen| {
        for path in chosen {
            store::load(tx, path)?;
            if path.scope != group.path.scope {
                return Err(failure::invalid("instances", path, "The instance has to be in the zone of the group."));
            }
            if all.contains(&path.to_string()) {
                return Err(Error::invalid(format!("Instance '{path}' is already a member of '{}'.", group.path)));
            }
            all.push(path.to_string());
        }
        Ok(())
    })
}

/// `POST .../removeInstances`
///
/// Errors: 400 for an instance that is not in the group.
pub fn remove_instances(request: Request) -> Result<Reply> {
    edit(request, |_, group, all, chosen| {
        for path in chosen {
            let at = all.iter().position(|there| *there == path.to_string());
            let missing = || Error::invalid(format!("Instance '{path}' is not a member of '{}'.", group.path));
            all.remove(at.ok_or_else(missing)?);
        }
        Ok(())
    })
}

fn edit(
    mut request: Request,
    mut how: impl FnMut(&Transaction, &Resource, &mut Vec<String>, &[Path]) -> Result<()>,
) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let chosen = references(&body)?;
    change::change(&call, &path, |tx, group| {
        require_unmanaged(group)?;
        let mut all = members(group);
        how(tx, group, &mut all, &chosen)?;
        group.set(FIELD, all);
        Ok(Then::Done)
    })
}

fn references(body: &Map<String, Value>) -> Result<Vec<Path>> {
    let sent = body.get("instances").and_then(Value::as_array).into_iter().flatten();
    let paths = sent.map(|reference| {
        let text = reference["instance"].as_str().unwrap_or_default();
        let path = text.strip_prefix(MARK).and_then(Path::parse).filter(|path| path.collection == "instances");
        path.ok_or_else(|| failure::invalid("instances", text, "The URL is malformed."))
    });
    paths.collect()
}

fn require_unmanaged(group: &Resource) -> Result<()> {
    match group.text("_manager") {
        None => Ok(()),
        Some(manager) => Err(failure::in_use(&group.path, &manager)),
    }
}

/// Paths of an unmanaged group's instances, gone ones among them.
pub fn members(group: &Resource) -> Vec<String> {
    let kept = group.body.get(FIELD).and_then(Value::as_array).into_iter().flatten();
    kept.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// `POST .../listInstances`
///
/// Errors: 404; 400 for a filter that is none.
pub fn list_instances(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let group = store::get(&call.target(&request)?)?;
    let body = if request.body().bytes().is_some_and(<[u8]>::is_empty) { Map::new() } else { call.body(&mut request)? };
    let running = body.get("instanceState") == Some(&json!("RUNNING"));
    let mut items = Vec::new();
    for instance in show::instances(&group)? {
        let status = instance.text("status").unwrap_or_default();
        if running && status != "RUNNING" {
            continue;
        }
        let mut shown = json!({"instance": instance.path.marked(), "status": status});
        if let Some(ports) = group.body.get("namedPorts") {
            shown["namedPorts"] = ports.clone();
        }
        items.push(shown);
    }
    lists::of_items(&request, &call, items).map(Reply::from)
}

/// `POST .../setNamedPorts`
///
/// Errors: 412 for a fingerprint of another state.
pub fn set_named_ports(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    change::change(&call, &path, |tx, group| {
        let sent = body.get("fingerprint").and_then(Value::as_str).filter(|sent| !sent.is_empty());
        if sent.is_some_and(|sent| compute_api::show::fingerprint(group).is_ok_and(|current| current != sent)) {
            return Err(failure::stale("resource"));
        }
        let ports = body.get("namedPorts").cloned().unwrap_or_else(|| json!([]));
        if let Some(manager) = group.text("_manager").and_then(Path::parse) {
            let mut manager = store::load(tx, &manager)?;
            manager.set("namedPorts", ports.clone());
            store::save(tx, &manager)?;
        }
        group.set("namedPorts", ports);
        Ok(Then::Done)
    })
}
