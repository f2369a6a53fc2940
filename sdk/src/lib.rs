//! What a Fogbank service is written against.
//!
//! A service is a component for `wasm32-wasip2` with a `plugin.toml` beside it:
//!
//! ```rust
//! fogbank_sdk::service!(Hello);
//!
//! mod routes {
//!     include!(concat!(env!("OUT_DIR"), "/routes.rs")); // made from plugin.toml by fogbank_sdk_build in build.rs
//! }
//!
//! struct Hello;
//!
//! impl fogbank_sdk::Service for Hello {
//!     fn handle(request: Request) -> Result<Reply> {
//!         routes::dispatch(request)
//!     }
//! }
//! ```
//!
//! # Layout
//!
//! - [`Request`], [`Response`], [`Reply`], [`Error`], [`body`], [`stream`], [`multipart`], [`query`]: HTTP
//! - [`fields`], [`patch`], [`page`], [`precondition`], [`etag`], [`time`], [`encoding`], [`id`]: how Google's APIs speak
//! - [`context`], [`log`], [`db`], [`files`], [`operations`], [`identity`], [`peers`], [`catalog`], [`docker`]: what the host offers; a
//!   service that does not call one does not import it
//! - [`bindings`]: the contract as generated

#![deny(unsafe_code)]
#![warn(missing_docs)]

mod authority;
pub mod bindings;
pub mod body;
pub mod catalog;
pub mod context;
pub mod db;
pub mod docker;
pub mod encoding;
mod error;
pub mod etag;
pub mod fields;
pub mod files;
pub mod id;
pub mod identity;
pub mod log;
pub mod multipart;
pub mod operations;
pub mod page;
pub mod patch;
pub mod peers;
pub mod precondition;
mod pretty;
pub mod query;
mod reply;
mod request;
mod service;
pub mod stream;
pub mod time;

pub use authority::{Answer, Authority, Caller, Credential, Facts, Grant, Level, Question, Refusal, SignedMessage};
pub use body::{Body, BodyHandle};
pub use error::{Code, Error, Result, number_of};
pub use precondition::Preconditions;
pub use reply::{JSON, Reply, Response};
pub use request::{JSON_LIMIT, Request, RequestHead, from_json};
pub use service::{CONTRACT, Outcome, Runner, Service, Work};
#[doc(hidden)]
pub use service::{run, serve};
pub use time::Timestamp;
