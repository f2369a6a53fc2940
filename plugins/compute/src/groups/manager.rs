//! Managers of instance groups, zonal and regional.
//! <https://cloud.google.com/compute/docs/reference/rest/v1/instanceGroupManagers>

use super::member::{self, Action, Member};
use super::{reconcile, show};
use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::path::{MARK, Path, Scope};
use compute_api::store::{self, Resource};
use compute_api::{change, failure, links, list as lists, places};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Reply, Request, Response, Result};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

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
    settle_template(manager)?;
    let size = manager.body.get("targetSize").and_then(Value::as_i64);
    manager.set("targetSize", size.ok_or_else(|| failure::required("resource.targetSize"))?);
    let base: String = manager.path.name.chars().take(58).collect();
    let defaults = [
        ("baseInstanceName", json!(base)),
        ("updatePolicy", json!({})),
        ("instanceLifecyclePolicy", json!({"defaultActionOnFailure": "REPAIR", "forceUpdateOnRepair": "NO"})),
        ("listManagedInstancesResults", json!("PAGELESS")),
        ("standbyPolicy", json!({"initialDelaySec": 0, "mode": "MANUAL"})),
        ("targetStoppedSize", json!(0)),
        ("targetSuspendedSize", json!(0)),
    ];
    for (field, value) in defaults {
        manager.body.entry(field).or_insert(value);
    }
    let moves = zones(manager).len();
    if let Some(policy) = manager.body.get_mut("updatePolicy").and_then(Value::as_object_mut) {
        let count = json!({"fixed": moves, "calculated": moves});
        for (field, value) in [
            ("type", json!("OPPORTUNISTIC")),
            ("minimalAction", json!("REPLACE")),
            ("replacementMethod", json!("SUBSTITUTE")),
            ("maxSurge", count.clone()),
            ("maxUnavailable", count),
        ] {
            policy.entry(field).or_insert(value);
        }
    }
    if matches!(manager.path.scope, Scope::Region(_)) {
        let zones: Vec<Value> = zones(manager).iter().map(|zone| json!({"zone": zone_link(manager, zone)})).collect();
        manager.set("distributionPolicy", json!({"zones": zones, "targetShape": "EVEN"}));
    }
    Ok(())
}

fn zone_link(manager: &Resource, zone: &str) -> String {
    format!("{MARK}projects/{}/zones/{zone}", manager.path.project)
}

/// The template is said alone or as the first version; both are shown.
fn settle_template(manager: &mut Resource) -> Result<()> {
    let version =
        manager.body.get("versions").and_then(|versions| versions[0]["instanceTemplate"].as_str()).map(str::to_owned);
    let alone = manager.text("instanceTemplate").map(str::to_owned);
    let sent = alone.or(version).ok_or_else(|| failure::required("resource.instanceTemplate"))?;
    if template_of(&sent).is_none() {
        return Err(failure::invalid("resource.instanceTemplate", sent, "The URL is malformed."));
    }
    manager.set("instanceTemplate", sent.as_str());
    if manager.body.get("versions").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        manager.set("versions", json!([{"instanceTemplate": sent}]));
    }
    Ok(())
}

fn template_of(text: &str) -> Option<Path> {
    text.strip_prefix(MARK).and_then(Path::parse).filter(|path| path.collection == "instanceTemplates")
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
        settle_template(manager)?;
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
        settle_template(manager)?;
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

/// The template that new instances are made from.
pub fn template(manager: &Resource) -> Option<Path> {
    manager.text("instanceTemplate").and_then(template_of)
}

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

/// Adds members that are missing, and marks those to be deleted that are too many: the last ones, unfinished ones first.
///
/// Errors: where there are no random numbers.
pub fn fill(manager: &Resource, members: &mut Vec<Member>) -> Result<()> {
    let size = manager.body.get("targetSize").and_then(Value::as_u64).unwrap_or_default() as usize;
    let Some(template) = template(manager) else { return Ok(()) };
    let zones = zones(manager);
    let mut there = members.iter().filter(|member| member.stays()).count();
    while there < size && !zones.is_empty() {
        let zone = emptiest(&zones, members);
        let name = member::new_name(manager.text("baseInstanceName").unwrap_or("instance"), members)?;
        members.push(Member::new(&manager.path.project, &zone, &name, &template));
        there += 1;
    }
    while there > size {
        let last =
            |done: bool| members.iter().rposition(|member| member.stays() && (member.action == Action::None) == done);
        let Some(at) = last(false).or_else(|| last(true)) else { break };
        members[at].action = Action::Deleting;
        there -= 1;
    }
    Ok(())
}

fn emptiest(zones: &[String], members: &[Member]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let of: Vec<String> = members.iter().filter(|member| member.stays()).map(Member::zone).collect();
    for zone in &of {
        *counts.entry(zone).or_default() += 1;
    }
    let least = zones.iter().min_by_key(|zone| counts.get(zone.as_str()).copied().unwrap_or_default());
    least.cloned().unwrap_or_default()
}

/// A proactive group replaces instances of another template, so many at a time as may be unavailable.
pub fn renew(manager: &Resource, members: &mut [Member]) {
    let Some(policy) = manager.body.get("updatePolicy").filter(|policy| policy["type"] == "PROACTIVE") else { return };
    let Some(template) = template(manager).map(|template| template.to_string()) else { return };
    let most = policy["maxUnavailable"]["fixed"].as_u64().unwrap_or(1).max(1) as usize;
    let keeps_name = policy["replacementMethod"] == "RECREATE";
    let busy = members.iter().filter(|member| member.action != Action::None).count();
    let old = members.iter_mut().filter(|member| member.action == Action::None && member.template != template);
    for member in old.take(most.saturating_sub(busy)) {
        match keeps_name {
            true => member.recreate(template.clone()),
            false => member.action = Action::Deleting,
        }
    }
}

/// Begins a look at a group after a change of what it wants of its members.
pub fn woken(tx: &Transaction, manager: &mut Resource, members: &[Member]) -> Result<Then> {
    member::keep(manager, members);
    reconcile::wake(tx, manager)?;
    Ok(Then::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manager(size: u64) -> Resource {
        let path = Path::parse("projects/p/regions/us-central1/instanceGroupManagers/g").unwrap();
        let body = json!({"targetSize": size, "baseInstanceName": "g",
            "instanceTemplate": "//compute/projects/p/global/instanceTemplates/t"});
        Resource::new(path, body.as_object().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_group_spreads_over_its_zones_and_shrinks() {
        let mut members = Vec::new();
        fill(&manager(6), &mut members).unwrap();
        let mut zones: Vec<String> = members.iter().map(Member::zone).collect();
        zones.sort();
        zones.dedup();
        assert_eq!((members.len(), zones.len()), (6, 3));
        members.iter_mut().skip(1).for_each(|member| member.action = Action::None);
        fill(&manager(4), &mut members).unwrap();
        let going: Vec<usize> = (0..6).filter(|at| !members[*at].stays()).collect();
        assert_eq!(going, [0, 5], "what is unfinished goes first");
    }

    #[test]
    fn a_proactive_group_replaces_a_few_at_a_time() {
        let mut group = manager(3);
        group.set("updatePolicy", json!({"type": "PROACTIVE", "maxUnavailable": {"fixed": 1}}));
        let other = Path::parse("projects/p/global/instanceTemplates/old").unwrap();
        let mut members: Vec<Member> = ["a", "b", "c"]
            .map(|name| Member { action: Action::None, ..Member::new("p", "us-central1-a", name, &other) })
            .to_vec();
        renew(&group, &mut members);
        assert_eq!(members.iter().filter(|member| member.action == Action::Deleting).count(), 1);
        renew(&group, &mut members);
        assert_eq!(members.iter().filter(|member| member.action == Action::Deleting).count(), 1);
    }
}
