//! `moveInstance` and `moveDisk`: to another zone. <https://cloud.google.com/compute/docs/instances/moving-instance-across-zones>

use crate::catalogue;
use crate::instances::state::{State, refused};
use crate::instances::{disks, edit, work};
use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::path::{MARK, Path, Scope};
use compute_api::store::{self, Resource};
use compute_api::{change, failure, links, places};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Reply, Request, Result, identity};
use serde_json::{Map, Value, json};

/// `POST .../moveDisk`: a disk that nobody uses.
///
/// Errors: 400 for a zone that is none, or a disk in use; 404; 409 where the zone has a disk of the name.
pub fn disk(mut request: Request) -> Result<Reply> {
    let call = Call::of_project(&request)?;
    let body = call.body(&mut request)?;
    let (path, scope) = wanted(&body, "targetDisk", "disks")?;
    let moved = change::change(&call, &path, |tx, disk| {
        if let Some(user) = store::user_of(tx, &disk.path)? {
            return Err(failure::in_use(&disk.path, &user));
        }
        relocate(tx, disk, &scope)?;
        Ok(Then::Done)
    })?;
    identity::forget(&path.full_name())?;
    Ok(moved)
}

/// `POST .../moveInstance`: with its disks, within its region; one that runs is started anew.
///
/// Errors: 400 for a zone of another region, or an instance that is on its way; 404; 409 where the zone has one of the name.
pub fn instance(mut request: Request) -> Result<Reply> {
    let call = Call::of_project(&request)?;
    let body = call.body(&mut request)?;
    let (path, scope) = wanted(&body, "targetInstance", "instances")?;
    if scope.region() != path.scope.region() {
        let why = "The networks of the instance are of its region.";
        return Err(failure::invalid("destinationZone", &scope, why));
    }
    let moved = change::change(&call, &path, |tx, instance| {
        let then = match State::of(instance) {
            State::Terminated => edit::push(),
            State::Running => Then::Run(work::REPLACE, Value::Null),
            _ => return Err(refused(instance, "moved", "RUNNING or TERMINATED")),
        };
        let next = Path::new(&path.project, scope.clone(), "instances", &path.name);
        take_disks(tx, instance, &scope)?;
        settle_types(instance, &next)?;
        edit::rename(tx, instance, next)?;
        Ok(then)
    })?;
    identity::forget(&path.full_name())?;
    Ok(moved)
}

/// What is to be moved, and where to.
fn wanted(body: &Map<String, Value>, field: &str, collection: &str) -> Result<(Path, Scope)> {
    let path = links::field(body, field).filter(|path| path.collection == collection);
    let path = path.ok_or_else(|| failure::required(field))?;
    let zone = body.get("destinationZone").and_then(Value::as_str).unwrap_or_default();
    let scope = Scope::Zone(zone.rsplit('/').next().unwrap_or_default().to_owned());
    match places::exists(&scope) && scope != path.scope && matches!(path.scope, Scope::Zone(_)) {
        true => Ok((path, scope)),
        false => Err(failure::invalid("destinationZone", zone.trim_start_matches(MARK), "It has to be another zone.")),
    }
}

/// Moves the zonal disks of an instance, and has it attach them there.
fn take_disks(tx: &Transaction, instance: &mut Resource, scope: &Scope) -> Result<()> {
    let mut attached = disks::attached(instance).to_vec();
    for disk in &mut attached {
        let Some(path) = disks::source(disk).filter(|path| matches!(path.scope, Scope::Zone(_))) else { continue };
        let users = store::linked(tx, &path, "instances")?;
        if let Some(other) = users.iter().find(|user| user.path != instance.path) {
            return Err(failure::in_use(&path, &other.path));
        }
        let mut kept = store::load(tx, &path)?;
        relocate(tx, &mut kept, scope)?;
        store::save(tx, &kept)?;
        disk["source"] = json!(kept.path.marked());
    }
    instance.set("disks", attached);
    Ok(())
}

/// Puts a disk into another zone. What stands on it is known by its number and stays where it is.
fn relocate(tx: &Transaction, disk: &mut Resource, scope: &Scope) -> Result<()> {
    let next = Path::new(&disk.path.project, scope.clone(), &disk.path.collection, &disk.path.name);
    if let Some(kind) = disk.link("type") {
        disk.set("type", next.sibling("diskTypes", &kind.name).marked());
    }
    edit::rename(tx, disk, next)
}

/// Machine types and accelerators are those of the new zone.
fn settle_types(instance: &mut Resource, next: &Path) -> Result<()> {
    if let Some(kind) = instance.link("machineType") {
        catalogue::machine_type(crate::instances::zone(next), &kind.name)?;
        instance.set("machineType", next.sibling("machineTypes", &kind.name).marked());
    }
    let cards = instance.body.get_mut("guestAccelerators").and_then(Value::as_array_mut);
    for card in cards.into_iter().flatten() {
        let name = card["acceleratorType"].as_str().and_then(|kind| kind.rsplit('/').next()).map(str::to_owned);
        if let Some(name) = name {
            card["acceleratorType"] = json!(next.sibling("acceleratorTypes", &name).marked());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_moved_goes_to_another_zone() {
        let body = |zone: &str| {
            let target = "//compute/projects/p/zones/us-central1-a/disks/d";
            let zone = format!("//compute/projects/p/zones/{zone}");
            json!({"targetDisk": target, "destinationZone": zone}).as_object().unwrap().clone()
        };
        let (path, scope) = wanted(&body("us-central1-b"), "targetDisk", "disks").unwrap();
        assert_eq!((path.name.as_str(), scope), ("d", Scope::Zone("us-central1-b".into())));
        for wrong in ["us-central1-a", "nowhere-a"] {
            assert_eq!(wanted(&body(wrong), "targetDisk", "disks").unwrap_err().http_status(), 400);
        }
        assert!(wanted(&body("us-central1-b"), "targetInstance", "instances").is_err());
    }

    #[test]
    fn an_instance_has_the_types_of_its_zone() {
        let path = Path::parse("projects/p/zones/us-central1-a/instances/i").unwrap();
        let next = Path::parse("projects/p/zones/us-central1-b/instances/i").unwrap();
        let mut instance = Resource::new(path, Map::new()).unwrap();
        instance.set("machineType", "//compute/projects/p/zones/us-central1-a/machineTypes/e2-micro");
        settle_types(&mut instance, &next).unwrap();
        assert_eq!(instance.link("machineType").unwrap().scope, next.scope);
    }
}
