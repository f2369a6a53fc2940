//! Networks of Compute Engine: VPC networks, subnetworks, firewall rules, routes, addresses, routers.
//!
//! # Layout
//!
//! | module | what it is |
//! |---|---|
//! | [`networks`], [`subnetworks`], [`firewalls`], [`routes`], [`addresses`], [`routers`] | the API, one a collection |
//! | [`machines`] | what the service `compute` asks for its machines: addresses, and nics that have them |
//! | [`defaults`], [`auto`] | the default network of a project; the ranges of auto mode |
//! | [`range`], [`leases`], [`claims`] | ranges of addresses; which addresses are given out, and those of resources of `compute` |
//! | [`reference`](mod@reference) | references in bodies |
//! | [`effects`] | what follows a change for machines that run |
#![deny(unsafe_code)]

pub mod addresses;
pub mod auto;
pub mod claims;
pub mod defaults;
pub mod effects;
pub mod firewalls;
pub mod leases;
pub mod machines;
pub mod networks;
pub mod range;
pub mod reference;
pub mod routers;
pub mod routes;
pub mod subnetworks;

pub use compute_api::{counts, entries, generic, users};

use compute_api::background;
use compute_api::part::{self, Part};
use compute_api::path::Path;
use fogbank_sdk::{Outcome, Reply, Request, Result, Runner, Service, Work};
use serde_json::{Value, json};

mod dispatch {
    include!(concat!(env!("OUT_DIR"), "/routes.rs"));
}

/// Collections that are kept here.
const NETWORKS: [&str; 6] = ["addresses", "firewalls", "networks", "routers", "routes", "subnetworks"];

/// What resources of `compute` may need: machines, forwarding rules, tunnels.
const NEEDED: [&str; 4] = ["addresses", "networks", "routers", "subnetworks"];

static PART: Part = Part { owns, given, needed, users_at: "http://compute.fogbank.internal/fogbank/compute/v1/users" };

fn owns(collection: &str) -> bool {
    NETWORKS.contains(&collection)
}

fn needed(collection: &str) -> bool {
    NEEDED.contains(&collection)
}

/// The gateway to the internet is in no list and has no methods, and routes lead to it.
fn given(path: &Path) -> Option<Value> {
    let gateway = routes::generated::internet_gateway(&path.project);
    (*path == gateway).then(|| json!({"name": gateway.name, "selfLink": gateway.marked()}))
}

/// The service, as the host calls it.
pub struct Vpc;

impl Service for Vpc {
    fn handle(request: Request) -> Result<Reply> {
        part::set(&PART);
        if !request.param("project").is_empty() {
            defaults::ensure(request.param("project"))?;
        }
        dispatch::dispatch(request)
    }
}

impl Runner for Vpc {
    fn run(work: Work) -> Outcome {
        part::set(&PART);
        match work {
            Work::Operation(operation) => background::run(&operation, machines::background::run),
            Work::Containers(names) => machines::background::heard(&names).into(),
            _ => Outcome::Done(String::new()),
        }
    }
}

#[allow(unsafe_code, reason = "the component's exports are generated")]
mod exports {
    use super::Vpc;

    fogbank_sdk::service!(Vpc, runner);
}
