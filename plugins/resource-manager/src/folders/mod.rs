//! Folders: what v2 and v3 of the API have in common. <https://cloud.google.com/resource-manager/reference/rest/v3/folders>

pub mod change;
pub mod create;
pub mod delete;
pub mod list;
pub mod policy;

use crate::container::Container;
use serde_json::{Value, json};

/// How one version of the API shows a folder.
#[derive(Clone, Copy)]
pub struct Form {
    /// The message of a folder.
    pub message: &'static str,
    /// The folder itself.
    pub wire: fn(&Container) -> Value,
}

/// Folders in v2.
pub const V2: Form = Form { message: "google.cloud.resourcemanager.v2.Folder", wire: v2 };
/// Folders in v3.
pub const V3: Form = Form { message: "google.cloud.resourcemanager.v3.Folder", wire: v3 };

fn v2(folder: &Container) -> Value {
    json!({
        "name": folder.name,
        "parent": folder.parent,
        "displayName": folder.display_name,
        "lifecycleState": folder.state.as_str(),
        "createTime": folder.created,
    })
}

fn v3(folder: &Container) -> Value {
    let mut wire = json!({
        "name": folder.name,
        "parent": folder.parent,
        "displayName": folder.display_name,
        "state": folder.state.as_str(),
        "createTime": folder.created,
        "updateTime": folder.updated,
        "etag": folder.etag(),
    });
    if let Some(deleted) = folder.deleted {
        wire["deleteTime"] = json!(deleted);
    }
    wire
}

/// What `Operation.metadata` tells of a folder that is made or moved (v3); v2 calls it `FolderOperation`.
fn metadata(kind: &str, folder: &Container, from: Option<&str>) -> Value {
    let mut metadata = json!({"displayName": folder.display_name});
    let place = if from.is_some() { "destinationParent" } else { "parent" };
    metadata[place] = json!(folder.parent);
    if let Some(from) = from {
        metadata["sourceParent"] = json!(from);
    }
    crate::operations::typed(&format!("google.cloud.resourcemanager.v3.{kind}"), metadata)
}
