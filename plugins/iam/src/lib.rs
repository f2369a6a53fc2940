//! IAM: who there is, what roles hold, and what they may. Service accounts, keys, roles, workload identity pools and deny policies
//! (IAM v1 and v2), API keys (API Keys v2), and the tokens and decisions that rest on them.
//!
//! # Layout
//!
//! | module | what it is |
//! |---|---|
//! | [`accounts`], [`keys`] | service accounts and their keys |
//! | [`roles`], [`catalog`], [`permissions`], [`iam_policies`] | what there is to hold: predefined, basic and custom roles, permissions |
//! | [`pools`] | workload identity pools and their providers |
//! | [`deny_policies`] | deny policies (IAM v2) |
//! | [`api_keys`] | API keys |
//! | [`operations`] | operations that ended with the request that began them |
//! | [`policies`] | policies of resources that live here |
//! | [`projects`], [`resources`] | ids and numbers of projects, full resource names |
//! | [`authority`] | who brings a credential, and whether somebody may |
//! | [`oauth`], [`credentials`], [`sts`], [`admin`] | where tokens and keys are to be had |
//! | [`troubleshoot`] | why somebody may or may not |
//! | [`tokens`] | what is kept of tokens and keys that were given out |
//! | [`crypto`] | keys, signatures, certificates, JSON Web Tokens |
//! | [`background`] | what is done on a schedule |
//!
//! A handler reads as the API's documentation does: check, look up, change, answer.
#![deny(unsafe_code)]

pub mod accounts;
pub mod admin;
pub mod api_keys;
pub mod authority;
pub mod background;
pub mod body;
pub mod catalog;
pub mod credentials;
pub mod crypto;
pub mod deny_policies;
pub mod failures;
pub mod iam_policies;
pub mod keys;
pub mod oauth;
pub mod operations;
pub mod permissions;
pub mod policies;
pub mod pools;
pub mod projects;
pub mod resources;
pub mod roles;
pub mod sts;
pub mod tokens;
pub mod troubleshoot;
pub mod wildcard;
pub mod wire;

use fogbank_sdk::{Outcome, Reply, Request, Result, Runner, Service, Work};

mod routes {
    include!(concat!(env!("OUT_DIR"), "/routes.rs"));
}

/// The service, as the host calls it.
pub struct Iam;

impl Service for Iam {
    fn handle(request: Request) -> Result<Reply> {
        routes::dispatch(request)
    }
}

impl Runner for Iam {
    fn run(work: Work) -> Outcome {
        background::run(work)
    }
}

#[allow(unsafe_code, reason = "the component's exports are generated")]
mod exports {
    use super::Iam;

    fogbank_sdk::service!(Iam, runner, authority);
}
