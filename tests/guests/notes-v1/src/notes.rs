//! What both versions do.

use crate::{SELECT, VERSION};
use fogbank_sdk::db::{self, Value, params};
use fogbank_sdk::{Request, Response, Result};
use serde_json::json;

/// The rows of `SELECT`, as one text each.
pub fn list(_: Request) -> Result<Response> {
    let rows = db::query(SELECT, Vec::<Value>::new())?;
    let notes = rows.iter().map(|row| row.get::<String>("note")).collect::<db::Result<Vec<_>>>()?;
    Ok(Response::json(&json!({ "version": VERSION, "notes": notes })))
}

pub fn add(mut request: Request) -> Result<Response> {
    let note: serde_json::Value = request.json()?;
    let words = note["words"].as_str().unwrap_or_default();
    let insert = "INSERT INTO note (id, words) SELECT COALESCE(MAX(id), 0) + 1, $1 FROM note";
    db::execute(vec![db::stmt(insert, params![words])])?;
    Ok(Response::json(&json!({ "version": VERSION })))
}

/// Reads a body as slowly as it comes.
pub fn count(mut request: Request) -> Result<Response> {
    let mut body = request.take_body();
    let mut bytes = 0;
    while let Some(piece) = body.read(1 << 16)? {
        bytes += piece.len();
    }
    Ok(Response::json(&json!({ "version": VERSION, "bytes": bytes })))
}
