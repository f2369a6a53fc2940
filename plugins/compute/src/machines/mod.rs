//! The containers behind instances; with an operator who wants none, records alone.
//!
//! A machine is the container `vm-ID`, in the network namespace of `nic-ID`, which `vpc` makes. Its file system is the instance's
//! boot disk, so a container that has to be made again is kept in an image first.

pub mod container;
pub mod reconcile;

use crate::instances::disks;
use crate::instances::network;
use compute_api::engine;
use compute_api::store::Resource;
use fogbank_sdk::docker::{self, State};
use fogbank_sdk::{Code, Error, Result};

pub use reconcile::observe;

/// The name of an instance's container.
pub fn name(instance: i64) -> String {
    format!("vm-{instance}")
}

/// Refuses what needs the container engine where it does not answer (F07).
///
/// Errors: 503.
pub fn require_available() -> Result<()> {
    match docker::has_engine() {
        true => Ok(docker::available()?),
        false => Ok(()),
    }
}

/// Runs an instance that does not run. A container that has run is made again, with what it wrote: the network that it was in ends
/// when the instance stops, and the instance may have other disks by now.
///
/// Errors: 400 for an image that is not there, 503 without the engine.
pub fn start(instance: &Resource) -> Result<()> {
    if !docker::has_engine() {
        // A new one has its addresses already.
        let is_new = instance.text("lastStartTimestamp").is_none();
        return if is_new { Ok(()) } else { network::start(instance.id).map(drop) };
    }
    let nic = network::start(instance.id)?;
    let name = name(instance.id);
    match docker::state(&name)?.map(|there| there.state) {
        Some(State::Running) => return Ok(()),
        Some(State::Paused) => return docker::unpause(&name).map_err(told),
        Some(State::Stopped) => {
            keep(instance)?;
            docker::remove(&name).map_err(told)?;
        }
        Some(State::Created) | None => {}
    }
    docker::create(&container::of(instance, &nic)?).map_err(told)?;
    docker::start(&name).map_err(told)
}

/// Stops it: its shutdown scripts run, within the time that they have.
pub fn stop(instance: &Resource) -> Result<()> {
    on_container(instance, docker::stop)
}

/// Freezes it.
pub fn suspend(instance: &Resource) -> Result<()> {
    on_container(instance, docker::pause)
}

/// Thaws it.
pub fn resume(instance: &Resource) -> Result<()> {
    on_container(instance, docker::unpause)
}

/// Starts it again at once, without asking it.
pub fn reset(instance: &Resource) -> Result<()> {
    on_container(instance, |name| match docker::kill(name, "SIGKILL") {
        Ok(()) | Err(docker::Error::NotRunning) => Ok(()),
        Err(error) => Err(error),
    })?;
    match on_container(instance, docker::start) {
        Ok(()) if docker::has_engine() && docker::state(&name(instance.id))?.is_none() => start(instance),
        other => other,
    }
}

/// Makes its container again with what it has to have by now. What it wrote on its boot disk stays; what it held in memory does not.
pub fn replace(instance: &Resource) -> Result<()> {
    if !docker::has_engine() {
        return Ok(());
    }
    on_container(instance, docker::stop)?;
    start(instance)
}

/// Keeps the file system of an instance's container as what stands on its boot disk, where the disk outlives the container.
pub fn keep(instance: &Resource) -> Result<()> {
    let deleted = instance.text("status") == Some("STOPPING")
        && disks::attached(instance).iter().any(|disk| disk["boot"] == true && disk["autoDelete"] == true);
    match disks::boot(instance).filter(|_| docker::has_engine() && !deleted) {
        Some(disk) => crate::disks::keep(&disk, &name(instance.id)),
        None => Ok(()),
    }
}

/// Removes what is behind it. A refusal is no end here: what cannot be removed now is to be removed later.
///
/// Errors: 5xx, to be tried again.
pub fn remove(instance: &Resource) -> Result<()> {
    if !docker::has_engine() {
        return Ok(());
    }
    match docker::remove(&name(instance.id)) {
        Ok(()) | Err(docker::Error::NotFound) => Ok(()),
        Err(error) => Err(Error::unavailable(format!("The instance's container cannot be removed yet: {error}"))),
    }
}

/// Brings a running machine into the network of its nic, which was started anew, as a reset does: the network that it was in is gone.
///
/// Errors: 503 without the engine.
pub fn rejoin(instance: &Resource) -> Result<()> {
    network::start(instance.id)?;
    reset(instance)
}

/// What an instance printed on its console, at most the last 16 MiB.
pub fn printed(instance: &Resource) -> Result<String> {
    const MOST: usize = 16 << 20;
    if !docker::has_engine() {
        return Ok(String::new());
    }
    let mut body = match docker::logs(&name(instance.id)) {
        Ok(body) => body,
        Err(docker::Error::NotFound) => return Ok(String::new()),
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::new();
    while let Some(part) = body.read(256 << 10)? {
        bytes.extend(part);
        if bytes.len() > 2 * MOST {
            bytes.drain(..bytes.len() - MOST);
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn on_container(instance: &Resource, act: impl Fn(&str) -> docker::Result<()>) -> Result<()> {
    if !docker::has_engine() {
        return Ok(());
    }
    match act(&name(instance.id)) {
        Err(docker::Error::NotFound) => Ok(()),
        other => other.map_err(told),
    }
}

/// As [`engine::told`] of what happens to a machine's own container.
fn told(error: docker::Error) -> Error {
    match error {
        docker::Error::NotFound => {
            Error::new(Code::FailedPrecondition, "containerMissing", "The instance's container is not there any more.")
        }
        other => engine::told(other),
    }
}
