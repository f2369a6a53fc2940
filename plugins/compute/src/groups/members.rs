//! Methods about the instances of a managed group.

use super::member::{self, Action, Member};
use super::policy::{self, Disruption};
use super::standby::resized;
use super::{configs, manager, rollout, versions};
use compute_api::call::Call;
use compute_api::list::Wanted;
use compute_api::path::{MARK, Path};
use compute_api::store::{self, Resource};
use compute_api::{change, failure, links};
use fogbank_sdk::{Reply, Request, Response, Result, db};
use serde_json::{Map, Value, json};

/// `POST .../listManagedInstances`
///
/// Errors: 404; 400 for a filter that is none.
pub fn list_managed_instances(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let manager = store::get(&call.target(&request)?)?;
    let mut items = Vec::new();
    for member in member::of(&manager) {
        let mut shown = show(&manager, &member)?;
        links::expand(&mut shown, &call.base);
        items.push((call.scope.clone(), shown));
    }
    let page = Wanted::of(&request)?.page(&request, items)?;
    let mut answer = json!({});
    if !page.items.is_empty() {
        answer["managedInstances"] = page.items.into_iter().map(|(_, item)| item).collect();
    }
    if let Some(next) = page.next {
        answer["nextPageToken"] = json!(next);
    }
    Ok(Response::json(&answer).into())
}

fn show(manager: &Resource, member: &Member) -> Result<Value> {
    let path = member.instance();
    let instance = match &path {
        Some(path) => db::read(|tx| store::find(tx, path))?,
        None => None,
    };
    let mut shown = json!({
        "instance": format!("{MARK}{}", member.path),
        "name": member.name(),
        "currentAction": member.action,
        "targetStatus": member.goal,
        "version": version(member),
    });
    let own = configs::own(manager, member.name());
    if !own.is_null() {
        shown["preservedStateFromConfig"] = own;
    }
    if let Some(instance) = instance {
        shown["id"] = json!(instance.id.to_string());
        shown["instanceStatus"] = json!(instance.text("status"));
    }
    if let Some(error) = &member.error {
        shown["lastAttempt"] = json!({"errors": {"errors": [{"code": error.code, "message": error.message}]}});
    }
    Ok(shown)
}

fn version(member: &Member) -> Value {
    let mut version = json!({"instanceTemplate": format!("{MARK}{}", member.template)});
    if let Some(name) = &member.version {
        version["name"] = json!(name);
    }
    version
}

/// `GET .../listErrors`: why instances cannot be made.
///
/// Errors: 404.
pub fn list_errors(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let manager = store::get(&call.target(&request)?)?;
    let items = member::of(&manager).into_iter().filter_map(|member| {
        let error = member.error.clone()?;
        let mut shown = json!({
            "error": {"code": error.code, "message": error.message},
            "timestamp": error.at,
            "instanceActionDetails": {
                "instance": format!("{MARK}{}", member.path),
                "action": member.action,
                "version": version(&member),
            },
        });
        links::expand(&mut shown, &call.base);
        Some((call.scope.clone(), shown))
    });
    let page = Wanted::of(&request)?.page(&request, items.collect())?;
    let mut answer = json!({"items": page.items.into_iter().map(|(_, item)| item).collect::<Vec<Value>>()});
    if let Some(next) = page.next {
        answer["nextPageToken"] = json!(next);
    }
    Ok(Response::json(&answer).into())
}

/// `POST .../deleteInstances`: the group is smaller then.
///
/// Errors: 400 for an instance that is not in the group.
pub fn delete_instances(request: Request) -> Result<Reply> {
    each(request, |manager, members, chosen| {
        members
            .iter_mut()
            .filter(|member| chosen.contains(&member.path))
            .for_each(|member| member.action = Action::Deleting);
        resized(manager, members);
    })
}

/// `POST .../abandonInstances`: they leave the group and stay, and the group is smaller.
///
/// Errors: 400 for an instance that is not in the group.
pub fn abandon_instances(request: Request) -> Result<Reply> {
    each(request, |manager, members, chosen| {
        members.retain(|member| !chosen.contains(&member.path));
        resized(manager, members);
    })
}

/// `POST .../recreateInstances`
///
/// Errors: 400 for an instance that is not in the group.
pub fn recreate_instances(request: Request) -> Result<Reply> {
    each(request, |manager, members, chosen| {
        let versions = versions::of(manager);
        for at in 0..members.len() {
            if !chosen.contains(&members[at].path) {
                continue;
            }
            if !versions.iter().any(|version| version.has(&members[at]))
                && let Some(version) = versions::lacking(&versions, members)
            {
                version.take(&mut members[at]);
            }
            members[at].recreate();
        }
    })
}

/// `POST .../applyUpdatesToInstances`: those of another version than the group's go over, the others are told what is new for them.
///
/// Errors: 400 for an instance that is not in the group, or that needs more than is allowed.
pub fn apply_updates(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let least = body.get("minimalAction").map_or(Disruption::None, Disruption::of);
    let most = body.get("mostDisruptiveAllowedAction").map_or(Disruption::Replace, Disruption::of);
    change::change(&call, &path, |tx, manager| {
        let mut members = member::of(manager);
        let chosen = chosen(&body, &members)?;
        let versions = versions::of(manager);
        let keeps_names = policy::of(manager).keeps_names || configs::is_stateful(manager);
        for at in 0..members.len() {
            if !chosen.contains(&members[at].path) || !members[at].runs() {
                continue;
            }
            let old = versions::outdated(&versions, &members).contains(&at);
            let version = if old { versions::lacking(&versions, &members) } else { None };
            let version = version.or_else(|| versions.iter().find(|version| version.has(&members[at])));
            let Some(version) = version.cloned() else { continue };
            let needed = needed(manager, &members[at], &version);
            if needed > most {
                let why = "The update needs more than mostDisruptiveAllowedAction allows.";
                return Err(failure::invalid("mostDisruptiveAllowedAction", &members[at].path, why));
            }
            rollout::change(&mut members[at], &version, needed.max(least), keeps_names);
        }
        manager::woken(tx, manager, &members)
    })
}

fn needed(manager: &Resource, member: &Member, version: &versions::Version) -> Disruption {
    let described = member.config == configs::revision(manager, member.name())
        && member.common == configs::common_revision(manager);
    let told = if described { Disruption::None } else { Disruption::Refresh };
    rollout::needed(member, version).max(told)
}

/// `POST .../createInstances`: with the names that the body gives, and what each is to keep.
///
/// Errors: 400 for a name that is none, or is in the group.
pub fn create_instances(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let sent = body.get("instances").and_then(Value::as_array).into_iter().flatten();
    let sent: Vec<Value> = sent.cloned().collect();
    change::change(&call, &path, |tx, manager| {
        let mut members = member::of(manager);
        let zones = manager::zones(manager);
        for config in &sent {
            let name = config["name"].as_str().unwrap_or_default();
            let taken = members.iter().any(|member| member.name() == name);
            if taken || !crate::instances::metadata::is_name(name) {
                return Err(failure::invalid(
                    "instances.name",
                    name,
                    "It is no name, or a name that an instance of the group has.",
                ));
            }
            // The group grows by it, and so does what its versions lack.
            manager.set("targetSize", versions::size(manager) + 1);
            let versions = versions::of(manager);
            let version = versions::lacking(&versions, &members);
            let version = version.ok_or_else(|| failure::required("resource.instanceTemplate"))?;
            let zone = &zones[members.len() % zones.len().max(1)];
            members.push(Member::new(&manager.path.project, zone, name, version));
            configs::begin(manager, name, &config["preservedState"]);
        }
        resized(manager, &members);
        manager::woken(tx, manager, &members)
    })
}

/// Does something about the instances that a body names, or all of them with `allInstances`.
pub fn each(mut request: Request, mut edit: impl FnMut(&mut Resource, &mut Vec<Member>, &[String])) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    change::change(&call, &path, |tx, manager| {
        let mut members = member::of(manager);
        let chosen = chosen(&body, &members)?;
        edit(manager, &mut members, &chosen);
        manager::woken(tx, manager, &members)
    })
}

/// Paths of the members that a body names. They may be named by their URL, or from the zone on.
fn chosen(body: &Map<String, Value>, members: &[Member]) -> Result<Vec<String>> {
    if body.get("allInstances") == Some(&json!(true)) {
        return Ok(members.iter().map(|member| member.path.clone()).collect());
    }
    let lenient = body.get("skipInstancesOnValidationError") == Some(&json!(true));
    let mut chosen = Vec::new();
    for text in body.get("instances").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        let path = text.strip_prefix(MARK).and_then(Path::parse).map(|path| path.to_string()).unwrap_or_default();
        match members.iter().any(|member| member.path == path) {
            true => chosen.push(path),
            false if lenient => {}
            false => {
                let why = "The instance is not a member of the group.";
                return Err(failure::invalid("instances", text.trim_start_matches(MARK), why));
            }
        }
    }
    Ok(chosen)
}
