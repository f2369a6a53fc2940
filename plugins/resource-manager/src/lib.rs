//! Cloud Resource Manager (v1, v3, and v2 for the folders of gcloud) and Service Usage v1.
//!
//! # Layout
//!
//! | module | what it is |
//! |---|---|
//! | [`v1`], [`v2`], [`v3`] | one file a collection: how each version of the API reads requests and tells of resources |
//! | [`projects`], [`folders`], [`container`], [`organizations`] | the hierarchy: rows, and one file for each thing done with one |
//! | [`liens`], [`tags`] | what keeps projects from being deleted; tags and what they are bound to |
//! | [`services`] | Service Usage |
//! | [`operations`] | long-running operations, which both APIs share |
//! | [`policies`] | IAM policies: what may stand in one, and how it is shown |
//! | [`filter`] | the language of filters and queries |
//! | [`hierarchy`] | what the host is told of parents and second names |
//! | [`setup`], [`background`] | what is there from the start; what is removed when its time is over |
//! | [`names`], [`refusal`], [`store`] | names, errors, rows |
//!
//! # Settings
//!
//! In `[plugins.resource-manager.settings]` of the operator's configuration:
//!
//! - `organizations = [{ id = 123456789012, domain = "example.com", customer = "C0123abcd" }]`: the organizations that there are,
//!   `customer` (the directory's) being optional. Without the setting there is one, so that folders have a place.
//! - `auto-create-projects = true`: whether a project springs up when somebody asks for it. Without the setting it does where nobody
//!   has to say who they are. Such a project can still be created, once.
#![deny(unsafe_code)]

pub mod background;
pub mod container;
pub mod filter;
pub mod folders;
pub mod hierarchy;
pub mod liens;
pub mod names;
pub mod operations;
pub mod organizations;
pub mod policies;
pub mod projects;
pub mod refusal;
pub mod services;
pub mod setup;
pub mod store;
pub mod tags;
pub mod v1;
pub mod v2;
pub mod v3;

use fogbank_sdk::{Outcome, Reply, Request, Result, Runner, Service, Work};

mod routes {
    include!(concat!(env!("OUT_DIR"), "/routes.rs"));
}

/// The service, as the host calls it.
pub struct ResourceManager;

impl Service for ResourceManager {
    fn handle(request: Request) -> Result<Reply> {
        setup::ensure()?;
        routes::dispatch(request)
    }
}

impl Runner for ResourceManager {
    fn run(work: Work) -> Outcome {
        background::run(work)
    }
}

#[allow(unsafe_code, reason = "the component's exports are generated")]
mod exports {
    use super::ResourceManager;

    fogbank_sdk::service!(ResourceManager, runner);
}
