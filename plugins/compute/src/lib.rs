//! Compute Engine: machines, disks, images, groups, and every other collection of its API that is not a network's.
#![deny(unsafe_code)]

pub mod balancing;
pub mod catalogue;
pub mod disks;
pub mod groups;
pub mod images;
pub mod instances;
pub mod machine_images;
pub mod machines;
pub mod metadata;
pub mod operations;
pub mod policies;
pub mod projects;
pub mod reservations;
pub mod runner;
pub mod snapshots;
pub mod templates;

pub use compute_api::{entries, generic, users};

use compute_api::background;
use compute_api::part::{self, Part};
use compute_api::path::Path;
use fogbank_sdk::{Outcome, Reply, Request, Result, Runner, Service, Work};
use serde_json::Value;

mod routes {
    include!(concat!(env!("OUT_DIR"), "/routes.rs"));
}

/// Collections that are kept by `vpc`.
const NETWORKS: [&str; 6] = ["addresses", "firewalls", "networks", "routers", "routes", "subnetworks"];

/// What routes and routers may need. A route to a machine outlives it.
const NEEDED: [&str; 3] = ["forwardingRules", "interconnectAttachments", "vpnTunnels"];

static PART: Part = Part { owns, given, needed, users_at: "http://vpc.fogbank.internal/fogbank/vpc/v1/users" };

fn owns(collection: &str) -> bool {
    !NETWORKS.contains(&collection)
}

fn needed(collection: &str) -> bool {
    NEEDED.contains(&collection)
}

fn given(path: &Path) -> Option<Value> {
    catalogue::given(path)
}

/// The service, as the host calls it.
pub struct Compute;

impl Service for Compute {
    fn handle(request: Request) -> Result<Reply> {
        part::set(&PART);
        routes::dispatch(request)
    }
}

impl Runner for Compute {
    fn run(work: Work) -> Outcome {
        part::set(&PART);
        match work {
            Work::Operation(operation) => background::run(&operation, runner::run),
            Work::Containers(names) => runner::after_containers(machines::reconcile::containers(&names)),
            Work::Schedule(name) => runner::schedule(&name).unwrap_or_else(Outcome::from),
            _ => Outcome::Done(String::new()),
        }
    }
}

#[allow(unsafe_code, reason = "the component's exports are generated")]
mod exports {
    use super::Compute;

    fogbank_sdk::service!(Compute, runner);
}
