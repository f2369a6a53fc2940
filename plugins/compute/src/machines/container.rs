//! What the container of an instance has to be.

use crate::catalogue;
use crate::disks as storage;
use crate::instances::{self, disks};
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use fogbank_sdk::docker::{self, Limits, Mount, Networking, NewContainer};
use fogbank_sdk::{Code, Error, Result};
use serde_json::Value;

/// Where the agent stands in the container: the first of its processes.
const AGENT: &str = "/.fogbank/agent";
/// How long a machine may take to stop, as at Google.
const STOP_SECONDS: u32 = 90;
/// Processes of one machine.
const PROCESSES: u32 = 4096;

/// The container of an instance in the network of the container `nic`.
///
/// Errors: 400 for a boot disk without an image.
pub fn of(instance: &Resource, nic: &str) -> Result<NewContainer> {
    let image = image(instance)?;
    let mounts = mounts(instance)?;
    Ok(NewContainer {
        command: vec![AGENT.to_owned()],
        labels: labels(instance, &mounts),
        networking: Networking::Container(nic.to_owned()),
        files: vec![docker::asset(AGENT, 0o755, "agent")],
        limits: limits(instance)?,
        stop_seconds: STOP_SECONDS,
        mounts,
        ..docker::new_container(super::name(instance.id), image)
    })
}

/// What a container has to have in common with what is wanted, so that it may be used on: where it is of another time, it is made again.
fn labels(instance: &Resource, mounts: &[Mount]) -> Vec<(String, String)> {
    let text = |mount: &Mount| format!("{}:{}:{}", mount.volume, mount.path, mount.read_only);
    let mounts: Vec<String> = mounts.iter().map(text).collect();
    vec![
        ("compute.boot".to_owned(), disks::boot(instance).map(|disk| disk.to_string()).unwrap_or_default()),
        ("compute.mounts".to_owned(), mounts.join(",")),
    ]
}

/// The image of the boot disk; pulled, where the operator allows it.
fn image(instance: &Resource) -> Result<docker::Image> {
    let none = || Error::new(Code::InvalidArgument, "invalid", format!("'{}' has no boot disk.", instance.path));
    let disk = find(&disks::boot(instance).ok_or_else(none)?)?;
    let image = storage::content(&disk).image();
    let image = image.ok_or_else(|| {
        let message = format!("The disk '{}' has no operating system: it was made from no image.", disk.path);
        Error::new(Code::InvalidArgument, "invalid", message)
    })?;
    if let docker::Image::Mapped(name) = &image {
        docker::ensure_image(name, true).map_err(super::told)?;
    }
    Ok(image)
}

/// Data disks, each at `/mnt/disks/DEVICE_NAME`.
fn mounts(instance: &Resource) -> Result<Vec<Mount>> {
    let mut mounts = Vec::new();
    for attached in disks::attached(instance) {
        let Some(path) = disks::source(attached).filter(|_| attached["boot"] != true) else { continue };
        if let storage::Content::Volume(volume) = storage::content(&find(&path)?) {
            let device = attached["deviceName"].as_str().unwrap_or_default();
            let read_only = attached["mode"] == "READ_ONLY";
            mounts.push(Mount { volume, path: format!("/mnt/disks/{device}"), read_only });
        }
    }
    Ok(mounts)
}

fn limits(instance: &Resource) -> Result<Limits> {
    let kind = instance.link("machineType").map(|link| link.name).unwrap_or_default();
    let kind = catalogue::machine_type(instances::zone(&instance.path), &kind)?;
    Ok(Limits { memory_bytes: kind.memory_mb << 20, cpu_millis: kind.cpus.max(1) * 1000, processes: PROCESSES })
}

fn find(path: &Path) -> Result<Resource> {
    store::get(path)
}

/// The name of a device that may stand in a path.
pub fn is_device(name: &Value) -> bool {
    let form = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    name.as_str().is_some_and(|name| !name.is_empty() && name.len() <= 63 && name.bytes().all(form))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    #[test]
    fn f04_the_name_of_a_device_leads_nowhere_else() {
        assert!(is_device(&json!("data-1")));
        assert!(!is_device(&json!("../etc")) && !is_device(&json!("a/b")) && !is_device(&json!("")));
    }

    #[test]
    fn another_disk_makes_another_container() {
        let path = Path::parse("projects/p/zones/us-central1-a/instances/w1").unwrap();
        let instance = Resource::new(path, Map::new()).unwrap();
        let mount = Mount { volume: "disk-1".into(), path: "/mnt/disks/data".into(), read_only: false };
        assert_ne!(labels(&instance, &[]), labels(&instance, &[mount]));
    }
}
