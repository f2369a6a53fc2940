//! What the end-to-end tests share: a running server, a client that shows what it got, objects and their checksums.
//!
//! # Layout
//!
//! - [`server`]: the real binary on a port of its own, with a data folder of its own.
//! - [`client`]: requests, and answers that a failed assertion prints whole.
//! - [`need`]: what a test needs from the machine, and what it says when that is missing.

#![forbid(unsafe_code)]

pub mod client;
pub mod need;
pub mod server;

pub use client::{Answer, Client};
pub use server::Server;
