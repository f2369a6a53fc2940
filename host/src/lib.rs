//! Fogbank: a local Google Cloud whose services are WebAssembly components.
//!
//! This crate knows no service. A service is a folder with a `plugin.toml` and a component; everything here is what
//! every service needs: HTTP in and out, instances, capabilities, tenants.
//!
//! # Layout
//!
//! - [`config`]: what the operator decides, from a file, the environment and flags.
//! - [`cli`]: one file a subcommand.
//! - [`gateway`]: listener, route table, batch, error rendering; a request goes in, an answer comes out.
//! - [`plugin`]: manifest, compiled component, instance and its limits, hot swap, and how a plugin fails.
//! - [`capability`]: one folder a WIT package; what a service can ask the host for.
//! - [`tenant`]: the separate clouds on one machine, their clocks and quotas.
//! - [`observe`]: log, metrics, traces.
//! - [`tls`]: the certificate, from files or made here.
//!
//! A request goes one way: [`gateway`], [`plugin`], [`capability`], and its answer comes back up.

#![deny(unsafe_code)]

pub mod app;
pub mod capability;
pub mod cli;
pub mod config;
pub mod faults;
pub mod gateway;
pub mod observe;
pub mod plugin;
mod services;
pub mod tenant;
pub mod tls;
