//! `storage.bucketAccessControls`: the access list of the bucket itself.
//! <https://cloud.google.com/storage/docs/json_api/v1/bucketAccessControls>

use crate::access_lists::{self, List};
use fogbank_sdk::{Request, Response, Result};

/// All entries.
pub fn list(request: Request) -> Result<Response> {
    access_lists::list(request, List::Bucket)
}

/// The entry of an entity.
pub fn get(request: Request) -> Result<Response> {
    access_lists::get(request, List::Bucket)
}

/// Adds an entry, or gives an entity another role.
pub fn insert(request: Request) -> Result<Response> {
    access_lists::insert(request, List::Bucket)
}

/// Gives an entity another role.
pub fn update(request: Request) -> Result<Response> {
    access_lists::update(request, List::Bucket)
}

/// Gives an entity another role.
pub fn patch(request: Request) -> Result<Response> {
    access_lists::update(request, List::Bucket)
}

/// Takes an entity out.
pub fn delete(request: Request) -> Result<Response> {
    access_lists::delete(request, List::Bucket)
}
