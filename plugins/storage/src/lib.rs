//! Cloud Storage: buckets, objects and what surrounds them, by the JSON API v1 and the XML API.
//!
//! # Layout
//!
//! | module | what it is |
//! |---|---|
//! | [`model`] | rows and their wire forms: bucket, names, locations, storage classes, access lists |
//! | [`access`] | may the caller do that? |
//! | [`cors`] | what pages in browsers may do |
//! | [`conditions`] | generation and metageneration preconditions |
//! | [`generation`] | generation numbers |
//! | [`buckets`] | one file an operation on buckets |
//! | [`objects`], [`uploads`] | objects: bytes in, bytes out, metadata |
//! | [`bucket_access_controls`], [`default_object_access_controls`], [`object_access_controls`] | access control lists |
//! | [`managed_folders`], [`folders`] | folders with policies, and folders of hierarchical namespaces |
//! | [`notifications`], [`projects`] | notification configurations, HMAC keys, the service agent |
//! | [`background`] | lifecycle, soft-delete expiry, removals, the sweep after a crash |
//! | [`signed`] | requests that carry a signature |
//! | [`xml`] | the XML API, which renders its own errors |
//!
//! A handler reads as the API's documentation does: check, look up, change, answer.
#![deny(unsafe_code)]

pub mod access;
pub mod access_lists;
pub mod background;
pub mod bucket_access_controls;
pub mod buckets;
pub mod conditions;
pub mod cors;
pub mod default_object_access_controls;
pub mod folders;
pub mod generation;
pub mod managed_folders;
pub mod model;
pub mod notifications;
pub mod object_access_controls;
pub mod objects;
pub mod policies;
pub mod projects;
pub mod removals;
pub mod signed;
pub mod uploads;
pub mod xml;

use fogbank_sdk::{Error, Outcome, Reply, Request, RequestHead, Response, Result, Runner, Service, Work};

mod routes {
    include!(concat!(env!("OUT_DIR"), "/routes.rs"));
}

/// The service, as the host calls it.
pub struct Storage;

impl Service for Storage {
    fn handle(request: Request) -> Result<Reply> {
        if xml::owns(request.route()) { xml::answer_to(request, routes::dispatch) } else { routes::dispatch(request) }
    }

    fn render(error: &Error, request: &RequestHead) -> Response {
        if xml::owns(request.route()) { xml::error::render(error) } else { error.to_response() }
    }
}

impl Runner for Storage {
    fn run(work: Work) -> Outcome {
        background::run(work)
    }
}

#[allow(unsafe_code, reason = "the component's exports are generated")]
mod exports {
    use super::Storage;

    fogbank_sdk::service!(Storage, runner);
}
