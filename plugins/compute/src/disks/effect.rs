//! What the runner does for disks, images and snapshots: their content. Each step may be done again.

use super::{CONTENT, Content, FROM, LAID_OUT, content, own_name};
use compute_api::operation::Input;
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use fogbank_sdk::docker;
use fogbank_sdk::operations::Operation;
use fogbank_sdk::{Code, Error, Outcome, Result, db, identity};

/// Makes the content of a new disk, image or snapshot: the path in the operation's payload, else its target.
pub const MAKE: &str = "disk.make";
/// Removes one with its content.
pub const REMOVE: &str = "disk.remove";

/// How often something in use is asked again whether it can be removed.
const PATIENCE: u32 = 60;

/// Does what an operation asks for.
///
/// Errors: what the operation fails with, or is tried again for.
pub fn run(operation: &Operation, input: &Input) -> Result<Outcome> {
    let path = match input.payload["path"].as_str().and_then(Path::parse) {
        Some(path) => path,
        None => input.path()?,
    };
    match operation.kind.as_str() {
        MAKE => match make(&path) {
            Err(error) if error.http_status() < 500 => {
                discard(&path)?;
                Err(error)
            }
            other => other.map(|()| Outcome::Done(String::new())),
        },
        REMOVE => match remove(&path) {
            Err(error) if error.code() == Code::FailedPrecondition && operation.attempts < PATIENCE => {
                Ok(Outcome::AgainAfter(1000))
            }
            other => other.map(|()| Outcome::Done(String::new())),
        },
        other => Err(Error::internal(format!("{other} is nothing that is done for disks"))),
    }
}

/// Makes what stands on a disk, in an image or in a snapshot; fine where it is made, or the resource is gone.
///
/// Errors: 404 where what it is made from is gone; the engine's.
pub fn make(path: &Path) -> Result<()> {
    let Some(resource) = db::transaction(|tx| store::find(tx, path))? else { return Ok(()) };
    let (content, bytes) = if docker::has_engine() { made(&resource)? } else { (recorded(&resource)?, None) };
    db::transaction(|tx| {
        let Some(before) = store::find(tx, path)? else { return Ok(()) };
        let mut after = before.clone();
        after.body.remove(FROM);
        after.set(CONTENT, content.to_string());
        after.set("status", "READY");
        measure(&mut after, bytes);
        if after == before { Ok(()) } else { store::save(tx, &after) }
    })
}

/// Removes a disk, an image or a snapshot with what stands in it; fine where it is gone.
///
/// Errors: 400 where something uses it, or a container has its content still.
pub fn remove(path: &Path) -> Result<()> {
    let Some(resource) = db::transaction(|tx| store::find(tx, path))? else { return Ok(()) };
    if let Some(user) = db::transaction(|tx| store::user_of(tx, path))? {
        return Err(compute_api::failure::in_use(path, &user));
    }
    if docker::has_engine() {
        unmake(&resource)?;
    }
    db::transaction(|tx| store::delete(tx, path))?;
    Ok(identity::forget(&path.full_name())?)
}

/// Keeps what a machine has written on its boot disk, so that the disk has it when the container is gone.
///
/// Errors: the engine's.
pub fn keep(disk: &Path, container: &str) -> Result<()> {
    if !docker::has_engine() || docker::state(container)?.is_none() {
        return Ok(());
    }
    let Some(resource) = db::transaction(|tx| store::find(tx, disk))? else { return Ok(()) };
    let kept = Content::commit(container, &own_name(&resource))?;
    change(disk, |resource| resource.set(CONTENT, kept.to_string()))
}

/// Lays a disk out that has the files of an image, so that a machine which does not boot from it sees them.
///
/// Errors: the engine's.
pub fn lay_out(disk: &Path) -> Result<()> {
    let Some(resource) = db::transaction(|tx| store::find(tx, disk))? else { return Ok(()) };
    let image = content(&resource);
    if !docker::has_engine() || image.image().is_none() {
        return Ok(());
    }
    let laid = image.lay_out(&own_name(&resource))?;
    change(disk, |resource| {
        resource.set(LAID_OUT, image.to_string());
        resource.set(CONTENT, laid.to_string());
    })
}

/// Folds a disk up that was laid out, so that a machine boots from it.
///
/// Errors: the engine's.
pub fn fold(disk: &Path) -> Result<()> {
    let Some(resource) = db::transaction(|tx| store::find(tx, disk))? else { return Ok(()) };
    let Some(folded) = folded(&resource, &own_name(&resource))? else { return Ok(()) };
    change(disk, |resource| {
        resource.body.remove(LAID_OUT);
        resource.set(CONTENT, folded.to_string());
    })?;
    content(&resource).remove()
}

/// The image of the name `to` with what stands on a disk that was laid out; nothing for any other.
fn folded(disk: &Resource, to: &str) -> Result<Option<Content>> {
    match (content(disk), disk.text(LAID_OUT).and_then(Content::parse)) {
        (Content::Volume(volume), Some(base)) => Content::fold(&volume, &base, to).map(Some),
        _ => Ok(None),
    }
}

fn change(disk: &Path, edit: impl Fn(&mut Resource)) -> Result<()> {
    db::transaction(|tx| {
        let Some(mut resource) = store::find(tx, disk)? else { return Ok(()) };
        edit(&mut resource);
        store::save(tx, &resource)
    })
}

/// A disk that could not be made leaves nothing.
fn discard(path: &Path) -> Result<()> {
    let Some(resource) = db::transaction(|tx| store::find(tx, path))? else { return Ok(()) };
    if docker::has_engine() {
        unmake(&resource)?;
    }
    db::transaction(|tx| store::remove(tx, path))
}

/// Only what is its own: an image that everybody has stays.
fn unmake(resource: &Resource) -> Result<()> {
    let own = own_name(resource);
    let laid_out = resource.text(LAID_OUT).and_then(Content::parse);
    for content in [Some(content(resource)), laid_out].into_iter().flatten() {
        match content {
            Content::Volume(name) if name == own => Content::Volume(name).remove()?,
            Content::Own(name) if name == own => Content::Own(name).remove()?,
            _ => {}
        }
    }
    Ok(())
}

fn made(resource: &Resource) -> Result<(Content, Option<u64>)> {
    let Some(from) = resource.text(FROM).and_then(Path::parse) else {
        let content = content(resource);
        if let Content::Volume(name) = &content {
            docker::create_volume(name)?;
        }
        return Ok((content, None));
    };
    let source = store::get(&from)?;
    let copy = match machine_of(&source)? {
        Some(container) => Content::commit(&container, &own_name(resource))?,
        None => match folded(&source, &own_name(resource))? {
            Some(folded) => folded,
            None => content(&source).copy(&own_name(resource))?,
        },
    };
    let bytes = if resource.path.collection == "disks" { None } else { copy.size()? };
    Ok((copy, bytes))
}

/// Without an engine only the kind of the content is known.
fn recorded(resource: &Resource) -> Result<Content> {
    let Some(from) = resource.text(FROM).and_then(Path::parse) else { return Ok(content(resource)) };
    let source = store::get(&from)?;
    Ok(match content(&source) {
        Content::Volume(_) => Content::Volume(own_name(resource)),
        Content::Own(_) => Content::Own(own_name(resource)),
        mapped => mapped,
    })
}

/// The container whose file system is what stands on a boot disk now.
fn machine_of(disk: &Resource) -> Result<Option<String>> {
    if disk.path.collection != "disks" {
        return Ok(None);
    }
    for instance in db::transaction(|tx| store::linked(tx, &disk.path, "instances"))? {
        let attached = instance.body.get("disks").and_then(|disks| disks.as_array()).into_iter().flatten();
        let mut boot = attached.filter(|attached| attached["boot"] == true && attached["source"] == disk.path.marked());
        let container = format!("vm-{}", instance.id);
        if boot.next().is_some() && docker::state(&container)?.is_some() {
            return Ok(Some(container));
        }
    }
    Ok(None)
}

/// Sizes that follow from the content. What is not known is said as nothing of it.
fn measure(resource: &mut Resource, bytes: Option<u64>) {
    let bytes = bytes.unwrap_or_default().to_string();
    let fields: &[&str] = match resource.path.collection.as_str() {
        "snapshots" => &["storageBytes", "downloadBytes", "creationSizeBytes"],
        "images" => &["archiveSizeBytes"],
        _ => &[],
    };
    for field in fields {
        if !resource.body.contains_key(*field) {
            resource.set(field, bytes.as_str());
        }
    }
    if resource.path.collection == "snapshots" {
        resource.set("storageBytesStatus", "UP_TO_DATE");
    }
}
