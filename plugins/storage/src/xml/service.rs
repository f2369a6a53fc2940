//! Verbs on service of the XML API.

use fogbank_sdk::{Error, Request, Response, Result};

fn not_yet(request: &Request) -> Error {
    Error::unimplemented(request.route())
}

pub fn get(request: Request) -> Result<Response> {
    Err(not_yet(&request))
}
