//! What instances of a group have beside their template: each its own configuration, all of them a common one, and disks that
//! outlive an instance which is made anew. <https://cloud.google.com/compute/docs/instance-groups/stateful-migs>

use super::member::{self, Member};
use super::reconcile;
use compute_api::call::Call;
use compute_api::list::Wanted;
use compute_api::operation::Then;
use compute_api::path::{MARK, Path};
use compute_api::store::{self, Resource};
use compute_api::{change, failure, links};
use fogbank_sdk::{Reply, Request, Response, Result, etag};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The field of a manager's row with the state that each instance keeps, by its name; not shown to clients.
const FIELD: &str = "_configs";

/// `POST .../listPerInstanceConfigs`
///
/// Errors: 404; 400 for a filter that is none.
pub fn list(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let manager = store::get(&call.target(&request)?)?;
    let members = member::of(&manager);
    let mut items = Vec::new();
    for (name, state) in all(&manager) {
        let applied = members.iter().any(|member| member.name() == name && member.config == revision(&manager, &name));
        let status = if applied { "EFFECTIVE" } else { "UNAPPLIED" };
        let fingerprint = etag::fingerprint(&(&name, &state))?;
        let mut shown = json!({"name": name, "fingerprint": fingerprint, "preservedState": state, "status": status});
        links::expand(&mut shown, &call.base);
        items.push((call.scope.clone(), shown));
    }
    let page = Wanted::of(&request)?.page(&request, items)?;
    let mut answer = json!({"items": page.items.into_iter().map(|(_, item)| item).collect::<Vec<Value>>()});
    if let Some(next) = page.next {
        answer["nextPageToken"] = json!(next);
    }
    Ok(Response::json(&answer).into())
}

/// `POST .../updatePerInstanceConfigs`: what is said takes the place of what was.
///
/// Errors: 400 for an instance that the group does not have.
pub fn update(request: Request) -> Result<Reply> {
    edit(request, |_, said| said)
}

/// `POST .../patchPerInstanceConfigs`: what is said is added; `null` takes away.
///
/// Errors: as [`update`].
pub fn patch(request: Request) -> Result<Reply> {
    edit(request, |mut was, said| {
        fogbank_sdk::patch::merge(&mut was, &said);
        was
    })
}

/// `POST .../deletePerInstanceConfigs`
///
/// Errors: 400 for an instance without one.
pub fn delete(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let names = body.get("names").and_then(Value::as_array).cloned().unwrap_or_default();
    change::change(&call, &path, |tx, manager| {
        let mut configs = all(manager);
        for name in names.iter().filter_map(Value::as_str) {
            if configs.remove(name).is_none() {
                return Err(failure::invalid("names", name, "The instance has no configuration of its own."));
            }
        }
        keep(manager, configs);
        reconcile::wake(tx, manager)?;
        Ok(Then::Done)
    })
}

fn edit(mut request: Request, next: impl Fn(Value, Value) -> Value) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.patch(&mut request)?;
    let sent = body.get("perInstanceConfigs").and_then(Value::as_array).cloned().unwrap_or_default();
    change::change(&call, &path, |tx, manager| {
        let members = member::of(manager);
        let mut configs = all(manager);
        for config in &sent {
            let name = config["name"].as_str().unwrap_or_default();
            if !members.iter().any(|member| member.name() == name) {
                let why = "The instance is not a member of the group.";
                return Err(failure::invalid("perInstanceConfigs.name", name, why));
            }
            let was = configs.remove(name).unwrap_or_else(|| json!({}));
            let said = Some(config["preservedState"].clone()).filter(Value::is_object).unwrap_or_else(|| json!({}));
            configs.insert(name.to_owned(), completed(next(was, said)));
        }
        keep(manager, configs);
        reconcile::wake(tx, manager)?;
        Ok(Then::Done)
    })
}

/// Takes what an instance is to keep from the start. Nothing, where nothing is said.
pub fn begin(manager: &mut Resource, name: &str, state: &Value) {
    if state.as_object().is_some_and(|state| !state.is_empty()) {
        let mut configs = all(manager);
        configs.insert(name.to_owned(), completed(state.clone()));
        keep(manager, configs);
    }
}

/// Forgets the configurations of instances that the group does not have any more.
pub fn tidy(manager: &mut Resource, members: &[Member]) {
    let mut configs = all(manager);
    let before = configs.len();
    configs.retain(|name, _| members.iter().any(|member| member.name() == name));
    if configs.len() != before {
        keep(manager, configs);
    }
}

fn completed(mut state: Value) -> Value {
    for disk in state["disks"].as_object_mut().into_iter().flat_map(|disks| disks.values_mut()) {
        for (field, value) in [("autoDelete", "NEVER"), ("mode", "READ_WRITE")] {
            if disk[field].is_null() {
                disk[field] = json!(value);
            }
        }
    }
    if let Some(state) = state.as_object_mut() {
        state.retain(|_, value| value.as_object().is_some_and(|value| !value.is_empty()));
    }
    state
}

fn all(manager: &Resource) -> Map<String, Value> {
    manager.body.get(FIELD).and_then(Value::as_object).cloned().unwrap_or_default()
}

fn keep(manager: &mut Resource, configs: Map<String, Value>) {
    match configs.is_empty() {
        true => drop(manager.body.remove(FIELD)),
        false => manager.set(FIELD, Value::Object(configs)),
    }
}

// === What follows for instances ===

/// The state that an instance keeps by its own configuration.
pub fn own(manager: &Resource, name: &str) -> Value {
    all(manager).remove(name).unwrap_or_default()
}

/// Says which configuration of its own an instance has to have; empty for none.
pub fn revision(manager: &Resource, name: &str) -> String {
    let own = own(manager, name);
    if own.is_null() { String::new() } else { etag::fingerprint(&own).unwrap_or_default() }
}

/// Says which common configuration instances have to have; empty for none.
pub fn common_revision(manager: &Resource) -> String {
    let common = manager.body.get("allInstancesConfig").filter(|common| **common != json!({}));
    common.and_then(|common| etag::fingerprint(common).ok()).unwrap_or_default()
}

/// Whether something of an instance outlives it, so that what is made anew has to have its name.
pub fn is_stateful(manager: &Resource) -> bool {
    !all(manager).is_empty() || policy(manager).is_some_and(|disks| !disks.is_empty())
}

fn policy(manager: &Resource) -> Option<&Map<String, Value>> {
    manager.body.get("statefulPolicy")?["preservedState"]["disks"].as_object()
}

/// Devices whose disks outlive an instance, and whether they go with the last of it.
pub fn devices(manager: &Resource, name: &str) -> BTreeMap<String, bool> {
    let own = own(manager, name);
    let said = policy(manager).into_iter().chain(own["disks"].as_object()).flatten();
    said.map(|(device, disk)| (device.clone(), disk["autoDelete"] == "ON_PERMANENT_INSTANCE_DELETION")).collect()
}

/// Puts into the body of an instance that is to be made what it has beside its template.
pub fn apply(manager: &Resource, member: &Member, body: &mut Map<String, Value>) {
    describe(manager, member, body);
    let own = own(manager, member.name());
    let mut disks: BTreeMap<String, Value> = BTreeMap::new();
    for (device, path) in &member.disks {
        disks.insert(device.clone(), json!({"source": format!("{MARK}{path}")}));
    }
    for (device, disk) in own["disks"].as_object().into_iter().flatten() {
        disks.insert(device.clone(), json!({"source": disk["source"], "mode": disk["mode"]}));
    }
    let Some(there) = body.get_mut("disks").and_then(Value::as_array_mut) else { return };
    for (device, mut disk) in disks {
        disk["deviceName"] = json!(device);
        disk["autoDelete"] = json!(false);
        match there.iter_mut().find(|there| there["deviceName"] == disk["deviceName"]) {
            Some(place) => {
                disk["boot"] = place["boot"].clone();
                *place = disk;
            }
            None => there.push(disk),
        }
    }
}

/// Puts labels and metadata that an instance has beside its template into its body.
pub fn describe(manager: &Resource, member: &Member, body: &mut Map<String, Value>) {
    let common = manager.body.get("allInstancesConfig").map(|config| config["properties"].clone()).unwrap_or_default();
    let own = own(manager, member.name());
    if let Some(labels) = common["labels"].as_object() {
        let there = body.entry("labels").or_insert_with(|| json!({}));
        labels.iter().for_each(|(key, value)| there[key] = value.clone());
    }
    let mut items: Vec<Value> =
        body.get("metadata").and_then(|metadata| metadata["items"].as_array()).cloned().unwrap_or_default();
    for (key, value) in [&common, &own].into_iter().filter_map(|said| said["metadata"].as_object()).flatten() {
        items.retain(|item| item["key"] != *key);
        items.push(json!({"key": key, "value": value}));
    }
    if !items.is_empty() {
        body.insert("metadata".into(), json!({"items": items}));
    }
}

/// Disks of an instance's own configuration, by device.
pub fn disks(manager: &Resource, name: &str) -> Vec<(String, Path, String)> {
    let own = own(manager, name);
    let read = |(device, disk): (&String, &Value)| {
        let source = disk["source"].as_str()?.strip_prefix(MARK).and_then(Path::parse)?;
        Some((device.clone(), source, disk["mode"].as_str().unwrap_or("READ_WRITE").to_owned()))
    };
    own["disks"].as_object().into_iter().flatten().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::super::versions::Version;
    use super::*;

    fn group() -> Resource {
        let path = Path::parse("projects/p/zones/us-central1-a/instanceGroupManagers/g").unwrap();
        let mut group = Resource::new(path, Map::new()).unwrap();
        group.set("allInstancesConfig", json!({"properties": {"labels": {"team": "x"}, "metadata": {"a": "all"}}}));
        let source = "//compute/projects/p/zones/us-central1-a/disks/d";
        begin(&mut group, "g-1", &json!({"metadata": {"a": "own"}, "disks": {"data": {"source": source}}}));
        group
    }

    #[test]
    fn an_instance_has_its_own_state_over_the_common_one() {
        let template = Path::parse("projects/p/global/instanceTemplates/t").unwrap();
        let version = Version { template, name: None, count: 1 };
        let mut member = Member::new("p", "us-central1-a", "g-1", &version);
        member.disks.insert("boot".into(), "projects/p/zones/us-central1-a/disks/old".into());
        let mut body = json!({"disks": [{"boot": true, "deviceName": "boot", "initializeParams": {}}]});
        let body = body.as_object_mut().unwrap();
        apply(&group(), &member, body);
        assert_eq!((&body["labels"]["team"], &body["metadata"]["items"][0]["value"]), (&json!("x"), &json!("own")));
        assert_eq!((&body["disks"][0]["boot"], body["disks"][0].get("initializeParams")), (&json!(true), None));
        assert_eq!(
            (&body["disks"][1]["deviceName"], &body["disks"][1]["mode"]),
            (&json!("data"), &json!("READ_WRITE"))
        );
    }

    #[test]
    fn a_configuration_has_a_revision_and_goes_with_its_instance() {
        let mut group = group();
        assert!(is_stateful(&group) && !revision(&group, "g-1").is_empty() && revision(&group, "g-2").is_empty());
        assert_eq!(devices(&group, "g-1"), BTreeMap::from([("data".to_owned(), false)]));
        tidy(&mut group, &[]);
        assert!(!is_stateful(&group));
    }
}
