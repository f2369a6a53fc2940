//! The text of the generated files.

use std::fmt::Write;

use crate::access::{self, Permissions};
use crate::handlers::Handlers;
use crate::tables::{Method, Schemas};

const HEAD: &str = "# Routes of the Compute Engine API v1, and of beta, whose paths are the same.\n\
    # Generated from `compute-api/spec` and `handlers.tsv`: `UPDATE=1 cargo test -p compute-api --test routes` writes this file.\n";

const ANYBODY: &str = "anybody may ask what he may do";

/// `routes.toml`
pub fn routes(methods: &[Method], permissions: &Permissions, handlers: &Handlers, schemas: &Schemas) -> String {
    methods.iter().fold(HEAD.to_owned(), |text, method| text + &route(method, permissions, handlers, schemas))
}

fn route(method: &Method, permissions: &Permissions, handlers: &Handlers, schemas: &Schemas) -> String {
    let Method { id, verb, path, .. } = method;
    let mut text = format!("\n[[route]]\nid = \"compute.{id}\"\nmethod = \"{verb}\"\n");
    let _ = writeln!(text, "paths = [\"/compute/v1/{path}\", \"/compute/beta/{path}\"]");
    match method.action() {
        "testIamPermissions" => _ = writeln!(text, "permission = \"none\"\nreason = \"{ANYBODY}\""),
        _ => _ = writeln!(text, "permission = \"{}\"", permissions.of(method)),
    }
    let _ = writeln!(text, "resource = \"{}\"", access::resource(method));
    let handler = handlers.of(method, schemas);
    match handler.function {
        Some(function) => _ = writeln!(text, "handler = \"{function}\""),
        None => text.push_str("unimplemented = true\n"),
    }
    handler.lines.iter().fold(text, |text, line| text + line + "\n")
}

/// `spec/compute.v1.tsv`
pub fn list(methods: &[Method], about: &str) -> String {
    let head = format!("# Methods of the Compute Engine API v1, {about}: id, verb, path.\n");
    methods.iter().fold(head, |mut text, Method { id, verb, path, .. }| {
        let _ = writeln!(text, "compute.{id}\t{verb}\t/compute/v1/{path}");
        text
    })
}
