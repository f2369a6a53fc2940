//! The routes of the services of the Compute Engine API follow from its specification: `plugins/{vpc,compute}/routes.toml` and
//! `spec/compute.v1.tsv` are generated, and these tests say where they are not what follows.
//!
//! `UPDATE=1 cargo test -p compute-api --test routes` writes them; run it after a change of a `handlers.tsv`.

mod access;
mod handlers;
mod render;
#[path = "../../build/tables.rs"]
mod tables;

use std::path::{Path, PathBuf};

use tables::Method;

/// A service, and the collections that are its own by their ids; the other one has all the rest.
struct Service {
    name: &'static str,
    about: &'static str,
    owns: fn(&str) -> bool,
}

const VPC: [&str; 7] = ["addresses", "firewalls", "globalAddresses", "networks", "routers", "routes", "subnetworks"];

const SERVICES: [Service; 2] = [
    Service { name: "vpc", about: "networks and their addresses", owns: |collection| VPC.contains(&collection) },
    Service {
        name: "compute",
        about: "all but networks and their addresses",
        owns: |collection| !VPC.contains(&collection),
    },
];

impl Service {
    fn file(&self, path: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(self.name).join(path)
    }

    fn methods(&self) -> Vec<Method> {
        methods().into_iter().filter(|method| (self.owns)(method.collection())).collect()
    }

    /// Holds a file against what it should be, or writes it.
    fn check(&self, path: &str, expected: &str) {
        let file = self.file(path);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, expected).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
        let present = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(present == expected, "{} is out of date: run this test with UPDATE=1", file.display());
    }
}

fn own(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn methods() -> Vec<Method> {
    let mut methods = tables::methods(&own("spec/methods.tsv"));
    methods.sort_by(|one, other| one.id.cmp(&other.id));
    methods
}

#[test]
fn routes_follow_from_the_specification() {
    let (schemas, permissions) = (tables::schemas(&own("spec/schemas.tsv")), access::Permissions::read());
    for service in SERVICES {
        let handlers = handlers::Handlers::read(&service.file("handlers.tsv"));
        handlers.check(&service.methods());
        service.check("routes.toml", &render::routes(&service.methods(), &permissions, &handlers, &schemas));
    }
}

#[test]
fn lists_of_methods_follow_from_the_specification() {
    for service in SERVICES {
        service.check("spec/compute.v1.tsv", &render::list(&service.methods(), service.about));
    }
}

#[test]
fn every_line_about_permissions_is_about_a_method() {
    access::Permissions::read().check(&methods());
}
