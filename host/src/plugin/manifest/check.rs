//! What a manifest has to satisfy. Every check notes its problem and goes on.

use super::problem::{Problems, Spot};
use super::raw::{Asked, RawLimits, RawManifest, RawRoute, RawSchedule};
use super::{
    Capabilities, Capability, Contract, ErrorForm, HostPattern, Limits, MAX_REUSE, Manifest, Method, MigrationFiles,
    PathPattern, PeerHosts, Permission, Route, Schedule, Template, access, asset, docker, template,
};
use crate::config::units;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Checks everything; the result means something only where no problem was noted.
pub(super) fn manifest(mut raw: RawManifest, migrations: MigrationFiles, problems: &mut Problems) -> Option<Manifest> {
    let name: Arc<str> = problems.take("name", name(raw.name.take()))?.into();
    let limits = limits(&raw.limits, problems);
    for (key, value) in raw.env.iter().chain(&raw.terraform) {
        problems.take(key, template::check_setting(value));
    }
    let gzip_body = raw.gzip_body.unwrap_or(false);
    let operations_domain = domain(raw.operations.domain.take(), &raw.capabilities, problems);
    let defaults = Defaults { plugin: &name, limits, gzip_body };
    let listed = std::mem::take(&mut raw.routes).into_iter();
    let routes: Vec<_> = listed.filter_map(|(spot, raw)| route(spot, raw, &defaults, problems)).collect();
    let access = access::access(&mut raw, &routes, problems);
    let capabilities = capabilities(raw.capabilities, problems);
    Some(Manifest {
        access,
        docker: docker::docker(&name, raw.docker, &capabilities, problems),
        version: problems.take("version", version(raw.version)).unwrap_or_default(),
        title: raw.title.unwrap_or_else(|| name.to_string()),
        component: problems.take("component", component(raw.component, &name)).unwrap_or_default(),
        contract: problems.take("contract", contract(raw.contract.as_deref())).unwrap_or(Contract::Fogbank),
        reuse: problems.take("reuse", reuse(raw.reuse.unwrap_or(0))).unwrap_or(0),
        prefixes: raw.prefixes.into_iter().filter_map(|text| problems.take("prefixes", prefix(text))).collect(),
        hosts: raw.hosts.iter().filter_map(|text| problems.take("hosts", HostPattern::parse(text))).collect(),
        capabilities,
        limits,
        routes,
        operations_domain,
        includes: raw.include,
        assets: asset::assets(raw.assets, problems),
        schedules: schedules(raw.schedules, problems),
        env: raw.env,
        terraform: raw.terraform,
        migrations,
        name,
    })
}

pub(super) fn name(name: Option<String>) -> Result<String, String> {
    let name = name.ok_or("is missing")?;
    let fine = name.len() <= 41
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    fine.then_some(name.clone()).ok_or_else(|| format!("`{name}` is none: a letter, then up to 40 of a-z, 0-9, -"))
}

fn version(version: Option<String>) -> Result<String, String> {
    let version = version.ok_or("is missing")?;
    semver::Version::parse(&version).map_err(|error| format!("`{version}` is no version: {error}"))?;
    Ok(version)
}

fn component(file: Option<String>, name: &str) -> Result<String, String> {
    let file = file.unwrap_or_else(|| format!("{name}.wasm"));
    match file.is_empty() || file.contains(['/', '\\']) || file.starts_with('.') {
        true => Err(format!("`{file}` is no file beside plugin.toml")),
        false => Ok(file),
    }
}

fn contract(contract: Option<&str>) -> Result<Contract, String> {
    match contract.unwrap_or("fogbank") {
        "fogbank" => Ok(Contract::Fogbank),
        "wasi-http" => Ok(Contract::WasiHttp),
        other => Err(format!("`{other}` is none: `fogbank` or `wasi-http`")),
    }
}

fn reuse(uses: u32) -> Result<u32, String> {
    (uses <= MAX_REUSE).then_some(uses).ok_or_else(|| format!("{uses} is more than {MAX_REUSE}"))
}

fn prefix(prefix: String) -> Result<String, String> {
    let fine =
        prefix.len() > 1 && prefix.starts_with('/') && !prefix.ends_with('/') && !prefix.contains(['{', '%', '?']);
    if prefix.starts_with("/_fogbank") || prefix.starts_with("/_tenants") {
        return Err(format!("`{prefix}` belongs to the host"));
    }
    fine.then_some(prefix.clone())
        .ok_or_else(|| format!("`{prefix}` is none: write `/name`, without a slash at the end"))
}

fn limits(raw: &RawLimits, problems: &mut Problems) -> Limits {
    let mut limits = Limits::default();
    let or = |limit: &mut u64, value: Option<u64>| *limit = value.unwrap_or(*limit);
    or(&mut limits.memory, optional(raw.memory.as_deref(), units::size, "limits.memory", problems));
    or(&mut limits.body, optional(raw.body.as_deref(), units::size, "limits.body", problems));
    let or = |limit: &mut Duration, value: Option<Duration>| *limit = value.unwrap_or(*limit);
    or(&mut limits.cpu, optional(raw.cpu.as_deref(), units::time, "limits.cpu", problems));
    or(&mut limits.wall, optional(raw.wall.as_deref(), units::time, "limits.wall", problems));
    limits
}

fn optional<T>(
    text: Option<&str>,
    read: fn(&str) -> Result<T, String>,
    name: &str,
    problems: &mut Problems,
) -> Option<T> {
    text.and_then(|text| problems.take(name, read(text)))
}

fn capabilities(raw: BTreeMap<String, Asked>, problems: &mut Problems) -> Capabilities {
    let mut capabilities = Capabilities::default();
    for (name, asked) in raw {
        match (Capability::from_name(&name), asked) {
            (Some(_), Asked::Switch(false)) => {}
            (Some(Capability::Peers), Asked::Hosts(hosts)) => {
                capabilities.asked.insert(Capability::Peers);
                let hosts = hosts.into_iter().map(|host| host.to_ascii_lowercase());
                capabilities.peers = PeerHosts::Listed(hosts.collect());
            }
            (Some(capability), Asked::Switch(true)) => {
                capabilities.asked.insert(capability);
                if capability == Capability::Peers {
                    capabilities.peers = PeerHosts::Claimed;
                }
            }
            (Some(_), Asked::Hosts(_)) => problems.add(format!("capabilities.{name}: true or false")),
            (None, _) => {
                let known = Capability::ALL.map(Capability::name).join(", ");
                problems.add(format!("capabilities.{name}: there is no such capability; there are {known}"));
            }
        }
    }
    let asks = |capability| capabilities.asked.contains(&capability);
    if asks(Capability::Signers) && !asks(Capability::Identity) {
        problems.add("capabilities.signers: it is about who the caller is, so ask for `identity` as well");
    }
    if asks(Capability::Operations) && !asks(Capability::Database) {
        problems.add("capabilities.operations: operations are rows of the service's database, so ask for it as well");
    }
    capabilities
}

fn domain(domain: Option<String>, asked: &BTreeMap<String, Asked>, problems: &mut Problems) -> Option<Arc<str>> {
    let domain = domain?;
    if !matches!(asked.get(Capability::Operations.name()), Some(Asked::Switch(true))) {
        problems.add("operations.domain: it is about operations, so ask for the capability `operations` as well");
    }
    let name = name(Some(domain));
    problems.take("operations.domain", name).map(Arc::from)
}

fn schedules(raw: Vec<RawSchedule>, problems: &mut Problems) -> Vec<Schedule> {
    let mut names = BTreeSet::new();
    let mut schedules = Vec::new();
    for RawSchedule { name, every, at_start } in raw {
        if !names.insert(name.clone()) {
            problems.add(format!("schedule {name}: two have this name"));
        }
        match units::time(&every) {
            Ok(every) if every >= Duration::from_secs(1) => schedules.push(Schedule { name, every, at_start }),
            Ok(_) => problems.add(format!("schedule {name}: at most once a second")),
            Err(why) => problems.add(format!("schedule {name}: {why}")),
        }
    }
    schedules
}

struct Defaults<'a> {
    plugin: &'a Arc<str>,
    limits: Limits,
    gzip_body: bool,
}

fn route(spot: Spot, raw: RawRoute, defaults: &Defaults<'_>, problems: &mut Problems) -> Option<Arc<Route>> {
    let mut wrong = Vec::new();
    let route = checked_route(&raw, defaults, &mut wrong);
    let fine = wrong.is_empty();
    for message in wrong {
        problems.add_route(spot, &raw.id, message);
    }
    route.filter(|_| fine).map(Arc::new)
}

fn checked_route(raw: &RawRoute, defaults: &Defaults<'_>, wrong: &mut Vec<String>) -> Option<Route> {
    if raw.id.is_empty() {
        wrong.push("the id is empty".into());
    }
    let paths = paths(raw, wrong);
    let host = raw.host.as_deref().and_then(|text| keep(HostPattern::parse(text), wrong));
    let resource = raw.resource.as_deref().and_then(|text| keep(Template::parse(text), wrong));
    if let Some(resource) = &resource {
        check_resource(resource, &paths, host.as_ref(), wrong);
    }
    let mut limits = defaults.limits;
    if let Some(wall) = &raw.wall {
        limits.wall = keep(units::time(wall), wrong)?;
    }
    if let Some(cpu) = &raw.cpu {
        limits.cpu = keep(units::time(cpu), wrong)?;
    }
    if let Some(body) = &raw.body {
        limits.body = keep(units::size(body), wrong)?;
    }
    let permission = keep(permission(raw), wrong);
    let errors = keep(errors(raw.errors.as_deref()), wrong);
    Some(Route {
        id: raw.id.as_str().into(),
        plugin: Arc::clone(defaults.plugin),
        method: keep(Method::parse(&raw.method), wrong)?,
        paths,
        host,
        permission: permission?,
        plugin_decides: raw.decide.is_some(),
        resource,
        unimplemented: raw.unimplemented,
        fallback: raw.fallback,
        gzip_body: raw.gzip_body.unwrap_or(defaults.gzip_body),
        errors: errors?,
        limits,
    })
}

fn errors(form: Option<&str>) -> Result<ErrorForm, String> {
    match form {
        None | Some("json") => Ok(ErrorForm::Json),
        Some("xml") => Ok(ErrorForm::Xml),
        Some(other) => Err(format!("errors: `{other}` is neither `json` nor `xml`")),
    }
}

fn keep<T>(result: Result<T, String>, wrong: &mut Vec<String>) -> Option<T> {
    result.map_err(|why| wrong.push(why)).ok()
}

fn paths(raw: &RawRoute, wrong: &mut Vec<String>) -> Vec<PathPattern> {
    let texts: Vec<&String> = raw.path.iter().chain(&raw.paths).collect();
    if texts.is_empty() {
        wrong.push("neither `path` nor `paths` is given".into());
    }
    texts.into_iter().filter_map(|text| keep(PathPattern::parse(text), wrong)).collect()
}

/// F26: a route says who may use it, or the service is not loaded.
fn permission(raw: &RawRoute) -> Result<Option<Permission>, String> {
    if raw.decide.as_deref().is_some_and(|who| who != "plugin") {
        return Err("`decide` can only be \"plugin\"".into());
    }
    match (raw.permission.as_deref(), raw.reason.as_deref()) {
        (Some("none"), Some(reason)) if !reason.trim().is_empty() => {
            Ok(Some(Permission::Open { reason: reason.to_owned() }))
        }
        (Some("none"), _) => Err("permission \"none\" needs a `reason`".into()),
        (Some(""), _) => Err("the permission is empty".into()),
        (Some(_), Some(_)) => Err("`reason` belongs to permission \"none\"".into()),
        (Some(name), None) => Ok(Some(Permission::Named(name.into()))),
        (None, _) if raw.unimplemented => Ok(None),
        (None, _) => Err("names no permission; open to all is `permission = \"none\"` with a `reason`".into()),
    }
}

fn check_resource(resource: &Template, paths: &[PathPattern], host: Option<&HostPattern>, wrong: &mut Vec<String>) {
    for name in resource.params() {
        let known = host.and_then(HostPattern::name) == Some(name);
        for path in paths.iter().filter(|path| !known && path.names().all(|other| other != name)) {
            wrong.push(format!("resource uses {{{name}}}, which `{path}` does not have"));
        }
    }
}
