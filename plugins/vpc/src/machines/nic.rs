//! The container that is a machine's nic, and the bridges that it is on. Every step may be done twice.

use super::configuration;
use super::row::{self, Machine, Nic};
use super::snapshot::{self, Snapshot};
use super::{api, bridges, rules};
use compute_api::engine::told;
use compute_api::path::Path;
use fogbank_sdk::db::{self, Transaction};
use fogbank_sdk::docker::{self, Forward, Networking, NewContainer, State};
use fogbank_sdk::{Code, Error, Result, log};
use machine_config::{Configuration, Endpoint};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The image, and the program in it.
const IMAGE: &str = "nic";
const PROGRAM: &str = "/nic";

/// The exit code of what was ended together with its container.
const KILLED: i32 = 137;

/// How often a configuration is made anew because the rows have changed meanwhile. Each change has an operation of its own, which
/// looks at the machine as well.
const TRIES: u32 = 5;

/// What a machine's nic depends on.
struct Wanted<'a> {
    machine: Machine,
    nics: Vec<Nic>,
    snapshots: Cow<'a, [Snapshot]>,
}

/// The name of a machine's nic.
pub fn name(id: i64) -> String {
    format!("nic-{id}")
}

/// The machine of a nic's name.
pub fn machine_of(name: &str) -> Option<i64> {
    name.strip_prefix("nic-")?.parse().ok()
}

/// Runs a machine's nic with its present configuration. Nothing is to be done where there is no engine by the operator's will.
///
/// Errors: 503 without a container engine; the engine's.
pub fn start(id: i64) -> Result<()> {
    if !docker::has_engine() {
        return Ok(());
    }
    docker::available()?;
    docker::import_image(IMAGE, &[docker::asset(PROGRAM, 0o755, "nic")]).map_err(told)?;
    for _ in 1..TRIES {
        match make(id) {
            // A bridge was taken away between its making and its use, for nobody was on it; or the nic itself, by a request that
            // crosses this one.
            Err(error) if matches!(error.code(), Code::NotFound | Code::AlreadyExists | Code::ConditionNotMet) => {}
            other => return unless_unwanted(id, other),
        }
    }
    unless_unwanted(id, make(id))
}

/// Leaves no nic of a machine that was stopped or deleted while the nic was being made, by one who found nothing to remove.
fn unless_unwanted(id: i64, made: Result<()>) -> Result<()> {
    if made.is_err() && row::get(id)?.is_none_or(|machine| !machine.running) {
        remove(id)?;
    }
    made
}

fn make(id: i64) -> Result<()> {
    let wanted = read(id)?;
    let home =
        wanted.nics.first().map(|nic| nic.network.clone()).ok_or_else(|| Error::internal("a machine without a nic"))?;
    bridges::make(&wanted.snapshots, &configuration::networks(&wanted.nics, &wanted.snapshots))?;
    let network = wanted.snapshots.iter().find(|snapshot| snapshot.network.path == home);
    let bridge =
        network.map(|snapshot| bridges::name(&snapshot.network)).ok_or_else(|| Error::internal("no network"))?;
    docker::create(&container(&wanted.machine, bridge)).map_err(told)?;
    docker::start(&name(id)).map_err(told)?;
    apply(id)
}

fn container(machine: &Machine, bridge: String) -> NewContainer {
    NewContainer {
        command: vec![PROGRAM.to_owned(), "run".to_owned()],
        hostname: Some(machine.path.name.clone()),
        networking: Networking::Network(bridge),
        administers_network: true,
        stop_seconds: 1,
        ..docker::new_container(name(machine.id), docker::Image::Own(IMAGE.to_owned()))
    }
}

fn read(id: i64) -> Result<Wanted<'static>> {
    db::read(|tx| {
        let machine = api::known(tx, id)?;
        let nics = row::nics_of(tx, id)?;
        let snapshots = snapshots(tx, nics.iter().map(|nic| &nic.network))?;
        Ok(Wanted { machine, nics, snapshots: Cow::Owned(snapshots) })
    })
}

fn snapshots<'a>(tx: &Transaction, networks: impl Iterator<Item = &'a Path>) -> Result<Vec<Snapshot>> {
    let networks: BTreeSet<&Path> = networks.collect();
    let mut snapshots = Vec::new();
    for network in networks {
        snapshots.extend(snapshot::load(tx, network)?);
    }
    Ok(snapshots)
}

/// Gives a running nic its present configuration, and the host the ports to forward, until neither changes any more.
///
/// Errors: 404 and 412 where the nic is not there or does not run; 503 without a container engine.
pub fn apply(id: i64) -> Result<()> {
    for _ in 0..TRIES {
        let wanted = read(id)?;
        if !wanted.machine.running {
            return Ok(());
        }
        bridges::make(&wanted.snapshots, &configuration::networks(&wanted.nics, &wanted.snapshots))?;
        let (configuration, json) = configuration_of(&wanted)?;
        let digest = machine_config::digest(&json);
        if wanted.machine.applied.as_deref() == Some(digest.as_str()) {
            return forward(&wanted, &configuration);
        }
        connect(&wanted)?;
        run(id, json)?;
        row::set_applied(id, Some(&digest))?;
        forward(&wanted, &configuration)?;
    }
    Ok(())
}

/// Forgets which configuration a nic has: it is a new one.
pub fn forget(id: i64) -> Result<()> {
    row::set_applied(id, None)
}

/// Of these machines those that run, and have another configuration than they should have. A nic that does not run takes its
/// configuration when it is started.
///
/// Errors: 503 without a container engine.
pub fn stale(ids: &BTreeSet<i64>) -> Result<Vec<i64>> {
    let (machines, snapshots) = db::read(|tx| {
        let mut machines = Vec::new();
        for id in ids {
            if let Some(machine) = row::find(tx, *id)?.filter(|machine| machine.running) {
                machines.push((machine, row::nics_of(tx, *id)?));
            }
        }
        let networks = machines.iter().flat_map(|(_, nics)| nics).map(|nic| &nic.network);
        let snapshots = snapshots(tx, networks)?;
        Ok((machines, snapshots))
    })?;
    let names: Vec<String> = machines.iter().map(|(machine, _)| name(machine.id)).collect();
    let states = docker::states(&names)?;
    let mut stale = Vec::new();
    for ((machine, nics), state) in machines.into_iter().zip(states) {
        if state.is_none_or(|shown| shown.state != State::Running) {
            continue;
        }
        let wanted = Wanted { machine, nics, snapshots: Cow::Borrowed(&snapshots) };
        if wanted.machine.applied.as_deref() != Some(digest(&wanted)?.as_str()) {
            stale.push(wanted.machine.id);
        }
    }
    Ok(stale)
}

fn digest(wanted: &Wanted<'_>) -> Result<String> {
    // A bridge that is not there yet makes the configuration another one than is applied.
    match configuration_of(wanted) {
        Ok((_, json)) => Ok(machine_config::digest(&json)),
        Err(error) if error.code() == Code::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

fn configuration_of(wanted: &Wanted<'_>) -> Result<(Configuration, Vec<u8>)> {
    let docker::Endpoint { url, token } = docker::endpoint(&name(wanted.machine.id))?;
    let endpoint = Endpoint { url, token };
    let configuration =
        configuration::of(&wanted.machine, &wanted.nics, &wanted.snapshots, &bridges::known()?, endpoint)?;
    let json = serde_json::to_vec(&configuration).map_err(|error| Error::internal(error.to_string()))?;
    Ok((configuration, json))
}

/// Connects the nic to the bridges that it has to be on, and to no others.
fn connect(wanted: &Wanted<'_>) -> Result<()> {
    let container = name(wanted.machine.id);
    let names = bridges::names(&wanted.snapshots, &configuration::networks(&wanted.nics, &wanted.snapshots));
    let present = docker::state(&container)?.map(|shown| shown.addresses).unwrap_or_default();
    for (network, _) in present.iter().filter(|(network, _)| !names.contains(network)) {
        docker::disconnect(&container, network)?;
    }
    for network in names.iter().filter(|name| !present.iter().any(|(network, _)| network == *name)) {
        docker::connect(&container, network).map_err(told)?;
    }
    Ok(())
}

fn run(id: i64, json: Vec<u8>) -> Result<()> {
    let outcome = docker::exec(&name(id), &docker::Command::new([PROGRAM, "apply"]).stdin(json)).map_err(told)?;
    match outcome.exit_code {
        0 => Ok(()),
        KILLED => Err(docker::Error::NotRunning.into()),
        code => {
            let said = String::from_utf8_lossy(&outcome.stderr);
            Err(told(docker::Error::Other(format!(
                "the nic of machine {id} refused its configuration ({code}): {said}"
            ))))
        }
    }
}

/// External addresses: the host listens on each, on the ports that the rules open to everybody.
fn forward(wanted: &Wanted<'_>, configuration: &Configuration) -> Result<()> {
    let ports = rules::forwarded(&configuration.rules);
    let mut forwards = Vec::new();
    for address in configuration::external(&wanted.nics) {
        forwards.extend(ports.iter().map(|port| Forward { address: address.clone(), port: *port, target_port: *port }));
    }
    let problems = docker::set_forwards(&name(wanted.machine.id), &forwards)?;
    for (forward, problem) in forwards.iter().zip(problems) {
        if let Some(problem) = problem {
            log::warn!("{}: {}:{} is not forwarded: {problem}", wanted.machine.path, forward.address, forward.port);
        }
    }
    Ok(())
}

/// Removes a machine's nic, if there is one.
///
/// Errors: 503 where the container engine does not answer.
pub fn remove(id: i64) -> Result<()> {
    if !docker::has_engine() {
        return Ok(());
    }
    Ok(docker::remove(&name(id))?)
}

/// Removes the bridges of networks that no machine is on any more.
///
/// Errors: as [`remove`].
pub fn tidy() -> Result<()> {
    if docker::has_engine() { bridges::tidy() } else { Ok(()) }
}

/// Whether the nic of a machine has ended or is not there, as last heard. One that was made and did not run yet is being started by
/// who has made it.
///
/// Errors: 503 without a container engine.
pub fn is_down(id: i64) -> Result<bool> {
    Ok(docker::state(&name(id))?.is_none_or(|shown| shown.state == State::Stopped))
}

/// Whether the nic of a machine runs, as last heard.
///
/// Errors: 503 without a container engine.
pub fn runs(id: i64) -> Result<bool> {
    Ok(docker::state(&name(id))?.is_some_and(|shown| shown.state == State::Running))
}
