//! `fogbank:peers`.

use crate::{Arguments, Given, name};
use fogbank_sdk::bindings::fogbank::peers::peers::{self, Identity, Request};

pub fn call(function: &str, arguments: &Arguments) -> Option<Given> {
    (function == "send").then(|| send(arguments))
}

/// Posts `text` to `url` and gives what comes back.
fn send(arguments: &Arguments) -> Given {
    let request = Request {
        method: "POST".into(),
        url: arguments.text("url"),
        headers: vec![("content-type".into(), "application/json".into())],
        body: arguments.text("text").into_bytes(),
        identity: Identity::Caller,
    };
    let answer = peers::send(&[request]).into_iter().next().ok_or("no answer")?.map_err(name)?;
    let bytes = answer.body.read_to_end(1 << 20).map_err(name)?;
    Ok(String::from_utf8_lossy(&bytes).into())
}
