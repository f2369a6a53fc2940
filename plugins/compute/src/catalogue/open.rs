//! Projects of public images, in which everybody who is somebody may read.
//! <https://cloud.google.com/compute/docs/images/managing-access-custom-images#public-images>

use super::public;
use compute_api::path::{Path, Scope};
use fogbank_sdk::identity::{self, Grant};
use fogbank_sdk::{Error, Reply, Request, RequestHead, Result};

/// All who have shown who they are.
const EVERYBODY: &str = "allAuthenticatedUsers";

/// What a method about images and licenses needs, and the parameter of the one that it is about.
const METHODS: [(&str, &str, &str); 7] = [
    ("compute.imageFamilyViews.get", "compute.images.getFromFamily", "family"),
    ("compute.images.get", "compute.images.get", "image"),
    ("compute.images.getFromFamily", "compute.images.getFromFamily", ""),
    ("compute.images.list", "compute.images.list", ""),
    ("compute.licenseCodes.get", "compute.licenseCodes.get", "licenseCode"),
    ("compute.licenses.get", "compute.licenses.get", "license"),
    ("compute.licenses.list", "compute.licenses.list", ""),
];

/// Refuses a caller who may not read; the host has left that to be asked here.
///
/// Errors: 401, 403.
pub fn require(request: &RequestHead) -> Result<()> {
    let route = request.route();
    let method = METHODS.iter().find(|(id, ..)| *id == route);
    let (_, permission, param) = method.ok_or_else(|| Error::internal(format!("{route} is not open")))?;
    let project = request.param("project");
    let name = request.param(param);
    let resource = match *param {
        "" => format!("//cloudresourcemanager.googleapis.com/projects/{project}"),
        "family" => {
            Path::new(project, Scope::Zone(request.param("zone").to_owned()), "imageFamilyViews", name).full_name()
        }
        _ => Path::new(project, Scope::Global, &format!("{param}s"), name).full_name(),
    };
    let open = Grant { member: EVERYBODY.to_owned(), permissions: vec![(*permission).to_owned()] };
    let grants = if public::is_public(project) { vec![open] } else { Vec::new() };
    Ok(identity::require(permission, &resource, &grants)?)
}

/// `GET .../images/IMAGE`, `GET .../licenses/LICENSE` and the like.
///
/// Errors: 403, 404.
pub fn get(request: Request) -> Result<Reply> {
    require(&request)?;
    compute_api::generic::get(request)
}

/// `GET .../licenses`
///
/// Errors: 403; 400 for a filter that is none.
pub fn list(request: Request) -> Result<Reply> {
    require(&request)?;
    match public::is_public(request.param("project")) {
        true => super::handlers::list(request),
        false => compute_api::generic::list(request),
    }
}
