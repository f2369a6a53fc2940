//! Attaching and detaching disks.

use super::{disks, edit};
use crate::catalogue;
use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::store::Resource;
use compute_api::{change, failure};
use fogbank_sdk::{Reply, Request, Result};
use serde_json::{Value, json};

/// `POST .../attachDisk`
///
/// Errors: 400 for a device name or a disk that is in use, 404 for a disk that is not there.
pub fn attach_disk(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let sent = Value::Object(call.body(&mut request)?);
    change::change(&call, &path, |tx, instance| {
        let mut there = disks::attached(instance).to_vec();
        let index = (0..).find(|index| !there.iter().any(|disk| disk["index"] == json!(index))).unwrap_or_default();
        if sent["boot"] == true && there.iter().any(|disk| disk["boot"] == true) {
            return Err(failure::invalid("boot", "true", "The instance has a boot disk."));
        }
        require_room(instance, there.len() + 1)?;
        let (shown, _) = disks::attach(tx, instance, &sent, index, &there)?;
        match shown["boot"] == true {
            true => there.insert(0, shown),
            false => there.push(shown),
        }
        instance.set("disks", there);
        Ok(edit::replaced(instance))
    })
}

/// `POST .../detachDisk?deviceName=NAME`
///
/// Errors: 400 for a device name that no disk has, or the boot disk of an instance that runs.
pub fn detach_disk(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let device = required(&request, "deviceName")?;
    change::change(&call, &path, |tx, instance| {
        let at = disks::position(instance, &device)?;
        let mut there = disks::attached(instance).to_vec();
        if there[at]["boot"] == true {
            super::state::require_terminated(instance, "parted from its boot disk")?;
        }
        let removed = there.remove(at);
        if let Some(disk) = disks::source(&removed) {
            crate::disks::detached(tx, &disk)?;
        }
        instance.set("disks", there);
        Ok(edit::replaced(instance))
    })
}

/// `POST .../setDiskAutoDelete?deviceName=NAME&autoDelete=BOOL`
///
/// Errors: 400 for a device name that no disk has.
pub fn set_disk_auto_delete(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let device = required(&request, "deviceName")?;
    let auto = request.query_flag("autoDelete")?.ok_or_else(|| failure::required("autoDelete"))?;
    change::change(&call, &path, |_, instance| {
        let at = disks::position(instance, &device)?;
        let mut there = disks::attached(instance).to_vec();
        there[at]["autoDelete"] = json!(auto);
        instance.set("disks", there);
        Ok(Then::Done)
    })
}

/// How many disks the machine type takes.
fn require_room(instance: &Resource, disks: usize) -> Result<()> {
    let Some(kind) = instance.link("machineType") else { return Ok(()) };
    let most = catalogue::machine_type(super::zone(&instance.path), &kind.name)?.disks;
    match disks > most as usize {
        true => Err(failure::invalid(
            "resource.disks",
            disks,
            &format!("The machine type '{}' takes at most {most} disks.", kind.name),
        )),
        false => Ok(()),
    }
}

/// A parameter of the query that has to be there.
///
/// Errors: 400.
pub fn required(request: &Request, name: &str) -> Result<String> {
    let value = request.query(name).filter(|value| !value.is_empty());
    value.map(str::to_owned).ok_or_else(|| failure::required(name))
}
