//! Networks of Compute Engine: VPC networks, subnetworks, firewall rules, routes, addresses, routers.
#![deny(unsafe_code)]

pub use compute_api::generic;

use compute_api::background;
use compute_api::part::{self, Part};
use compute_api::path::Path;
use fogbank_sdk::{Outcome, Reply, Request, Result, Runner, Service, Work};
use serde_json::Value;

mod routes {
    include!(concat!(env!("OUT_DIR"), "/routes.rs"));
}

/// Collections that are kept here.
const NETWORKS: [&str; 6] = ["addresses", "firewalls", "networks", "routers", "routes", "subnetworks"];

static PART: Part = Part { owns, given };

fn owns(collection: &str) -> bool {
    NETWORKS.contains(&collection)
}

fn given(_: &Path) -> Option<Value> {
    None
}

/// The service, as the host calls it.
pub struct Vpc;

impl Service for Vpc {
    fn handle(request: Request) -> Result<Reply> {
        part::set(&PART);
        routes::dispatch(request)
    }
}

impl Runner for Vpc {
    fn run(work: Work) -> Outcome {
        part::set(&PART);
        match work {
            Work::Operation(operation) => background::run(&operation, |_, _| Ok(Outcome::Done(String::new()))),
            _ => Outcome::Done(String::new()),
        }
    }
}

#[allow(unsafe_code, reason = "the component's exports are generated")]
mod exports {
    use super::Vpc;

    fogbank_sdk::service!(Vpc, runner);
}
