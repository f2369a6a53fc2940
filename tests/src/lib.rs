//! What the end-to-end tests share: a running server, a client that shows what it got, objects and their checksums.
//!
//! # Layout
//!
//! - [`server`]: the real binary on a port of its own, with a data folder of its own.
//! - [`database`]: PostgreSQL databases, where the test run was told to use it.
//! - [`docker`]: the container engine, where the test run has one.
//! - [`client`]: requests, and answers that a failed assertion prints whole.
//! - [`raw`]: requests that no client library would send.
//! - [`tls`]: requests over HTTPS, by a client that trusts one certificate.
//! - [`content`]: bytes to store, and their checksums.
//! - [`stored`]: what is in a data folder.
//! - [`guests`]: small services that misbehave, built and put into folders.
//! - [`metrics`]: counters of a server.
//! - [`need`]: what a test needs from the machine, and what it says when that is missing.

#![forbid(unsafe_code)]

pub mod client;
pub mod content;
pub mod database;
pub mod docker;
pub mod guests;
pub mod metrics;
pub mod need;
pub mod raw;
pub mod server;
pub mod stored;
pub mod tls;

pub use client::{Answer, Client, encode};
pub use server::{Options, Server};

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The top of the repository.
pub fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in it").to_path_buf()
}

/// Asks until `done` is true.
///
/// # Panics
/// When it has not become true within `limit`; `what` says what was waited for.
#[track_caller]
pub fn wait_until(limit: Duration, what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// As [`wait_until`], for what has to be awaited.
#[track_caller]
pub fn wait_for<F: Future<Output = bool>>(
    limit: Duration,
    what: &str,
    mut done: impl FnMut() -> F,
) -> impl Future<Output = ()> {
    let (began, place) = (Instant::now(), std::panic::Location::caller());
    async move {
        while !done().await {
            assert!(began.elapsed() < limit, "not within {limit:?}: {what} ({place})");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
