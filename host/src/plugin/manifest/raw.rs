//! The manifest as it is written, before anything is known to make sense. Every table is read by itself, so that one
//! wrong type does not hide the others.

use super::problem::{Problems, Spot};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// What stands in the file. What could not be read is a problem already, and stands as its default here.
#[derive(Debug, Default)]
pub(super) struct RawManifest {
    pub name: Option<String>,
    pub version: Option<String>,
    pub title: Option<String>,
    pub component: Option<String>,
    pub contract: Option<String>,
    pub reuse: Option<u32>,
    pub gzip_body: Option<bool>,
    pub prefixes: Vec<String>,
    pub hosts: Vec<String>,
    pub include: Vec<String>,
    pub capabilities: BTreeMap<String, Asked>,
    pub docker: Option<RawDocker>,
    pub limits: RawLimits,
    /// Each with where it stands.
    pub routes: Vec<(Spot, RawRoute)>,
    pub schedules: Vec<RawSchedule>,
    pub assets: Vec<RawAsset>,
    pub operations: RawOperations,
    pub permissions: Vec<String>,
    pub roles: Vec<(Spot, RawRole)>,
    pub basic_roles: RawBasicRoles,
    pub parents: BTreeMap<String, String>,
    pub env: BTreeMap<String, String>,
    pub terraform: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Asked {
    Switch(bool),
    Hosts(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDocker {
    pub domain: Option<String>,
    pub host: Option<String>,
    #[serde(default)]
    pub rights: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    pub memory: Option<String>,
    pub cpu: Option<String>,
    pub wall: Option<String>,
    pub body: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawRoute {
    pub id: String,
    pub method: String,
    pub path: Option<String>,
    #[serde(default)]
    pub paths: Vec<String>,
    pub host: Option<String>,
    pub permission: Option<String>,
    pub reason: Option<String>,
    pub decide: Option<String>,
    pub resource: Option<String>,
    /// For the SDK's generator.
    #[serde(rename = "handler")]
    pub _handler: Option<String>,
    #[serde(default)]
    pub unimplemented: bool,
    #[serde(default)]
    pub fallback: bool,
    pub gzip_body: Option<bool>,
    pub errors: Option<String>,
    pub wall: Option<String>,
    pub cpu: Option<String>,
    pub body: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOperations {
    pub domain: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAsset {
    pub name: String,
    pub file: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRole {
    pub name: String,
    pub title: Option<String>,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub permissions: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBasicRoles {
    #[serde(default)]
    pub exclude: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawSchedule {
    pub name: String,
    pub every: String,
    #[serde(default)]
    pub at_start: bool,
}

impl RawManifest {
    /// Reads the text; none where it is no TOML at all.
    pub fn parse(text: &str, problems: &mut Problems) -> Option<Self> {
        let mut table = parse(text, problems)?;
        let raw = RawManifest {
            name: take(&mut table, "name", problems),
            version: take(&mut table, "version", problems),
            title: take(&mut table, "title", problems),
            component: take(&mut table, "component", problems),
            contract: take(&mut table, "contract", problems),
            reuse: take(&mut table, "reuse", problems),
            gzip_body: take(&mut table, "gzip-body", problems),
            prefixes: take(&mut table, "prefixes", problems).unwrap_or_default(),
            hosts: take(&mut table, "hosts", problems).unwrap_or_default(),
            include: take(&mut table, "include", problems).unwrap_or_default(),
            capabilities: take(&mut table, "capabilities", problems).unwrap_or_default(),
            docker: take(&mut table, "docker", problems),
            limits: take(&mut table, "limits", problems).unwrap_or_default(),
            routes: routes(&mut table, problems),
            schedules: take(&mut table, "schedule", problems).unwrap_or_default(),
            operations: take(&mut table, "operations", problems).unwrap_or_default(),
            assets: take(&mut table, "asset", problems).unwrap_or_default(),
            permissions: take(&mut table, "permissions", problems).unwrap_or_default(),
            roles: roles(&mut table, problems),
            basic_roles: take(&mut table, "basic-roles", problems).unwrap_or_default(),
            parents: take(&mut table, "parents", problems).unwrap_or_default(),
            env: take(&mut table, "env", problems).unwrap_or_default(),
            terraform: take(&mut table, "terraform", problems).unwrap_or_default(),
        };
        refuse_unknown(&table, problems);
        Some(raw)
    }

    /// Adds the routes and roles of an included file, which holds nothing else.
    pub fn append(&mut self, text: &str, problems: &mut Problems) {
        let Some(mut table) = parse(text, problems) else { return };
        self.routes.extend(routes(&mut table, problems));
        self.roles.extend(roles(&mut table, problems));
        refuse_unknown(&table, problems);
    }
}

fn parse(text: &str, problems: &mut Problems) -> Option<Table> {
    let no_toml = |error: toml::de::Error| {
        let line = error.span().map(|span| text[..span.start.min(text.len())].lines().count().max(1));
        problems.add_at(line, format!("is not TOML: {}", error.message()));
    };
    text.parse::<Table>().map_err(no_toml).ok()
}

fn refuse_unknown(table: &Table, problems: &mut Problems) {
    for unknown in table.keys() {
        problems.add(format!("there is no key `{unknown}`"));
    }
}

fn take<T: DeserializeOwned>(table: &mut Table, key: &str, problems: &mut Problems) -> Option<T> {
    let value = table.remove(key)?;
    value.try_into().map_err(|error: toml::de::Error| problems.add(format!("{key}: {}", error.message()))).ok()
}

fn roles(table: &mut Table, problems: &mut Problems) -> Vec<(Spot, RawRole)> {
    let roles: Vec<RawRole> = take(table, "role", problems).unwrap_or_default();
    roles.into_iter().enumerate().map(|(index, role)| (problems.spot(index), role)).collect()
}

fn routes(table: &mut Table, problems: &mut Problems) -> Vec<(Spot, RawRoute)> {
    let values = match table.remove("route") {
        None => return vec![],
        Some(Value::Array(values)) => values,
        Some(_) => {
            problems.add("route: write each as [[route]]");
            return vec![];
        }
    };
    let mut routes = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        let id = value.get("id").and_then(Value::as_str).map_or_else(|| format!("number {}", index + 1), str::to_owned);
        match value.try_into() {
            Ok(route) => routes.push((problems.spot(index), route)),
            Err(error) => problems.add_route(problems.spot(index), &id, error.message()),
        }
    }
    routes
}
