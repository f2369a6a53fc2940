//! Instances of a managed group, as its manager keeps them.

use super::versions::Version;
use compute_api::path::{Path, Scope};
use compute_api::store::Resource;
use fogbank_sdk::{Result, id};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The field of a manager's row with its members; not shown to clients.
const FIELD: &str = "_members";

/// What a manager is doing to an instance. Named as the API names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Action {
    /// Nothing: it runs.
    None,
    /// It is being made.
    Creating,
    /// It is being deleted and made again under its name.
    Recreating,
    /// It is being deleted, and leaves the group.
    Deleting,
    /// It is being stopped and started.
    Restarting,
    /// It is being told its labels and its metadata.
    Refreshing,
    /// It is being stopped, and kept ready.
    Stopping,
    /// It is being frozen, and kept ready.
    Suspending,
    /// It is being started after it was stopped.
    Starting,
    /// It is being thawed.
    Resuming,
}

/// What an instance is to be. Named as the API names it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Goal {
    /// It works.
    #[default]
    Running,
    /// It is kept ready, and does not run.
    Stopped,
    /// It is kept ready, frozen.
    Suspended,
}

/// An instance of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its path.
    pub path: String,
    /// What is being done to it.
    pub action: Action,
    /// What it is to be.
    #[serde(default)]
    pub goal: Goal,
    /// Path of the template that it is, or will be, made from.
    pub template: String,
    /// The name of the version that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The revision of its own configuration that it has.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub config: String,
    /// The revision of the configuration of all instances that it has.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub common: String,
    /// Paths of the disks that outlive it when it is made anew, by their devices.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub disks: BTreeMap<String, String>,
    /// The numeric id of the instance, once it has run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// The numeric id of the instance that has to go before it is made again, or to stop before it is started again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outgoing: Option<i64>,
    /// Why it could not be made the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
    /// How often it was tried to make it, since it last ran.
    #[serde(default)]
    pub tries: u32,
    /// Not to be tried again before this time, in milliseconds on the tenant's clock.
    #[serde(default)]
    pub after_ms: i64,
}

/// Why an instance could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// As operations show it.
    pub code: String,
    /// A sentence.
    pub message: String,
    /// When, in RFC 3339.
    pub at: String,
}

// === impl Member ===

impl Member {
    /// One that is to be made in a zone under a name.
    pub fn new(project: &str, zone: &str, name: &str, version: &Version) -> Self {
        let path = Path::new(project, Scope::Zone(zone.to_owned()), "instances", name);
        Self {
            path: path.to_string(),
            action: Action::Creating,
            goal: Goal::Running,
            template: version.template.to_string(),
            version: version.name.clone(),
            config: String::new(),
            common: String::new(),
            disks: BTreeMap::new(),
            id: None,
            outgoing: None,
            error: None,
            tries: 0,
            after_ms: 0,
        }
    }

    /// The instance's path.
    pub fn instance(&self) -> Option<Path> {
        Path::parse(&self.path)
    }

    /// The name of its zone.
    pub fn zone(&self) -> String {
        match self.instance().map(|path| path.scope) {
            Some(Scope::Zone(zone)) => zone,
            _ => String::new(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Has it deleted and made again.
    pub fn recreate(&mut self) {
        self.action = Action::Recreating;
        self.outgoing = self.id;
    }

    /// Has it stopped and started.
    pub fn restart(&mut self) {
        self.action = Action::Restarting;
        self.outgoing = self.id;
    }

    /// Whether it counts as one of those that are to run.
    pub fn runs(&self) -> bool {
        self.stays() && self.goal == Goal::Running
    }

    /// Whether it stays in the group.
    pub fn stays(&self) -> bool {
        self.action != Action::Deleting
    }
}

/// The members of a manager.
pub fn of(manager: &Resource) -> Vec<Member> {
    let kept = manager.body.get(FIELD).cloned().unwrap_or_else(|| json!([]));
    serde_json::from_value(kept).unwrap_or_default()
}

/// Puts members into a manager's row.
pub fn keep(manager: &mut Resource, members: &[Member]) {
    manager.set(FIELD, members.iter().map(|member| json!(member)).collect::<Vec<Value>>());
}

/// A name that no member has: the group's base and four letters, as the API makes them.
pub fn new_name(base: &str, members: &[Member]) -> Result<String> {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz0123456789";
    loop {
        let random = id::random::<4>()?;
        let tail: String = random.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect();
        let name = format!("{base}-{tail}");
        if !members.iter().any(|member| member.name() == name) {
            return Ok(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_kept_in_the_row_of_their_manager() {
        let path = Path::parse("projects/p/zones/us-central1-a/instanceGroupManagers/g").unwrap();
        let template = Path::parse("projects/p/global/instanceTemplates/t").unwrap();
        let version = Version { template, name: None, count: 1 };
        let mut manager = Resource::new(path, serde_json::Map::new()).unwrap();
        assert!(of(&manager).is_empty());
        let member = Member::new("p", "us-central1-a", "g-abcd", &version);
        keep(&mut manager, std::slice::from_ref(&member));
        assert_eq!(of(&manager), std::slice::from_ref(&member));
        assert_eq!((member.zone().as_str(), member.stays()), ("us-central1-a", true));
    }

    #[test]
    fn a_new_member_has_a_name_of_its_own() {
        let name = new_name("web", &[]).unwrap();
        assert!(name.starts_with("web-") && name.len() == 8, "{name}");
    }
}
