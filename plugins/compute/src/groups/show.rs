//! Groups as clients see them.

use super::member::{self, Action, Member};
use super::{configs, policy, rollout, versions};
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
        versions::show(manager);
        policy::show(manager);
    }
    Ok(())
}

fn actions(members: &[Member]) -> Value {
    let mut counts = Map::new();
    for (name, action) in [
        ("creating", Action::Creating),
        ("deleting", Action::Deleting),
        ("none", Action::None),
        ("recreating", Action::Recreating),
        ("refreshing", Action::Refreshing),
        ("restarting", Action::Restarting),
        ("resuming", Action::Resuming),
        ("starting", Action::Starting),
        ("stopping", Action::Stopping),
        ("suspending", Action::Suspending),
    ] {
        counts.insert(name.into(), json!(members.iter().filter(|member| member.action == action).count()));
    }
    for idle in ["abandoning", "creatingWithoutRetries", "verifying"] {
        counts.insert(idle.into(), json!(0));
    }
    Value::Object(counts)
}

fn status(manager: &Resource, members: &[Member]) -> Value {
    let common = configs::common_revision(manager);
    let stateful = configs::is_stateful(manager);
    let effective = members.iter().all(|member| member.config == configs::revision(manager, member.name()));
    json!({
        "isStable": rollout::is_settled(manager, members),
        "allInstancesConfig": {"effective": members.iter().all(|member| member.common == common)},
        "stateful": {
            "hasStatefulConfig": stateful,
            "isStateful": stateful,
            "perInstanceConfigs": {"allEffective": effective},
        },
        "versionTarget": {"isReached": rollout::is_current(manager, members)},
    })
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
