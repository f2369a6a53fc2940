//! Uploads in parts: begun, sent in any order, completed by a list of the parts that count. Until then nobody sees them
//! but here; a lifecycle rule may end those that were forgotten.
//! <https://cloud.google.com/storage/docs/multipart-uploads>

mod begin;
mod complete;
mod list;
mod part;
mod part_copy;
pub mod record;

pub use begin::{abort, begin};
pub use complete::complete;
pub use list::{parts, uploads};
pub use part::part;

use super::permission;
use fogbank_sdk::{Error, RequestHead, Result};
use record::Upload;

/// What sending and joining parts needs.
const WRITE: [&str; 2] = ["storage.multipartUploads.create", "storage.objects.create"];

/// The upload that the request names, for a caller with `permissions`.
fn upload(request: &RequestHead, permissions: &[&str]) -> Result<Upload> {
    for permission in permissions {
        permission::on_object(request, permission)?;
    }
    let id = request.query("uploadId").filter(|id| !id.is_empty()).ok_or_else(|| Error::required("uploadId"))?;
    Upload::load(id, request.param("bucket"), request.param("object"))
}
