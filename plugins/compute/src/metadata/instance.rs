//! `instance/`: what an instance knows of itself. <https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys>

use super::interfaces;
use super::node::Node;
use super::project::attributes;
use crate::instances::{self, disks, guest, metadata};
use compute_api::store::{self, Resource};
use fogbank_sdk::{Result, context};
use serde_json::Value;

/// The tree of an instance.
pub fn node(machine: &Resource, project: &Resource) -> Result<Node> {
    let number = project.id;
    let text = |field: &str| machine.text(field).unwrap_or_default().to_owned();
    let zone = instances::zone(&machine.path);
    let kind = machine.link("machineType").map(|link| link.name).unwrap_or_default();
    let boot = disks::boot(machine).and_then(|disk| store::get(&disk).ok());
    let mut entries = vec![
        ("attributes", attributes(machine.body.get("metadata"))),
        ("cpu-platform", Node::of(text("cpuPlatform"))),
        ("description", Node::of(text("description"))),
        ("disks", Node::List(disks::attached(machine).iter().map(disk).collect())),
    ];
    if allows(machine, project) {
        entries.push(("guest-attributes", guest_attributes(machine.id)?));
    }
    entries.extend([
        ("hostname", Node::of(hostname(machine))),
        ("id", Node::Number(machine.id)),
        (
            "image",
            Node::of(
                boot.as_ref()
                    .and_then(|disk| disk.link("sourceImage"))
                    .map(|image| image.to_string())
                    .unwrap_or_default(),
            ),
        ),
        ("licenses", licenses(boot.as_ref())),
        ("machine-type", Node::of(format!("projects/{number}/machineTypes/{kind}"))),
        ("maintenance-event", Node::of(maintenance(machine))),
        ("name", Node::of(&machine.path.name)),
        ("network-interfaces", interfaces::node(machine, number)?),
        ("preempted", Node::of("FALSE")),
        ("remaining-cpu-time", Node::Number(-1)),
        ("scheduling", scheduling(machine)),
        ("service-accounts", accounts(machine)),
        ("tags", Node::Json(machine.body["tags"].get("items").cloned().unwrap_or_else(|| Value::Array(Vec::new())))),
        ("virtual-clock", Node::folder([("drift-token", Node::of("0"))])),
        ("zone", Node::of(format!("projects/{number}/zones/{zone}"))),
    ]);
    Ok(Node::Folder(entries.into_iter().map(|(name, node)| (name.to_owned(), node)).collect()))
}

/// Whether an instance may write guest attributes: by its own metadata, else by its project's.
pub fn allows_guest_attributes(machine: &Resource) -> Result<bool> {
    Ok(allows(machine, &crate::projects::load(&machine.path.project)?))
}

fn allows(machine: &Resource, project: &Resource) -> bool {
    let of = |field: Option<&Value>| metadata::value(field, "enable-guest-attributes").map(str::to_ascii_uppercase);
    let said = of(machine.body.get("metadata")).or_else(|| of(project.body.get("commonInstanceMetadata")));
    said.is_some_and(|said| matches!(said.as_str(), "TRUE" | "1" | "Y" | "YES"))
}

/// The name of the machine: the user's own, or one below its zone.
pub fn hostname(machine: &Resource) -> String {
    let zone = instances::zone(&machine.path);
    let own = machine.text("hostname").map(str::to_owned);
    own.unwrap_or_else(|| format!("{}.{zone}.c.{}.internal", machine.path.name, machine.path.project))
}

fn maintenance(machine: &Resource) -> String {
    let event =
        machine.body.get("_maintenance").filter(|event| event["until"].as_i64() > Some(context::now().millis()));
    event.and_then(|event| event["event"].as_str()).unwrap_or("NONE").to_owned()
}

fn disk(attached: &Value) -> Node {
    let text = |field: &str| Node::of(attached[field].as_str().unwrap_or_default());
    Node::folder([
        ("device-name", text("deviceName")),
        ("index", Node::Number(attached["index"].as_i64().unwrap_or_default())),
        ("interface", text("interface")),
        ("mode", text("mode")),
        ("type", text("type")),
    ])
}

fn licenses(boot: Option<&Resource>) -> Node {
    let codes = boot.and_then(|disk| disk.body.get("licenseCodes")).and_then(Value::as_array);
    let id = |code: &Value| code.as_str().map_or_else(|| code.to_string(), str::to_owned);
    Node::List(codes.into_iter().flatten().map(|code| Node::folder([("id", Node::of(id(code)))])).collect())
}

fn scheduling(machine: &Resource) -> Node {
    let scheduling = machine.body.get("scheduling").cloned().unwrap_or_default();
    let flag = |field: &str| Node::of(if scheduling[field] == true { "TRUE" } else { "FALSE" });
    Node::folder([
        ("automatic-restart", flag("automaticRestart")),
        ("on-host-maintenance", Node::of(scheduling["onHostMaintenance"].as_str().unwrap_or("MIGRATE"))),
        ("preemptible", flag("preemptible")),
    ])
}

/// Each account under its address; the first under `default` too.
fn accounts(machine: &Resource) -> Node {
    let accounts = machine.body.get("serviceAccounts").and_then(Value::as_array);
    let mut entries = Vec::new();
    for (at, account) in accounts.into_iter().flatten().enumerate() {
        let email = account["email"].as_str().unwrap_or_default();
        if at == 0 {
            entries.push(("default".to_owned(), one(account, email)));
        }
        entries.push((email.to_owned(), one(account, email)));
    }
    Node::Map(entries)
}

fn one(account: &Value, email: &str) -> Node {
    let scopes = account["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    Node::folder([
        ("aliases", Node::Lines(vec!["default".to_owned()])),
        ("email", Node::of(email)),
        ("identity", Node::Apart),
        ("scopes", Node::Lines(scopes.map(str::to_owned).collect())),
        ("token", Node::Apart),
    ])
}

fn guest_attributes(id: i64) -> Result<Node> {
    let mut namespaces: Vec<(String, Vec<(String, Node)>)> = Vec::new();
    for (namespace, key, value) in guest::all(id)? {
        match namespaces.last_mut().filter(|(last, _)| *last == namespace) {
            Some((_, keys)) => keys.push((key, Node::of(value))),
            None => namespaces.push((namespace, vec![(key, Node::of(value))])),
        }
    }
    Ok(Node::Map(namespaces.into_iter().map(|(name, keys)| (name, Node::Map(keys))).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use compute_api::path::Path;
    use serde_json::json;

    fn machine(body: Value) -> Resource {
        let path = Path::parse("projects/p/zones/us-central1-a/instances/w1").unwrap();
        Resource::new(path, body.as_object().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_machine_has_the_name_that_it_was_given_or_one_below_its_zone() {
        assert_eq!(hostname(&machine(json!({}))), "w1.us-central1-a.c.p.internal");
        assert_eq!(hostname(&machine(json!({"hostname": "a.example.com"}))), "a.example.com");
    }

    #[test]
    fn the_account_is_there_by_its_address_and_as_default() {
        let tree = accounts(&machine(json!({"serviceAccounts": [{"email": "a@b", "scopes": ["s"]}]})));
        assert_eq!(tree.text(), "default/\na@b/\n");
        assert_eq!(
            tree.find(&["default"]).unwrap().json(),
            json!({"aliases": ["default"], "email": "a@b", "scopes": ["s"]})
        );
    }

    #[test]
    fn guest_attributes_are_allowed_by_the_instance_then_by_the_project() {
        let on = json!({"items": [{"key": "enable-guest-attributes", "value": "true"}]});
        let off = json!({"items": [{"key": "enable-guest-attributes", "value": "FALSE"}]});
        let project = machine(json!({"commonInstanceMetadata": on}));
        assert!(allows(&machine(json!({})), &project));
        assert!(!allows(&machine(json!({"metadata": off})), &project));
    }
}
