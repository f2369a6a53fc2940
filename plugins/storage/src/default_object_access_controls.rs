//! `storage.defaultObjectAccessControls`: the access list of new objects, where nobody says otherwise.
//! <https://cloud.google.com/storage/docs/json_api/v1/defaultObjectAccessControls>

use crate::access_lists::{self, List};
use fogbank_sdk::{Request, Response, Result};

/// All entries.
pub fn list(request: Request) -> Result<Response> {
    access_lists::list(request, List::DefaultObject)
}

/// The entry of an entity.
pub fn get(request: Request) -> Result<Response> {
    access_lists::get(request, List::DefaultObject)
}

/// Adds an entry, or gives an entity another role.
pub fn insert(request: Request) -> Result<Response> {
    access_lists::insert(request, List::DefaultObject)
}

/// Gives an entity another role.
pub fn update(request: Request) -> Result<Response> {
    access_lists::update(request, List::DefaultObject)
}

/// Gives an entity another role.
pub fn patch(request: Request) -> Result<Response> {
    access_lists::update(request, List::DefaultObject)
}

/// Takes an entity out.
pub fn delete(request: Request) -> Result<Response> {
    access_lists::delete(request, List::DefaultObject)
}
