//! Groups as clients see them.

use super::manager;
use super::member::{self, Action, Member};
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use fogbank_sdk::{Result, db};
use serde_json::{Map, Value, json};

/// Adds to managers what they are doing, and whether they are done.
///
/// Errors: the database's.
pub fn managers(managers: &mut Vec<Resource>) -> Result<()> {
    for manager in managers {
        let members = member::of(manager);
        let autoscaler = db::read(|tx| store::linked(tx, &manager.path, "autoscalers"))?.into_iter().next();
        manager.set("currentActions", actions(&members));
        let mut status = status(manager, &members);
        if let Some(autoscaler) = autoscaler {
            status["autoscaler"] = json!(autoscaler.path.marked());
        }
        manager.set("status", status);
        versions(manager);
    }
    Ok(())
}

fn actions(members: &[Member]) -> Value {
    let count = |action: Action| members.iter().filter(|member| member.action == action).count();
    let mut counts = Map::new();
    for idle in [
        "abandoning",
        "creatingWithoutRetries",
        "refreshing",
        "restarting",
        "resuming",
        "starting",
        "stopping",
        "suspending",
        "verifying",
    ] {
        counts.insert(idle.into(), json!(0));
    }
    for (name, action) in [
        ("creating", Action::Creating),
        ("deleting", Action::Deleting),
        ("none", Action::None),
        ("recreating", Action::Recreating),
    ] {
        counts.insert(name.into(), json!(count(action)));
    }
    Value::Object(counts)
}

fn status(manager: &Resource, members: &[Member]) -> Value {
    let template = manager::template(manager).map(|template| template.to_string()).unwrap_or_default();
    let size = manager.body.get("targetSize").and_then(Value::as_u64).unwrap_or_default();
    let resting = members.iter().all(|member| member.action == Action::None);
    json!({
        "isStable": resting && members.len() as u64 == size,
        "allInstancesConfig": {"effective": true},
        "stateful": {"hasStatefulConfig": false, "isStateful": false, "perInstanceConfigs": {"allEffective": true}},
        "versionTarget": {"isReached": members.iter().all(|member| member.template == template)},
    })
}

/// How many instances each version should have.
fn versions(manager: &mut Resource) {
    let size = manager.body.get("targetSize").cloned().unwrap_or_default();
    let versions = manager.body.get_mut("versions").and_then(Value::as_array_mut);
    if let Some([version]) = versions.map(Vec::as_mut_slice) {
        version["targetSize"] = json!({"calculated": size});
    }
}

/// Adds to groups how many instances they have, and in which network.
///
/// Errors: the database's.
pub fn groups(groups: &mut Vec<Resource>) -> Result<()> {
    for group in groups {
        let instances = instances(group)?;
        group.set("size", instances.len());
        if let Some(first) = instances.first() {
            let interface = first.body.get("networkInterfaces").and_then(|interfaces| interfaces.get(0));
            for field in ["network", "subnetwork"] {
                if let Some(link) =
                    interface.and_then(|interface| interface.get(field)).filter(|_| !group.body.contains_key(field))
                {
                    group.set(field, link.clone());
                }
            }
        }
    }
    Ok(())
}

/// The instances of a group that are there, managed or not, in the order in which they joined.
///
/// Errors: the database's.
pub fn instances(group: &Resource) -> Result<Vec<Resource>> {
    db::read(|tx| {
        let paths: Vec<String> = match group.text("_manager").and_then(Path::parse) {
            Some(manager) => {
                let manager = store::find(tx, &manager)?;
                manager.iter().flat_map(member::of).map(|member| member.path).collect()
            }
            None => super::unmanaged::members(group),
        };
        let mut found = Vec::new();
        for path in paths.iter().filter_map(|path| Path::parse(path)) {
            found.extend(store::find(tx, &path)?);
        }
        Ok(found)
    })
}
