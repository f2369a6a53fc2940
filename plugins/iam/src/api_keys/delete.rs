//! `apikeys.projects.locations.keys.delete` and `undelete`. A deleted key is refused at once, and can come back for thirty days.

use super::change::save;
use super::{absent, of};
use crate::failures::{check_etag, precondition};
use fogbank_sdk::{Request, Response, Result, context};

/// Deletes a key.
pub fn delete(request: Request) -> Result<Response> {
    let mut key = of(&request)?;
    check_etag(request.query("etag"), &key.etag())?;
    if key.deleted.is_some() {
        return Err(absent(&key.name()));
    }
    key.deleted = Some(context::now());
    save(&mut key)
}

/// Brings a deleted key back, with the same string.
pub fn undelete(request: Request) -> Result<Response> {
    let mut key = of(&request)?;
    if key.deleted.is_none() {
        return Err(precondition(format!("API key {} is not deleted.", key.name())));
    }
    key.deleted = None;
    save(&mut key)
}
