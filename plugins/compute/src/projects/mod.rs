//! Projects as Compute Engine sees them: metadata of all their instances, quotas, the default service account.
//! <https://cloud.google.com/compute/docs/reference/rest/v1/projects>

pub mod handlers;
pub mod moving;
pub mod quota;
pub mod xpn;

pub use handlers::{
    get, set_cloud_armor_tier, set_common_instance_metadata, set_default_network_tier, set_usage_export_bucket,
};

use crate::instances::network::read;
use compute_api::failure;
use compute_api::path::{Path, Scope};
use compute_api::store::{self, Resource};
use fogbank_sdk::{Code, Error, Result, Timestamp, db, peers};
use serde_json::Map;

/// The path of a project.
pub fn path(id: &str) -> Path {
    Path::new(id, Scope::Global, "", "")
}

/// The record of a project; its id is the project's number. It is made when it is asked for first.
///
/// Errors: 404 where Resource Manager has no such project.
pub fn load(id: &str) -> Result<Resource> {
    let path = path(id);
    match store::get(&path) {
        Err(error) if error.code() == Code::NotFound => {}
        other => return other,
    }
    let found = look_up(id)?;
    db::transaction(|tx| {
        if let Some(there) = store::find(tx, &path)? {
            return Ok(there);
        }
        store::insert(tx, &found)?;
        Ok(found.clone())
    })
}

/// The address of a project's default service account.
///
/// Errors: as [`load`].
pub fn default_account(id: &str) -> Result<String> {
    Ok(format!("{}-compute@developer.gserviceaccount.com", load(id)?.id))
}

fn look_up(id: &str) -> Result<Resource> {
    let url = format!("http://cloudresourcemanager.googleapis.com/v1/projects/{id}");
    let project = match read(peers::send_one(peers::Request::get(url).as_service())?) {
        Ok(project) => project,
        Err(error) if matches!(error.code(), Code::NotFound | Code::PermissionDenied) => {
            return Err(failure::not_found(&path(id)));
        }
        Err(error) => return Err(error),
    };
    let number = project["projectNumber"].as_str().and_then(|number| number.parse().ok());
    let number = number.ok_or_else(|| Error::internal(format!("the project {id} has no number")))?;
    let created = project["createTime"].as_str().and_then(|time| Timestamp::parse(time).ok());
    let created = created.unwrap_or_else(fogbank_sdk::context::now);
    Ok(Resource::at(path(id), number, created, Map::new()))
}
