//! Calls any function of the contract on request, with whatever arguments the test thinks up, ids of other tenants among them.
//!
//! `POST /probe/v1/call/FUNCTION` with `{"id": ..., "text": ...}` answers `{"ok": what it gave}` or `{"error": its name}`.
//! A function that has no arm here answers 404, and the test that goes through the WIT files fails.

mod bodies;
mod context;
mod database;
mod docker;
mod files;
mod identity;
mod operations;
mod peers;

use fogbank_sdk::{Error, Outcome, Reply, Request, Response, Result, Runner, Service, Work};
use serde_json::{Value, json};
use std::fmt::Debug;

fogbank_sdk::service!(Probe, runner);

mod routes {
    include!(concat!(env!("OUT_DIR"), "/routes.rs"));
}

struct Probe;

impl Service for Probe {
    fn handle(request: Request) -> Result<Reply> {
        routes::dispatch(request)
    }
}

impl Runner for Probe {
    fn run(work: Work) -> Outcome {
        operations::run(work)
    }
}

/// What a call gave, or the name of its error.
type Given = std::result::Result<Value, String>;

/// The error's name and what it says, as Rust prints it.
fn name(error: impl Debug) -> String {
    format!("{error:?}")
}

/// The arguments of a call.
struct Arguments(Value);

impl Arguments {
    fn text(&self, key: &str) -> String {
        self.0[key].as_str().unwrap_or_default().to_owned()
    }

    fn number(&self, key: &str) -> u64 {
        self.0[key].as_u64().unwrap_or_default()
    }
}

fn call(mut request: Request) -> Result<Response> {
    let function = request.param("function").to_owned();
    let arguments = Arguments(request.json()?);
    let (interface, function) = function.split_once('.').unwrap_or_default();
    let given = match interface {
        "catalog" => identity::catalog(function),
        "context" => context::call(function, &arguments),
        "database" => database::call(function, &arguments),
        "docker" => docker::call(function, &arguments),
        "files" => files::call(function, &arguments),
        "identity" => identity::call(function, &arguments),
        "operations" => operations::call(function, &arguments),
        "peers" => peers::call(function, &arguments),
        _ => None,
    };
    answer(given)
}

fn body(mut request: Request) -> Result<Response> {
    let function = request.param("function").to_owned();
    let body = request.take_body().into_stream().map_err(|_| Error::invalid("Send more than 64 KiB."))?;
    answer(bodies::call(&function, body))
}

fn answer(given: Option<Given>) -> Result<Response> {
    match given {
        None => Err(Error::not_found("The probe does not know this function.")),
        Some(Ok(value)) => Ok(Response::json(&json!({ "ok": value }))),
        Some(Err(error)) => Ok(Response::json(&json!({ "error": error }))),
    }
}
