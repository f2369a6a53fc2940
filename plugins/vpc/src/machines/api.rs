//! The requests that `compute` sends, at `vpc.fogbank.internal`.

use super::interface::{self, Owner};
use super::row::{self, Machine, Nic};
use crate::{defaults, effects};
use compute_api::path::{Path, Scope};
use compute_api::{failure, links};
use fogbank_sdk::db::{self, Transaction};
use fogbank_sdk::docker;
use fogbank_sdk::{Error, Reply, Request, RequestHead, Response, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A machine as `compute` tells of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    #[serde(default)]
    project: String,
    #[serde(default)]
    zone: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    tags: Option<Vec<String>>,
    #[serde(default)]
    service_accounts: Option<Vec<String>>,
    #[serde(default)]
    can_ip_forward: Option<bool>,
    #[serde(default)]
    network_interfaces: Option<Vec<Map<String, Value>>>,
}

/// `POST .../machines/{id}:reserve`: finds addresses for a new machine. Said again, it gives what was found before.
///
/// Errors: 400 and 404 as the API has them for an instance; 409 where another machine has the name.
pub fn reserve(mut request: Request) -> Result<Reply> {
    let id = id(&request)?;
    let told: Told = request.json()?;
    let path = path(&told)?;
    defaults::ensure(&told.project)?;
    let nics = db::transaction(|tx| {
        if row::find(tx, id)?.is_some() {
            return row::nics_of(tx, id);
        }
        if let Some(other) = row::named(tx, &path.project, &path.name, Some(&told.zone))?.first() {
            return Err(failure::already_exists(&other.path).with_details(json!({"machine": other.id.to_string()})));
        }
        let machine = Machine {
            id,
            path: path.clone(),
            tags: told.tags.clone().unwrap_or_default(),
            accounts: told.service_accounts.clone().unwrap_or_default(),
            can_ip_forward: told.can_ip_forward.unwrap_or_default(),
            // Without an engine nothing is started, and what is there is as good as running.
            running: !docker::has_engine(),
            applied: None,
        };
        row::save(tx, &machine)?;
        let owner = Owner { machine: &machine, kept: &[], ephemeral: true };
        let nics = interface::take_all(tx, &owner, wanted(&told, &path.project))?;
        effects::member_changed(tx, &networks_of(tx, id)?)?;
        Ok(nics)
    })?;
    Ok(answer(&nics))
}

/// `POST .../machines/{id}:update`: tags, accounts, and interfaces where they are named. Leases that are still wanted stay.
///
/// Errors: as [`reserve`]; 404 for a machine that is not known.
pub fn update(mut request: Request) -> Result<Reply> {
    let id = id(&request)?;
    let told: Told = request.json()?;
    let nics = db::transaction(|tx| {
        let mut machine = known(tx, id)?;
        let before = networks_of(tx, id)?;
        if let Some(path) = path(&told).ok().filter(|path| *path != machine.path) {
            rename(tx, &mut machine, path)?;
        }
        machine.tags = told.tags.clone().unwrap_or(machine.tags);
        machine.accounts = told.service_accounts.clone().unwrap_or(machine.accounts);
        machine.can_ip_forward = told.can_ip_forward.unwrap_or(machine.can_ip_forward);
        row::save(tx, &machine)?;
        if told.network_interfaces.is_some() {
            let kept = interface::let_go(tx, &machine)?;
            let owner = Owner { machine: &machine, kept: &kept, ephemeral: machine.running };
            interface::take_all(tx, &owner, wanted(&told, &machine.path.project))?;
        }
        effects::push(tx, &[before, networks_of(tx, id)?].concat())?;
        row::nics_of(tx, id)
    })?;
    Ok(answer(&nics))
}

/// Gives a machine another name, or another zone: what it has, and what finds it, goes with it.
fn rename(tx: &Transaction, machine: &mut Machine, path: Path) -> Result<()> {
    let zone = Machine { path: path.clone(), ..machine.clone() }.zone();
    if let Some(other) = row::named(tx, &path.project, &path.name, Some(&zone))?.first() {
        return Err(failure::already_exists(&other.path));
    }
    row::rename(tx, machine, &path)?;
    machine.path = path;
    Ok(())
}

/// `POST .../machines/{id}:start`: the nic runs, and has its configuration. External addresses that were given back are found anew.
///
/// Errors: 404 for a machine that is not known, 503 without a container engine.
pub fn start(request: Request) -> Result<Reply> {
    let id = id(&request)?;
    db::transaction(|tx| {
        let mut machine = known(tx, id)?;
        interface::take_ephemeral(tx, &machine)?;
        machine.running = true;
        machine.applied = None;
        row::save(tx, &machine)
    })?;
    super::nic::start(id)?;
    Ok(Response::json(&json!({"container": super::nic::name(id)})).into())
}

/// `POST .../machines/{id}:stop`: the nic is gone, and with it ephemeral external addresses; all else stays.
///
/// Errors: 404 for a machine that is not known, 503 where the container engine has the nic and does not answer.
pub fn stop(request: Request) -> Result<Reply> {
    let id = id(&request)?;
    let nics = db::transaction(|tx| {
        let mut machine = known(tx, id)?;
        rest(tx, &mut machine)?;
        interface::give_ephemeral_back(tx, &machine)?;
        row::nics_of(tx, id)
    })?;
    super::nic::remove(id)?;
    super::nic::tidy()?;
    Ok(answer(&nics))
}

/// Says that the nic need not run: before it is removed, so that nobody starts it again.
fn rest(tx: &Transaction, machine: &mut Machine) -> Result<()> {
    machine.running = false;
    machine.applied = None;
    row::save(tx, machine)
}

/// `DELETE .../machines/{id}`: everything is given back, the addresses when the nic is gone.
///
/// Errors: 503 where the container engine has the nic and does not answer.
pub fn release(request: Request) -> Result<Reply> {
    let id = id(&request)?;
    db::transaction(|tx| row::find(tx, id)?.map_or(Ok(()), |mut machine| rest(tx, &mut machine)))?;
    super::nic::remove(id)?;
    db::transaction(|tx| {
        let Some(machine) = row::find(tx, id)? else { return Ok(()) };
        let networks = networks_of(tx, id)?;
        interface::let_go(tx, &machine)?;
        row::remove(tx, id)?;
        effects::member_changed(tx, &networks)
    })?;
    super::nic::tidy()?;
    Ok(Response::json(&json!({})).into())
}

/// `GET .../machines/{id}`
///
/// Errors: 404 for a machine that is not known.
pub fn get(request: Request) -> Result<Reply> {
    let id = id(&request)?;
    let (machine, nics) = db::read(|tx| Ok((known(tx, id)?, row::nics_of(tx, id)?)))?;
    let mut shown = document(&nics);
    shown["id"] = json!(id.to_string());
    shown["path"] = json!(machine.path.to_string());
    shown["tags"] = json!(machine.tags);
    shown["serviceAccounts"] = json!(machine.accounts);
    shown["running"] = json!(machine.running);
    shown["container"] = json!(super::nic::name(id));
    Ok(Response::json(&shown).into())
}

fn id(request: &RequestHead) -> Result<i64> {
    let text = request.param("id");
    text.parse().map_err(|_| failure::invalid("id", text, "It has to be the id of an instance."))
}

fn path(told: &Told) -> Result<Path> {
    let fields = [("project", &told.project), ("zone", &told.zone), ("name", &told.name)];
    if let Some((field, _)) = fields.iter().find(|(_, value)| value.is_empty()) {
        return Err(failure::required(field));
    }
    Ok(Path::new(&told.project, Scope::Zone(told.zone.clone()), "instances", &told.name))
}

fn wanted(told: &Told, project: &str) -> Vec<Map<String, Value>> {
    let mut wanted = told.network_interfaces.clone().unwrap_or_default();
    wanted.iter_mut().for_each(|interface| links::mark(interface, project));
    wanted
}

/// A machine that is known.
pub fn known(tx: &Transaction, id: i64) -> Result<Machine> {
    row::find(tx, id)?.ok_or_else(|| Error::not_found(format!("The machine {id} has no addresses.")))
}

fn networks_of(tx: &Transaction, id: i64) -> Result<Vec<Path>> {
    Ok(row::nics_of(tx, id)?.into_iter().map(|nic| nic.network).collect())
}

fn answer(nics: &[Nic]) -> Reply {
    Response::json(&document(nics)).into()
}

fn document(nics: &[Nic]) -> Value {
    json!({"networkInterfaces": nics.iter().map(|nic| &nic.document).collect::<Vec<_>>()})
}
