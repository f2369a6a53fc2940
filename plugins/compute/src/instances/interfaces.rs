//! Changes of network interfaces and their access configurations: `vpc` says whether they can be, and finds the addresses.

use super::attach::required;
use super::edit;
use super::network::{self, Machine};
use compute_api::call::Call;
use compute_api::store::{self, Resource};
use compute_api::{change, failure};
use fogbank_sdk::{Reply, Request, Response, Result};
use serde_json::{Map, Value, json};

/// `POST .../addAccessConfig?networkInterface=nic0`
///
/// Errors: 400 for an interface that has one, or that there is not; 400 and 404 for the address.
pub fn add_access_config(mut request: Request) -> Result<Reply> {
    on_interface(&mut request, |interface, sent| {
        let configs = configs(interface);
        if !configs.is_empty() {
            return Err(failure::invalid(
                "networkInterface",
                "",
                "The interface has an access config; at most one is supported.",
            ));
        }
        configs.push(Value::Object(sent));
        Ok(())
    })
}

/// `POST .../updateAccessConfig?networkInterface=nic0`
///
/// Errors: 400.
pub fn update_access_config(mut request: Request) -> Result<Reply> {
    on_interface(&mut request, |interface, sent| {
        let name = sent.get("name").cloned();
        let configs = configs(interface);
        let found = configs.iter_mut().find(|config| name.as_ref().is_none_or(|name| config["name"] == *name));
        let found = found
            .ok_or_else(|| edit::missing("accessConfig", name.as_ref().and_then(Value::as_str).unwrap_or_default()))?;
        if let Some(fields) = found.as_object_mut() {
            fields.extend(sent);
        }
        Ok(())
    })
}

/// `POST .../deleteAccessConfig?networkInterface=nic0&accessConfig=NAME`
///
/// Errors: 400.
pub fn delete_access_config(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let config = required(&request, "accessConfig")?;
    let interface = required(&request, "networkInterface")?;
    let path = call.target(&request)?;
    apply(&call, &path, &interface, |interface| {
        let configs = configs(interface);
        let at = configs.iter().position(|other| other["name"] == config.as_str());
        configs.remove(at.ok_or_else(|| edit::missing("accessConfig", &config))?);
        if configs.is_empty() {
            interface.remove("accessConfigs");
        }
        Ok(())
    })
}

/// `PATCH .../updateNetworkInterface?networkInterface=nic0`
///
/// Errors: 412 for a fingerprint of another state.
pub fn update_network_interface(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let name = required(&request, "networkInterface")?;
    let path = call.target(&request)?;
    let mut patch = call.patch(&mut request)?;
    let fingerprint = patch.remove("fingerprint");
    patch.remove("name");
    apply(&call, &path, &name, |interface| {
        if fingerprint.as_ref().is_none_or(|sent| interface.get("fingerprint") != Some(sent)) {
            return Err(failure::stale("network interface"));
        }
        let mut merged = Value::Object(std::mem::take(interface));
        fogbank_sdk::patch::merge(&mut merged, &Value::Object(patch.clone()));
        if let Value::Object(fields) = merged {
            *interface = fields;
        }
        Ok(())
    })
}

/// `POST .../addNetworkInterface`
///
/// Errors: 400 and 404 as `vpc` says them.
pub fn add_network_interface(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let sent = call.body(&mut request)?;
    replace(&call, &path, |interfaces| {
        interfaces.push(Value::Object(sent.clone()));
        Ok(())
    })
}

/// `POST .../deleteNetworkInterface?networkInterfaceName=nic1`
///
/// Errors: 400 for the first one, or one that there is not.
pub fn delete_network_interface(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let name = required(&request, "networkInterfaceName")?;
    replace(&call, &path, |interfaces| {
        let at = interfaces.iter().position(|interface| interface["name"] == name.as_str());
        match at.ok_or_else(|| edit::missing("networkInterfaceName", &name))? {
            0 => Err(failure::invalid("networkInterfaceName", &name, "The first interface stays.")),
            at => {
                interfaces.remove(at);
                Ok(())
            }
        }
    })
}

/// `GET .../getEffectiveFirewalls?networkInterface=nic0`: the rules of the interface's network.
///
/// Errors: 400 for an interface that there is not, 404.
pub fn get_effective_firewalls(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let name = required(&request, "networkInterface")?;
    let instance = store::get(&call.target(&request)?)?;
    let interfaces = instance.body.get("networkInterfaces").and_then(Value::as_array);
    let found = interfaces.into_iter().flatten().find(|interface| interface["name"] == name.as_str());
    let interface = found.ok_or_else(|| edit::missing("networkInterface", &name))?;
    let network = interface["network"].as_str().unwrap_or_default().trim_start_matches("//compute/");
    let url = format!("http://compute.googleapis.com/compute/v1/{network}/getEffectiveFirewalls");
    let mut firewalls = network::get(&url)?;
    if let Some(document) = firewalls.as_object_mut() {
        compute_api::links::mark(document, &call.project);
    }
    compute_api::links::expand(&mut firewalls, &call.base);
    Ok(Response::json(&firewalls).into())
}

fn on_interface(
    request: &mut Request,
    change: impl Fn(&mut Map<String, Value>, Map<String, Value>) -> Result<()>,
) -> Result<Reply> {
    let call = Call::of(request)?;
    let name = required(request, "networkInterface")?;
    let path = call.target(request)?;
    let sent = call.body(request)?;
    apply(&call, &path, &name, |interface| change(interface, sent.clone()))
}

fn apply(
    call: &Call,
    path: &compute_api::path::Path,
    name: &str,
    change: impl Fn(&mut Map<String, Value>) -> Result<()>,
) -> Result<Reply> {
    replace(call, path, |interfaces| {
        let found = interfaces.iter_mut().find(|interface| interface["name"] == name);
        let found = found.and_then(Value::as_object_mut).ok_or_else(|| edit::missing("networkInterface", name))?;
        change(found)
    })
}

/// Asks `vpc` first, so that the client hears what cannot be; the runner says it once more, so that both agree whatever happens
/// between.
fn replace(
    call: &Call,
    path: &compute_api::path::Path,
    edit_all: impl Fn(&mut Vec<Value>) -> Result<()>,
) -> Result<Reply> {
    let mut wanted = store::get(path)?;
    let mut interfaces = of(&wanted);
    edit_all(&mut interfaces)?;
    wanted.set("networkInterfaces", interfaces);
    let resolved = Machine::of(&wanted).update()?;
    change::change(call, path, |_, instance| {
        if instance.id == wanted.id && resolved.is_array() {
            instance.set("networkInterfaces", resolved.clone());
        }
        Ok(edit::push())
    })
}

fn of(instance: &Resource) -> Vec<Value> {
    instance.body.get("networkInterfaces").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn configs(interface: &mut Map<String, Value>) -> &mut Vec<Value> {
    let configs = interface.entry("accessConfigs").or_insert_with(|| json!([]));
    if !configs.is_array() {
        *configs = json!([]);
    }
    match configs {
        Value::Array(list) => list,
        _ => unreachable!("it was made a list"),
    }
}
