//! Which part of the API the service is: networks (vpc) or the rest (compute). Each keeps its own resources and asks the other for its.

use crate::path::Path;
use crate::users::Users;
use fogbank_sdk::{Result, peers};
use serde_json::{Value, json};
use std::cell::Cell;

/// What the engine has to know of the service that it is built into.
pub struct Part {
    /// Whether resources of a collection are kept in this service's database.
    pub owns: fn(collection: &str) -> bool,
    /// A resource that stands in no row: a zone, a machine type, a public image. Shown form, links marked.
    pub given: fn(path: &Path) -> Option<Value>,
    /// Whether resources of the other part may need resources of a collection.
    pub needed: fn(collection: &str) -> bool,
    /// Where the other part is asked by whom its resources are needed: the URL of its route to [`crate::users::answer`].
    pub users_at: &'static str,
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

/// By which resources of the other part those of this one are needed; nobody where the other part cannot need any.
///
/// Errors: 503 where the other part does not answer.
pub fn users_elsewhere(targets: &[&Path]) -> Result<Users> {
    let targets: Vec<String> =
        targets.iter().filter(|path| (part().needed)(&path.collection)).map(ToString::to_string).collect();
    if targets.is_empty() {
        return Ok(Users::default());
    }
    let request = peers::Request::new("POST", part().users_at).json(&json!({ "targets": targets }))?.as_service();
    let mut response = peers::send_one(request)?;
    match response.status {
        200 => response.json(),
        status => Err(fogbank_sdk::Error::unavailable(format!("{} answered {status}", part().users_at))),
    }
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
