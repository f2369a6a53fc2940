//! `PUT .../instances/NAME`: all fields that a client may change, at once.
//! <https://cloud.google.com/compute/docs/instances/update-instance-properties>

use super::network::Machine;
use super::state::State;
use super::{account, defaults, disks, draft, metadata, work};
use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::store::{self, Resource};
use compute_api::{change, failure, show};
use fogbank_sdk::{Code, Error, Reply, Request, Result};
use serde_json::{Map, Value, json};

/// What a change does to an instance that runs, from the least on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Action {
    None,
    Refresh,
    Restart,
}

/// Fields that can be changed while it runs.
const LIVE: [&str; 10] = [
    "description",
    "labels",
    "metadata",
    "tags",
    "deletionProtection",
    "scheduling",
    "resourcePolicies",
    "networkInterfaces",
    "shieldedInstanceIntegrityPolicy",
    "disks",
];

/// Fields that need the instance stopped and started.
const RESTARTED: [&str; 9] = [
    "machineType",
    "minCpuPlatform",
    "serviceAccounts",
    "shieldedInstanceConfig",
    "confidentialInstanceConfig",
    "displayDevice",
    "guestAccelerators",
    "advancedMachineFeatures",
    "canIpForward",
];

/// Changes an instance into what was sent, as far as `mostDisruptiveAllowedAction` allows.
///
/// Errors: 400 for what cannot be changed or needs more than is allowed, 412 for a fingerprint of another state.
pub fn update(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let mut body = call.body(&mut request)?;
    let allowed = action(&request, "mostDisruptiveAllowedAction", Action::Restart)?;
    let least = action(&request, "minimalAction", Action::None)?;
    change::require_elsewhere(&without(&body, "networkInterfaces"))?;
    let before = store::get(&path)?;
    check_fingerprint(&before, &mut body)?;
    let next = complete(&before, body)?;
    change::change(&call, &path, |_, instance| {
        if instance.body != before.body {
            return Err(failure::stale("resource"));
        }
        let needed = needed(instance, &next)?.max(least);
        let running = State::of(instance) == State::Running;
        if running && needed > allowed {
            let message = format!(
                "The change needs the action {}, more than mostDisruptiveAllowedAction allows.",
                if needed == Action::Restart { "RESTART" } else { "REFRESH" }
            );
            return Err(Error::new(Code::InvalidArgument, "invalid", message));
        }
        instance.body = next.clone();
        Ok(if running && needed == Action::Restart {
            Then::Run(work::REPLACE, Value::Null)
        } else {
            super::edit::push()
        })
    })
}

fn without(body: &Map<String, Value>, field: &str) -> Map<String, Value> {
    body.iter().filter(|(name, _)| *name != field).map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn check_fingerprint(before: &Resource, body: &mut Map<String, Value>) -> Result<()> {
    match body.remove("fingerprint") {
        Some(sent) if sent != json!(show::fingerprint(before)?) => Err(failure::stale("resource")),
        _ => Ok(()),
    }
}

/// The fields as they will be.
fn complete(before: &Resource, mut sent: Map<String, Value>) -> Result<Map<String, Value>> {
    let mut next = before.body.clone();
    for field in LIVE.iter().chain(&RESTARTED) {
        match sent.remove(*field) {
            Some(value) => next.insert((*field).to_owned(), value),
            None if OPTIONAL.contains(field) => next.remove(*field),
            None => None,
        };
    }
    let current = |field: &str| before.body.get(field);
    for (field, replaced) in [
        ("metadata", metadata::replaced as fn(Option<&Value>, &Value) -> Result<Value>),
        ("tags", metadata::replaced_tags),
    ] {
        if next.get(field) != current(field) {
            let value = replaced(current(field), next.get(field).unwrap_or(&Value::Null))?;
            next.insert(field.to_owned(), value);
        }
    }
    next.insert("scheduling".into(), defaults::scheduling(next.get("scheduling"), false)?);
    let kind = draft::machine_type(&before.path, &next)?;
    let platform = defaults::cpu_platform(&kind, next.get("minCpuPlatform").and_then(Value::as_str));
    next.insert("cpuPlatform".into(), json!(platform));
    if next.get("serviceAccounts") != current("serviceAccounts") {
        let accounts = account::complete(next.get("serviceAccounts").unwrap_or(&Value::Null), &before.path.project)?;
        next.insert("serviceAccounts".into(), accounts);
    }
    next.insert("disks".into(), auto_delete(before, next.get("disks")));
    if next.get("networkInterfaces") != current("networkInterfaces") {
        let wanted = Resource { body: next.clone(), ..before.clone() };
        let interfaces = Machine::of(&wanted).update()?;
        next.insert("networkInterfaces".into(), interfaces);
    }
    Ok(next)
}

/// Fields whose absence takes them away.
const OPTIONAL: [&str; 6] =
    ["description", "labels", "resourcePolicies", "minCpuPlatform", "serviceAccounts", "guestAccelerators"];

/// Disks are attached and detached by their own methods; here they only change whether they go with the instance.
fn auto_delete(before: &Resource, sent: Option<&Value>) -> Value {
    let mut there = disks::attached(before).to_vec();
    for disk in &mut there {
        let sent = sent.and_then(Value::as_array).into_iter().flatten();
        let same =
            sent.filter(|sent| sent["deviceName"] == disk["deviceName"]).find_map(|sent| sent["autoDelete"].as_bool());
        if let Some(auto) = same {
            disk["autoDelete"] = json!(auto);
        }
    }
    Value::Array(there)
}

fn needed(before: &Resource, next: &Map<String, Value>) -> Result<Action> {
    let changed = |field: &&str| before.body.get(*field) != next.get(*field);
    Ok(match (RESTARTED.iter().any(changed), LIVE.iter().any(changed)) {
        (true, _) => Action::Restart,
        (_, true) => Action::Refresh,
        _ => Action::None,
    })
}

fn action(request: &Request, name: &str, default: Action) -> Result<Action> {
    match request.query(name).unwrap_or_default() {
        "" | "INVALID" => Ok(default),
        "NO_EFFECT" | "NONE" => Ok(Action::None),
        "REFRESH" => Ok(Action::Refresh),
        "RESTART" => Ok(Action::Restart),
        other => Err(failure::invalid(name, other, "It has to be NO_EFFECT, REFRESH or RESTART.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use compute_api::path::Path;

    #[test]
    fn a_change_says_how_much_it_disturbs() {
        let path = Path::parse("projects/p/zones/us-central1-a/instances/w1").unwrap();
        let body = json!({"machineType": "a", "labels": {}}).as_object().unwrap().clone();
        let instance = Resource::new(path, body.clone()).unwrap();
        assert_eq!(needed(&instance, &body).unwrap(), Action::None);
        let mut labels = body.clone();
        labels.insert("labels".into(), json!({"a": "b"}));
        assert_eq!(needed(&instance, &labels).unwrap(), Action::Refresh);
        labels.insert("machineType".into(), json!("b"));
        assert_eq!(needed(&instance, &labels).unwrap(), Action::Restart);
    }
}
