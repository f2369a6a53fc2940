//! Requests' bodies that are not read, and bytes that are not committed.

use fogbank_sdk::files::{self, Options, Staged};
use fogbank_sdk::{Request, Response, Result};

pub fn half_read(mut request: Request) -> Result<Response> {
    let mut body = request.take_body();
    let first = body.read(10)?.unwrap_or_default();
    Ok(Response::json(&serde_json::json!({ "read": first.len() })))
}

pub fn ignore_body(_: Request) -> Result<Response> {
    Ok(Response::no_content())
}

pub fn stage_then_trap(request: Request) -> Result<Response> {
    let _staged = stage(request)?;
    panic!("with staged bytes in hand");
}

/// Answers without committing; the bytes have to go.
pub fn leak_staged(request: Request) -> Result<Response> {
    let staged = stage(request)?;
    let size = staged.digest().size;
    std::mem::forget(staged);
    Ok(Response::json(&serde_json::json!({ "staged": size })))
}

fn stage(mut request: Request) -> Result<Staged> {
    let mut body = request.take_body();
    Ok(files::stage(&[body.as_source()?], Options::default())?)
}
