//! What a service is to the host: a manifest, a component, its instances, and the ways in which it can fail.

pub mod bindings;
pub mod call;
pub mod compile;
mod contract;
mod diagnose;
pub mod embedded;
pub mod engine;
pub mod failure;
mod guest;
mod limits;
mod linker;
pub mod loaded;
pub mod manifest;
pub mod meter;
pub mod package;
mod permits;
mod progress;
pub mod registry;
mod reuse;
pub mod runtime;
pub mod share;
pub mod state;
mod streamed;
mod wasi;
mod wasi_call;
mod wasi_http;
pub mod watch;
