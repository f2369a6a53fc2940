//! Verbs on bucket of the XML API.

use fogbank_sdk::{Error, Request, Response, Result};

fn not_yet(request: &Request) -> Error {
    Error::unimplemented(request.route())
}

pub fn get(request: Request) -> Result<Response> {
    Err(not_yet(&request))
}

pub fn head(request: Request) -> Result<Response> {
    Err(not_yet(&request))
}

pub fn put(request: Request) -> Result<Response> {
    Err(not_yet(&request))
}

pub fn delete(request: Request) -> Result<Response> {
    Err(not_yet(&request))
}

pub fn post(request: Request) -> Result<Response> {
    Err(not_yet(&request))
}
