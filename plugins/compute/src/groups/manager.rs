//! Managers of instance groups, zonal and regional.
//! <https://cloud.google.com/compute/docs/reference/rest/v1/instanceGroupManagers>

use super::member::{self, Action, Member};
use super::{configs, policy, reconcile, show, versions};
use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::path::{MARK, Scope};
use compute_api::store::{self, Resource};
use compute_api::{change, failure, links, list as lists, places};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Reply, Request, Response, Result};
use serde_json::{Map, Value, json};

/// `POST .../instanceGroupManagers`
///
/// Errors: 400 without a template or a size, 404 for a template that is not there, 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let body = call.body(&mut request)?;
    change::insert(&call, body, |tx, manager| {
        complete(manager)?;
        let group = manager.path.sibling("instanceGroups", &manager.path.name);
        if store::find(tx, &group)?.is_some() {
            return Err(failure::already_exists(&group));
        }
        let mut fields = Map::new();
        fields.insert("_manager".into(), json!(manager.path.to_string()));
        for field in ["namedPorts", "description"] {
            if let Some(value) = manager.body.get(field) {
                fields.insert(field.to_owned(), value.clone());
            }
        }
        store::insert(tx, &Resource::new(group.clone(), fields)?)?;
        manager.set("instanceGroup", group.marked());
        reconcile::wake(tx, manager)?;
        Ok(Then::Done)
    })
}

fn complete(manager: &mut Resource) -> Result<()> {
    if !places::exists(&manager.path.scope) {
        return Err(failure::no_place(&manager.path.project, &manager.path.scope));
    }
    versions::settle(manager)?;
    let size = manager.body.get("targetSize").and_then(Value::as_i64);
    manager.set("targetSize", size.ok_or_else(|| failure::required("resource.targetSize"))?);
    let base: String = manager.path.name.chars().take(58).collect();
    let defaults = [
        ("baseInstanceName", json!(base)),
        ("instanceLifecyclePolicy", json!({"defaultActionOnFailure": "REPAIR", "forceUpdateOnRepair": "NO"})),
        ("listManagedInstancesResults", json!("PAGELESS")),
        ("standbyPolicy", json!({"initialDelaySec": 0, "mode": "MANUAL"})),
        ("targetStoppedSize", json!(0)),
        ("targetSuspendedSize", json!(0)),
    ];
    for (field, value) in defaults {
        manager.body.entry(field).or_insert(value);
    }
    policy::settle(None, manager)?;
    if matches!(manager.path.scope, Scope::Region(_)) {
        let zones: Vec<Value> = zones(manager).iter().map(|zone| json!({"zone": zone_link(manager, zone)})).collect();
        let shape = manager.body.get("distributionPolicy").map(|policy| policy["targetShape"].clone());
        let shape = shape.filter(Value::is_string).unwrap_or_else(|| json!("EVEN"));
        manager.set("distributionPolicy", json!({"zones": zones, "targetShape": shape}));
    }
    Ok(())
}

fn zone_link(manager: &Resource, zone: &str) -> String {
    format!("{MARK}projects/{}/zones/{zone}", manager.path.project)
}

/// `GET .../instanceGroupManagers/NAME`
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let mut managers = vec![store::get(&call.target(&request)?)?];
    show::managers(&mut managers)?;
    Ok(Response::json(&compute_api::show::resource(&managers[0], &call.base)?).into())
}

/// `GET .../instanceGroupManagers`
///
/// Errors: 400 for a filter that is none.
pub fn list(request: Request) -> Result<Reply> {
    lists::list(&request, show::managers).map(Reply::from)
}

/// `GET .../aggregated/instanceGroupManagers`
///
/// Errors: as [`list`].
pub fn aggregated_list(request: Request) -> Result<Reply> {
    lists::aggregated(&request, show::managers).map(Reply::from)
}

/// `DELETE .../instanceGroupManagers/NAME`, with all its instances.
///
/// Errors: 404; 400 where an autoscaler or a backend service needs it.
pub fn delete(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    change::delete(&call, &path, |tx, manager| {
        let group = path.sibling("instanceGroups", &path.name);
        for target in [&path, &group] {
            let users = store::users_of(tx, target)?.into_iter();
            let mut others = users.filter(|user| *user != path.to_string() && *user != group.to_string());
            if let Some(user) = others.next() {
                return Err(failure::in_use(target, &user));
            }
        }
        manager.set("targetSize", 0);
        let members: Vec<Member> =
            member::of(manager).into_iter().map(|member| Member { action: Action::Deleting, ..member }).collect();
        member::keep(manager, &members);
        Ok(Then::Run(reconcile::DELETE, Value::Null))
    })
}

/// `PATCH .../instanceGroupManagers/NAME`
///
/// Errors: 400, 404, 412.
pub fn patch(mut request: Request) -> Result<Reply> {
    change::patch(&mut request, |tx, before, manager| {
        let (was, now) = (before.text("instanceTemplate"), manager.text("instanceTemplate"));
        let versions = |row: &Resource| row.body.get("versions").cloned();
        match (was != now, versions(before) != versions(manager)) {
            (true, false) => drop(manager.body.remove("versions")),
            (false, true) => drop(manager.body.remove("instanceTemplate")),
            _ => {}
        }
        versions::settle(manager)?;
        policy::settle(Some(before), manager)?;
        reconcile::wake(tx, manager)?;
        Ok(Then::Done)
    })
}

/// `POST .../resize?size=N`
///
/// Errors: 400 without a size.
pub fn resize(request: Request) -> Result<Reply> {
    let size = request.query_u32("size")?.ok_or_else(|| failure::required("size"))?;
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    change::change(&call, &path, |tx, manager| {
        manager.set("targetSize", size);
        reconcile::wake(tx, manager)?;
        Ok(Then::Done)
    })
}

/// `POST .../setInstanceTemplate`: for instances that are made from now on.
///
/// Errors: 404 for a template that is not there.
pub fn set_instance_template(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let template = links::field(&body, "instanceTemplate").ok_or_else(|| failure::required("instanceTemplate"))?;
    change::change(&call, &path, |tx, manager| {
        manager.set("instanceTemplate", template.marked());
        manager.body.remove("versions");
        versions::settle(manager)?;
        reconcile::wake(tx, manager)?;
        Ok(Then::Done)
    })
}

/// `POST .../setTargetPools`
///
/// Errors: 412 for a fingerprint of another state.
pub fn set_target_pools(request: Request) -> Result<Reply> {
    compute_api::generic::set(request)
}

// === What is wanted ===

/// Zones that instances may be in.
pub fn zones(manager: &Resource) -> Vec<String> {
    let region = match &manager.path.scope {
        Scope::Zone(zone) => return vec![zone.clone()],
        Scope::Region(region) => region,
        Scope::Global => return Vec::new(),
    };
    let named =
        manager.body.get("distributionPolicy").and_then(|policy| policy["zones"].as_array()).into_iter().flatten();
    let named: Vec<String> =
        named.filter_map(|zone| zone["zone"].as_str()?.rsplit('/').next().map(str::to_owned)).collect();
    if named.is_empty() { places::zones_of(region).take(3).collect() } else { named }
}

/// Whether an instance that does not run is made again.
pub fn heals(manager: &Resource) -> bool {
    let action =
        manager.body.get("instanceLifecyclePolicy").and_then(|policy| policy["defaultActionOnFailure"].as_str());
    action != Some("DO_NOTHING")
}

/// Begins a look at a group after a change of what it wants of its members.
pub fn woken(tx: &Transaction, manager: &mut Resource, members: &[Member]) -> Result<Then> {
    configs::tidy(manager, members);
    member::keep(manager, members);
    reconcile::wake(tx, manager)?;
    Ok(Then::Done)
}
