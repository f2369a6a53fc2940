//! One of two services that call each other. Both are this component: the tests install it a second time, with `peer-a` and
//! `a.peers.test` in the manifest made `peer-b` and `b.peers.test`. The path of a request says which of them it is.

use fogbank_sdk::peers::{self, Request as Ask};
use fogbank_sdk::{Reply, Request, RequestHead, Response, Result, context};
use serde_json::{Value, json};

fogbank_sdk::service!(Peer);

mod routes {
    include!(concat!(env!("OUT_DIR"), "/routes.rs"));
}

struct Peer;

impl fogbank_sdk::Service for Peer {
    fn handle(request: Request) -> Result<Reply> {
        routes::dispatch(request)
    }
}

/// This service's name, from the path.
fn name(request: &RequestHead) -> &str {
    request.path().split('/').nth(1).unwrap_or_default()
}

/// A request to the other service.
fn to_other(request: &RequestHead, path: &str) -> Ask {
    let other = if name(request) == "peer-a" { "b" } else { "a" };
    Ask::get(format!("http://{other}.peers.test/peer-{other}/v1/{path}"))
}

fn hello(request: Request) -> Result<Response> {
    let said = json!({
        "service": name(&request),
        "tenant": context::tenant(),
        "base": context::base_url(),
        "request": context::request_id(),
        "asked-by": request.header("x-asked-by"),
    });
    Ok(Response::json(&said))
}

/// What the other one says.
fn ask(request: Request) -> Result<Response> {
    let mut answer = peers::send_one(to_other(&request, "hello").header("x-asked-by", name(&request)))?;
    let said: Value = answer.json()?;
    Ok(Response::json(&json!({ "status": answer.status, "said": said, "request": context::request_id() })))
}

/// Three at once, one of which is not there, in their order.
fn several(request: Request) -> Result<Response> {
    let asked = ["hello", "nothing", "hello"].map(|path| to_other(&request, path));
    let answers = peers::send(asked.into());
    let statuses: Vec<_> = answers.iter().map(|answer| answer.as_ref().map_or(0, |answer| answer.status)).collect();
    Ok(Response::json(&statuses))
}

/// Each asks the other until somebody stops them. Gives how many there were.
fn ping_pong(request: Request) -> Result<Response> {
    let deeper = match peers::send_one(to_other(&request, "ping-pong")) {
        Ok(mut answer) => answer.json::<u64>()?,
        Err(peers::Error::TooDeep) => 0,
        Err(error) => return Err(error.into()),
    };
    Ok(Response::json(&(deeper + 1)))
}

/// To wherever `url` says; gives the status, or the error's name.
fn away(request: Request) -> Result<Response> {
    let outcome = peers::send_one(Ask::get(request.query("url").unwrap_or_default()));
    Ok(Response::json(&outcome.map_or_else(|error| format!("{error:?}"), |answer| answer.status.to_string())))
}
