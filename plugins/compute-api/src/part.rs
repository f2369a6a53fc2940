//! Which part of the API the service is: networks (vpc) or the rest (compute). Each keeps its own resources and asks the other for its.

use crate::path::Path;
use fogbank_sdk::{Result, peers};
use serde_json::Value;
use std::cell::Cell;

/// What the engine has to know of the service that it is built into.
pub struct Part {
    /// Whether resources of a collection are kept in this service's database.
    pub owns: fn(collection: &str) -> bool,
    /// A resource that stands in no row: a zone, a machine type, a public image. Shown form, links marked.
    pub given: fn(path: &Path) -> Option<Value>,
}

thread_local! {
    static PART: Cell<Option<&'static Part>> = const { Cell::new(None) };
}

/// Says which part this is; before anything else in a call.
pub fn set(part: &'static Part) {
    PART.set(Some(part));
}

fn part() -> &'static Part {
    PART.get().expect("the service says which part it is before it does anything")
}

/// Whether a collection is kept here.
pub fn owns(collection: &str) -> bool {
    (part().owns)(collection)
}

/// A resource that stands in no row.
pub fn given(path: &Path) -> Option<Value> {
    (part().given)(path)
}

/// Of resources that the other part keeps, those that are not there.
///
/// Errors: what the other part answered instead, where it is neither 200 nor 404.
pub fn absent_elsewhere(paths: &[&Path]) -> Result<Option<Path>> {
    let requests = paths.iter().map(|path| {
        let url = format!("http://compute.googleapis.com/compute/v1/{path}?fields=id");
        peers::Request::get(url).as_service()
    });
    for (path, answer) in paths.iter().zip(peers::send(requests.collect())) {
        let response = answer?;
        match response.status {
            200 => {}
            404 => return Ok(Some((*path).clone())),
            status => {
                return Err(fogbank_sdk::Error::unavailable(format!("'{path}' was asked for and answered {status}")));
            }
        }
    }
    Ok(None)
}
