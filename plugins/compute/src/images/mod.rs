//! Images of one's own, and the public ones. <https://cloud.google.com/compute/docs/reference/rest/v1/images>

use crate::catalogue;
use crate::catalogue::public;
use crate::disks::{self, source};
use crate::snapshots::location;
use compute_api::call::Call;
use compute_api::list::{self as lists, Wanted};
use compute_api::operation::Then;
use compute_api::path::{Path, Scope};
use compute_api::store::{self, Resource};
use compute_api::{change, failure, links, show};
use fogbank_sdk::db::{self, Transaction};
use fogbank_sdk::{Error, Reply, Request, Response, Result};
use serde_json::{Value, json};

pub use crate::disks::handlers::delete;

/// The image of one's own that a path names, by itself or by its family.
///
/// Errors: 404.
pub fn resolve(tx: &Transaction, path: &Path) -> Result<Resource> {
    let family = match path.collection.as_str() {
        "imageFamilyViews" => Some(path.name.as_str()),
        _ => path.name.strip_prefix("family/"),
    };
    let Some(family) = family else { return store::load(tx, path) };
    let images = store::all(tx, &path.project, "images")?;
    let newest =
        images.into_iter().filter(|image| is_current(image, family)).max_by_key(|image| image.created.millis());
    newest.ok_or_else(|| failure::not_found(path))
}

fn is_current(image: &Resource, family: &str) -> bool {
    let state = image.body.get("deprecated").and_then(|deprecated| deprecated["state"].as_str());
    image.text("family") == Some(family)
        && matches!(state, None | Some("ACTIVE"))
        && image.text("status") == Some("READY")
}

/// `POST .../images`
///
/// Errors: 400 without exactly one source, or for a disk that a running instance uses; 404, 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    disks::require_engine()?;
    let forced = request.query_flag("forceCreate")?.unwrap_or(false);
    // Old clients send the zone of the disk beside its link, as the API has long not asked for any more.
    let body = call.body_without(&mut request, &["zone"])?;
    let sources = ["sourceDisk", "sourceSnapshot", "sourceImage"];
    if sources.iter().filter(|field| body.contains_key(**field)).count() > 1 {
        return Err(Error::invalid("An image has one source: a disk, a snapshot or an image."));
    }
    change::insert(&call, body, |tx, image| complete(tx, image, forced))
}

fn complete(tx: &Transaction, image: &mut Resource, forced: bool) -> Result<Then> {
    image.set("sourceType", "RAW");
    let raw = image.body.get("rawDisk").is_some_and(|raw| raw["source"].as_str().is_some_and(|url| !url.is_empty()));
    let source = source::of(tx, &image.body, &["sourceDisk", "sourceSnapshot", "sourceImage"])?;
    let then = match (&source, raw) {
        (Some(_), true) => return Err(failure::invalid("resource.rawDisk", "", "An image has one source.")),
        (None, false) => return Err(Error::invalid("A source disk, snapshot, image or rawDisk has to be given.")),
        (None, true) => {
            image.set("status", "READY");
            image.set(disks::CONTENT, format!("mapped:{}", image.text("family").unwrap_or(&image.path.name)));
            Then::Done
        }
        (Some(source), false) => {
            if !forced {
                require_rest(tx, &source.path)?;
            }
            source.write(image);
            if image.text("status") == Some("CREATING") {
                image.set("status", "PENDING");
            }
            Then::Run(disks::MAKE, Value::Null)
        }
    };
    if let Some(source) = &source {
        image.set("diskSizeGb", source.gb.max(source::gb(&image.body, "diskSizeGb")).to_string());
    }
    if !image.body.contains_key("storageLocations") {
        let region = source.as_ref().and_then(|source| source.path.scope.region()).unwrap_or("us").to_owned();
        image.set("storageLocations", json!([location(&region)]));
    }
    image.set("enableConfidentialCompute", false);
    Ok(then)
}

/// An image of a disk that is being written needs `forceCreate`.
fn require_rest(tx: &Transaction, disk: &Path) -> Result<()> {
    let users = store::linked(tx, disk, "instances")?;
    match users.iter().find(|instance| instance.text("status") == Some("RUNNING")) {
        Some(instance) => Err(failure::in_use(disk, &instance.path)),
        None => Ok(()),
    }
}

/// `GET .../images/family/FAMILY`
///
/// Errors: 404.
pub fn get_from_family(request: Request) -> Result<Reply> {
    catalogue::open::require(&request)?;
    let call = Call::of(&request)?;
    let image = family(&call, request.param("family"))?;
    Ok(Response::json(&image).into())
}

/// `GET .../zones/ZONE/imageFamilyViews/FAMILY`
///
/// Errors: 404.
pub fn family_view(request: Request) -> Result<Reply> {
    catalogue::open::require(&request)?;
    let call = Call::of(&request)?;
    let image = family(&call, request.param("family"))?;
    Ok(Response::json(&json!({"image": image})).into())
}

fn family(call: &Call, name: &str) -> Result<Value> {
    if let Some(image) = public::newest(&call.project, name) {
        let mut shown = image.show();
        links::expand(&mut shown, &call.base);
        return Ok(shown);
    }
    let path = Path::new(&call.project, Scope::Global, "images", &format!("family/{name}"));
    show::resource(&db::transaction(|tx| resolve(tx, &path))?, &call.base)
}

/// `GET .../images`
///
/// Errors: 400 for a filter that is none.
pub fn list(request: Request) -> Result<Reply> {
    catalogue::open::require(&request)?;
    let call = Call::of(&request)?;
    if !public::is_public(&call.project) {
        return lists::list(&request, |_| Ok(())).map(Reply::from);
    }
    let images = public::images(&call.project).into_iter().map(|image| {
        let mut shown = image.show();
        links::expand(&mut shown, &call.base);
        (Scope::Global, shown)
    });
    let page = Wanted::of(&request)?.page(&request, images.collect())?;
    let items = page.items.into_iter().map(|(_, item)| item).collect();
    Ok(Response::json(&lists::answer(&call, items, page.next)).into())
}

/// `POST .../images/IMAGE/deprecate`
///
/// Errors: 404; 400 for a replacement that is no image.
pub fn deprecate(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let path = call.target(&request)?;
    let body = call.body(&mut request)?;
    change::change(&call, &path, |_, image| {
        match body.get("state").and_then(Value::as_str) {
            None | Some("ACTIVE") => drop(image.body.remove("deprecated")),
            Some(_) => image.set("deprecated", Value::Object(body.clone())),
        }
        Ok(Then::Done)
    })
}

/// `PATCH .../images/IMAGE`: what an image is made of does not change.
///
/// Errors: 400 for another field; 412.
pub fn patch(mut request: Request) -> Result<Reply> {
    change::patch(&mut request, |_, before, image| {
        for field in ["sourceDisk", "sourceImage", "sourceSnapshot", "rawDisk", "diskSizeGb"] {
            if before.body.get(field) != image.body.get(field) {
                return Err(failure::invalid(&format!("resource.{field}"), "", "The field cannot be changed."));
            }
        }
        Ok(Then::Done)
    })
}
