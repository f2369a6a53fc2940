//! `fogbank:http`: the request's own body, and an answer in pieces.

use crate::{Given, name};
use fogbank_sdk::bindings::fogbank::http::bodies::Body;
use fogbank_sdk::bindings::fogbank::http::responses;
use fogbank_sdk::{Reply, Request, Result, context};

/// Calls a function of the request's body. Bytes are given as text.
pub fn call(function: &str, body: Body) -> Option<Given> {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Some(match function {
        "body.length" => Ok(body.length().into()),
        "body.read" => body.read(64).map(|bytes| bytes.map(text).into()).map_err(name),
        "body.read-to-end" => body.read_to_end(1 << 20).map(|bytes| text(bytes).into()).map_err(name),
        "body.until" => body.until(b"\n").read_to_end(1 << 20).map(|bytes| text(bytes).into()).map_err(name),
        "body.gunzip" => body.gunzip().read_to_end(1 << 20).map(|bytes| text(bytes).into()).map_err(name),
        _ => return None,
    })
}

/// The tenant's name, in an answer whose end is not known when it begins.
pub fn answer(_: Request) -> Result<Reply> {
    let writer = responses::start(200, &[("content-type".into(), "text/plain".into())])?;
    for letter in context::tenant().bytes() {
        writer.write(&[letter])?;
    }
    Ok(Reply::Written)
}
