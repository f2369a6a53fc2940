//! The methods of `disks` and `regionDisks`. <https://cloud.google.com/compute/docs/reference/rest/v1/disks>

use super::create::{complete, is_pending};
use super::effect::{MAKE, REMOVE};
use super::{decorate, size, source};
use crate::snapshots;
use compute_api::call::Call;
use compute_api::change;
use compute_api::operation::{self, Then};
use compute_api::path::{MARK, Path};
use compute_api::store::{self, Resource};
use compute_api::{failure, list as lists, show};
use fogbank_sdk::{Reply, Request, Response, Result, db, docker};
use serde_json::{Map, Value, json};

/// `POST .../disks`
///
/// Errors: 400 naming the field, 404 for a source that is not there, 409; 503 without a container engine.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    require_engine()?;
    let mut body = call.body(&mut request)?;
    if let Some(image) = request.query("sourceImage").filter(|image| !image.is_empty()) {
        let path = Path::parse_reference(image, &call.project);
        let path = path.ok_or_else(|| failure::invalid("sourceImage", image, "The URL is malformed."))?;
        body.insert("sourceImage".into(), json!(path.marked()));
    }
    change::insert(&call, body, |tx, disk| {
        complete(tx, disk)?;
        let warnings = size::warnings([&*disk]);
        let payload = if warnings.is_null() { Value::Null } else { json!({ operation::SHOWN: warnings }) };
        let made = payload.is_null() && !is_pending(disk) && !docker::has_engine();
        Ok(if made { Then::Done } else { Then::Run(MAKE, payload) })
    })
}

/// 503 where there should be a container engine and it does not answer.
pub fn require_engine() -> Result<()> {
    if docker::has_engine() { Ok(docker::available()?) } else { Ok(()) }
}

/// `GET .../disks/DISK`
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let mut disks = vec![store::get(&call.target(&request)?)?];
    decorate(&mut disks)?;
    Ok(Response::json(&show::resource(&disks[0], &call.base)?).into())
}

/// `GET .../disks`
///
/// Errors: 400 for a filter that is none.
pub fn list(request: Request) -> Result<Reply> {
    lists::list(&request, decorate).map(Reply::from)
}

/// `GET .../aggregated/disks`
///
/// Errors: as [`list`].
pub fn aggregated_list(request: Request) -> Result<Reply> {
    lists::aggregated(&request, decorate).map(Reply::from)
}

/// `DELETE .../disks/DISK`, and of images and snapshots.
///
/// Errors: 404; 400 where an instance uses it.
pub fn delete(request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    change::delete(&call, &path, |tx, resource| {
        if let Some(user) = store::user_of(tx, &resource.path)? {
            return Err(failure::in_use(&resource.path, &user));
        }
        resource.set("status", "DELETING");
        Ok(if docker::has_engine() { Then::Run(REMOVE, Value::Null) } else { Then::Done })
    })
}

/// `POST .../disks/DISK/resize`
///
/// Errors: 400 for a size that is not larger.
pub fn resize(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    if !body.contains_key("sizeGb") {
        return Err(failure::required("sizeGb"));
    }
    change::change(&call, &path, |_, disk| size::grow(disk, source::gb(&body, "sizeGb")).map(|()| Then::Done))
}

/// `PATCH .../disks/DISK`: labels, a larger size, performance.
///
/// Errors: 400 for a field that cannot change.
pub fn update(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let patch = call.patch(&mut request)?;
    let mask: Vec<String> = masked(&request);
    change::change(&call, &path, |_, disk| {
        let mut patch = patch.clone();
        patch.retain(|field, _| mask.is_empty() || mask.iter().any(|name| name == field));
        let before = disk.clone();
        change::merge(disk, patch)?;
        keep_settled(&before, disk)?;
        Ok(Then::Done)
    })
}

fn masked(request: &Request) -> Vec<String> {
    let texts = ["paths", "updateMask"].into_iter().filter_map(|name| request.query(name));
    texts.flat_map(|text| text.split(',')).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// What a disk is made from and of does not change, and its size only grows.
fn keep_settled(before: &Resource, after: &mut Resource) -> Result<()> {
    let size = source::gb(&after.body, "sizeGb");
    after.set("sizeGb", before.body.get("sizeGb").cloned().unwrap_or_default());
    if size != source::gb(&before.body, "sizeGb") {
        size::grow(after, size)?;
    }
    for field in ["type", "sourceImage", "sourceSnapshot", "sourceDisk", "replicaZones", "physicalBlockSizeBytes"] {
        if before.body.get(field) != after.body.get(field) {
            return Err(failure::invalid(&format!("resource.{field}"), "", "The field cannot be changed."));
        }
    }
    Ok(())
}

/// `POST .../disks/DISK/addResourcePolicies`
///
/// Errors: 400 where the disk has a schedule already, or the policy is of another region; 404.
pub fn add_resource_policies(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let sent = policies(&call.body(&mut request)?);
    change::change(&call, &path, |_, disk| {
        let mut all = policies(&disk.body);
        for policy in &sent {
            let region =
                policy.strip_prefix(MARK).and_then(Path::parse).and_then(|path| path.scope.region().map(str::to_owned));
            if region.as_deref() != disk.path.scope.region() {
                return Err(failure::invalid(
                    "resourcePolicies",
                    policy.trim_start_matches(MARK),
                    "It has to be in the disk's region.",
                ));
            }
            if !all.contains(policy) {
                all.push(policy.clone());
            }
        }
        if all.len() > 1 {
            return Err(failure::invalid("resourcePolicies", all.len(), "A disk may have one resource policy."));
        }
        disk.set("resourcePolicies", all);
        Ok(Then::Done)
    })
}

/// `POST .../disks/DISK/removeResourcePolicies`
///
/// Errors: 404 for a policy that the disk does not have.
pub fn remove_resource_policies(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let sent = policies(&call.body(&mut request)?);
    change::change(&call, &path, |_, disk| {
        let mut all = policies(&disk.body);
        for policy in &sent {
            let at = all.iter().position(|there| there == policy);
            let at = at.ok_or_else(|| {
                failure::invalid("resourcePolicies", policy.trim_start_matches(MARK), "The disk does not have it.")
            })?;
            all.remove(at);
        }
        match all.is_empty() {
            true => drop(disk.body.remove("resourcePolicies")),
            false => disk.set("resourcePolicies", all),
        }
        Ok(Then::Done)
    })
}

fn policies(body: &Map<String, Value>) -> Vec<String> {
    let listed = body.get("resourcePolicies").and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// `POST .../disks/DISK/createSnapshot`
///
/// Errors: 400 without a name, 404, 409 for a name that is taken.
pub fn create_snapshot(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    require_engine()?;
    let body = call.body(&mut request)?;
    let name = db::transaction(|tx| {
        if let Some(operation) = operation::repeated(tx, &call)? {
            return Ok(operation);
        }
        let disk = store::load(tx, &path)?;
        let snapshot = snapshots::create_in(tx, &disk, body.clone())?;
        operation::start(tx, &call, &path, disk.id, Then::Run(MAKE, json!({"path": snapshot.path.to_string()})))
    })?;
    operation::answer(&call, &name)
}
