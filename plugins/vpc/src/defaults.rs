//! The network that a project has from the start: `default`, in auto mode, with four firewall rules.
//! <https://cloud.google.com/vpc/docs/vpc#default-network>
//!
//! It comes when a project's networks are first asked for, and does not come again when it was deleted.

use crate::{firewalls, networks, reference};
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use fogbank_sdk::db::{self, Transaction, params};
use fogbank_sdk::{Result, context};
use serde_json::{Map, Value, json};

/// Makes the network where the project has not had one.
pub fn ensure(project: &str) -> Result<()> {
    if db::query_one("SELECT id FROM project WHERE id = $1", params![project])?.is_some() {
        return Ok(());
    }
    db::transaction(|tx| {
        let sql = "INSERT INTO project (id, created_ms) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        match tx.execute(sql, params![project, context::now().millis()])? {
            0 => Ok(()),
            _ => create(tx, project),
        }
    })
}

fn create(tx: &Transaction, project: &str) -> Result<()> {
    let mut network = Resource::new(reference::default_network(project), Map::new())?;
    network.set("description", "Default network for the project");
    networks::complete(tx, &mut network)?;
    store::insert(tx, &network)?;
    for (name, rule) in rules() {
        let path = network.path.sibling("firewalls", name);
        let mut rule = Resource::new(path, rule)?;
        rule.set("network", network.path.marked());
        firewalls::complete(&mut rule.body)?;
        store::insert(tx, &rule)?;
    }
    Ok(())
}

fn rules() -> [(&'static str, Map<String, Value>); 4] {
    let rule = |description: &str, range: &str, allowed: Value| {
        Map::from_iter([
            ("description".to_owned(), json!(description)),
            ("priority".to_owned(), json!(65534)),
            ("sourceRanges".to_owned(), json!([range])),
            ("allowed".to_owned(), allowed),
        ])
    };
    let tcp = |port: &str| json!([{"IPProtocol": "tcp", "ports": [port]}]);
    let all = json!([{"IPProtocol": "tcp", "ports": ["0-65535"]}, {"IPProtocol": "udp", "ports": ["0-65535"]}, {"IPProtocol": "icmp"}]);
    let icmp = json!([{"IPProtocol": "icmp"}]);
    let internal = crate::range::AUTO.to_string();
    [
        ("default-allow-icmp", rule("Allow ICMP from anywhere", "0.0.0.0/0", icmp)),
        ("default-allow-internal", rule("Allow internal traffic on the default network", &internal, all)),
        ("default-allow-rdp", rule("Allow RDP from anywhere", "0.0.0.0/0", tcp("3389"))),
        ("default-allow-ssh", rule("Allow SSH from anywhere", "0.0.0.0/0", tcp("22"))),
    ]
}

/// Whether a rule came with the default network and says what it said then.
pub fn is_untouched(rule: &Resource) -> bool {
    let came = |path: &Path| *path == reference::default_network(&path.project);
    let said = rules().into_iter().find(|(name, _)| *name == rule.path.name);
    said.is_some_and(|(_, said)| {
        rule.link("network").is_some_and(|network| came(&network))
            && said.iter().all(|(field, value)| rule.body.get(field) == Some(value))
            && !["targetTags", "sourceTags"].iter().any(|field| rule.body.contains_key(*field))
    })
}
