//! Everything that a service must not do, one route each. The tests see to it that only the request at hand suffers.

mod bodies;
mod computing;
mod records;
mod replies;

use bodies::{half_read, ignore_body, leak_staged, stage_then_trap};
use computing::{allocate, r#loop, panic, recurse, sleep, stderr};
use fogbank_sdk::{Reply, Request, Response, Result};
use records::{endless_query, hold_transaction, rows, trap_in_transaction};
use replies::{bad_header, bad_status, huge_headers, start_twice, stream_forever, stream_then_trap, written_without};

fogbank_sdk::service!(Misbehave);

mod routes {
    include!(concat!(env!("OUT_DIR"), "/routes.rs"));
}

struct Misbehave;

impl fogbank_sdk::Service for Misbehave {
    fn handle(request: Request) -> Result<Reply> {
        routes::dispatch(request)
    }
}

/// What a request gets that is served well.
fn hello(_: Request) -> Result<Response> {
    Ok(Response::json(&serde_json::json!({ "message": "hello" })))
}
