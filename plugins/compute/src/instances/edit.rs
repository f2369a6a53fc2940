//! Changes of single fields.

use super::state::{State, require_terminated};
use super::{account, defaults, draft, metadata, work};
use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::store::{self, Resource};
use compute_api::{change, failure};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Error, Reply, Request, Result, identity};
use serde_json::{Map, Value, json};

/// `POST .../setMetadata`
///
/// Errors: 412 for a fingerprint of another state.
pub fn set_metadata(mut request: Request) -> Result<Reply> {
    edit(&mut request, |_, instance, sent| {
        let next = metadata::replaced(instance.body.get("metadata"), &Value::Object(sent.clone()))?;
        instance.set("metadata", next);
        Ok(Then::Done)
    })
}

/// `POST .../setTags`: firewall rules and routes follow.
///
/// Errors: 412.
pub fn set_tags(mut request: Request) -> Result<Reply> {
    edit(&mut request, |_, instance, sent| {
        let next = metadata::replaced_tags(instance.body.get("tags"), &Value::Object(sent.clone()))?;
        instance.set("tags", next);
        Ok(push())
    })
}

/// `POST .../setMachineType`
///
/// Errors: 400 while it runs, or for a type that there is not.
pub fn set_machine_type(mut request: Request) -> Result<Reply> {
    edit(&mut request, |_, instance, sent| {
        require_terminated(instance, "given another machine type")?;
        let kind = draft::machine_type(&instance.path, sent)?;
        let least = instance.text("minCpuPlatform").map(str::to_owned);
        instance.set("machineType", sent["machineType"].clone());
        instance.set("cpuPlatform", defaults::cpu_platform(&kind, least.as_deref()));
        Ok(Then::Done)
    })
}

/// `POST .../setMachineResources`
///
/// Errors: 400 while it runs.
pub fn set_machine_resources(mut request: Request) -> Result<Reply> {
    edit(&mut request, |_, instance, sent| {
        require_terminated(instance, "given accelerators")?;
        instance.body.extend(sent.clone());
        Ok(Then::Done)
    })
}

/// `POST .../setServiceAccount`; a body without an address takes the account away.
///
/// Errors: 400 while it runs, 403 without the right to act as the account.
pub fn set_service_account(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let mut body = call.body(&mut request)?;
    let named = body.get("email").and_then(Value::as_str).is_some_and(|email| !email.is_empty());
    let accounts = match named {
        true => account::complete(&json!([body]), &call.project)?,
        false => {
            body.clear();
            json!([])
        }
    };
    change::change(&call, &path, |_, instance| {
        require_terminated(instance, "given another service account").or_else(|error| {
            match instance.body.get("serviceAccounts") {
                None if !named => Ok(()),
                _ => Err(error),
            }
        })?;
        match named {
            true => instance.set("serviceAccounts", accounts.clone()),
            false => drop(instance.body.remove("serviceAccounts")),
        }
        Ok(push())
    })
}

/// `POST .../setScheduling`
///
/// Errors: 400 for options that exclude each other.
pub fn set_scheduling(mut request: Request) -> Result<Reply> {
    edit(&mut request, |_, instance, sent| {
        let mut scheduling = instance.body.get("scheduling").cloned().unwrap_or_default();
        for (field, value) in sent {
            scheduling[field] = value.clone();
        }
        instance.set("scheduling", defaults::scheduling(Some(&scheduling), false)?);
        Ok(Then::Done)
    })
}

/// `POST .../setDeletionProtection?deletionProtection=BOOL`; true where nothing is said.
pub fn set_deletion_protection(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let protected = request.query_flag("deletionProtection")?.unwrap_or(true);
    change::change(&call, &path, |_, instance| {
        instance.set("deletionProtection", protected);
        Ok(Then::Done)
    })
}

/// `POST .../setMinCpuPlatform`
///
/// Errors: 400 while it runs.
pub fn set_min_cpu_platform(mut request: Request) -> Result<Reply> {
    edit(&mut request, |_, instance, sent| {
        require_terminated(instance, "given another CPU platform")?;
        let least = sent.get("minCpuPlatform").and_then(Value::as_str).unwrap_or_default();
        match least {
            "" | "Automatic" => drop(instance.body.remove("minCpuPlatform")),
            least => instance.set("minCpuPlatform", least),
        }
        let kind = instance.link("machineType").map(|link| link.name).unwrap_or_default();
        instance.set("cpuPlatform", defaults::cpu_platform(&kind, Some(least)));
        Ok(Then::Done)
    })
}

/// `POST .../setSecurityPolicy`: that of the interfaces named.
pub fn set_security_policy(mut request: Request) -> Result<Reply> {
    edit(&mut request, |_, instance, sent| {
        let policy = sent.get("securityPolicy").cloned().unwrap_or_default();
        let names = sent.get("networkInterfaces").and_then(Value::as_array).cloned().unwrap_or_default();
        let interfaces = instance.body.get_mut("networkInterfaces").and_then(Value::as_array_mut);
        for interface in interfaces.into_iter().flatten().filter(|interface| names.contains(&interface["name"])) {
            for config in interface.get_mut("accessConfigs").and_then(Value::as_array_mut).into_iter().flatten() {
                config["securityPolicy"] = policy.clone();
            }
        }
        Ok(Then::Done)
    })
}

/// `PATCH .../updateShieldedInstanceConfig`
///
/// Errors: 400 while it runs.
pub fn update_shielded_instance_config(mut request: Request) -> Result<Reply> {
    edit(&mut request, |_, instance, sent| {
        require_terminated(instance, "given another Shielded VM configuration")?;
        let mut config = instance.body.get("shieldedInstanceConfig").cloned().unwrap_or_default();
        for (field, value) in sent {
            config[field] = value.clone();
        }
        instance.set("shieldedInstanceConfig", config);
        Ok(Then::Done)
    })
}

/// `PATCH .../setShieldedInstanceIntegrityPolicy`
pub fn set_shielded_instance_integrity_policy(mut request: Request) -> Result<Reply> {
    edit(&mut request, |_, instance, sent| {
        instance.set("shieldedInstanceIntegrityPolicy", sent.clone());
        Ok(Then::Done)
    })
}

/// `PATCH .../updateDisplayDevice`
///
/// Errors: 400 while it runs.
pub fn update_display_device(mut request: Request) -> Result<Reply> {
    edit(&mut request, |_, instance, sent| {
        require_terminated(instance, "given a display")?;
        instance.set("displayDevice", sent.clone());
        Ok(Then::Done)
    })
}

/// `POST .../addResourcePolicies`
///
/// Errors: 404 for a policy that is not there.
pub fn add_resource_policies(mut request: Request) -> Result<Reply> {
    policies(&mut request, |there, sent| {
        for policy in sent {
            if !there.contains(policy) {
                there.push(policy.clone());
            }
        }
    })
}

/// `POST .../removeResourcePolicies`
pub fn remove_resource_policies(mut request: Request) -> Result<Reply> {
    policies(&mut request, |there, sent| there.retain(|policy| !sent.contains(policy)))
}

/// `POST .../setName`: the instance gets another name, and keeps all else.
///
/// Errors: 400 while it runs, 409 for a name that is taken.
pub fn set_name(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    if !metadata::is_name(&name) {
        return Err(failure::invalid("name", name, "It is no name of an instance."));
    }
    let next = call.path(&name);
    let named = change::change(&call, &path, |tx, instance| {
        require_terminated(instance, "renamed")?;
        if body.get("currentName").and_then(Value::as_str).is_some_and(|current| current != path.name) {
            return Err(failure::invalid("currentName", &path.name, "It is not the name of the instance."));
        }
        rename(tx, instance, next.clone())?;
        Ok(push())
    })?;
    identity::forget(&path.full_name())?;
    Ok(named)
}

/// Gives a resource another name, or another place.
///
/// Errors: 409 for one that is taken.
pub fn rename(tx: &Transaction, instance: &mut Resource, next: compute_api::path::Path) -> Result<()> {
    if store::find(tx, &next)?.is_some() {
        return Err(failure::already_exists(&next));
    }
    store::remove(tx, &instance.path)?;
    instance.path = next;
    store::insert(tx, instance)
}

fn policies(request: &mut Request, apply: impl Fn(&mut Vec<Value>, &[Value])) -> Result<Reply> {
    edit(request, |_, instance, sent| {
        let sent = sent.get("resourcePolicies").and_then(Value::as_array).cloned().unwrap_or_default();
        let there = instance.body.get("resourcePolicies").and_then(Value::as_array).cloned();
        let mut there = there.unwrap_or_default();
        apply(&mut there, &sent);
        match there.is_empty() {
            true => drop(instance.body.remove("resourcePolicies")),
            false => instance.set("resourcePolicies", there),
        }
        Ok(Then::Done)
    })
}

/// Reads the body and changes the instance by it.
fn edit(
    request: &mut Request,
    mut apply: impl FnMut(&Transaction, &mut Resource, &Map<String, Value>) -> Result<Then>,
) -> Result<Reply> {
    let call = Call::of(request)?;
    let path = call.target(request)?;
    let sent = call.body(request)?;
    change::require_elsewhere(&sent)?;
    change::change(&call, &path, |tx, instance| apply(tx, instance, &sent))
}

/// `vpc` is told of the change before the operation ends.
pub fn push() -> Then {
    Then::Run(work::PUSH, Value::Null)
}

/// Whether a change needs the machine's container made again.
pub fn replaced(instance: &Resource) -> Then {
    match State::of(instance) {
        State::Running | State::Suspended => Then::Run(work::REPLACE, Value::Null),
        _ => Then::Done,
    }
}

/// 400 for what has no such thing.
pub fn missing(field: &str, value: &str) -> Error {
    failure::invalid(field, value, "The instance has none of that name.")
}
