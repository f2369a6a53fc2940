//! What a service is to the host: a manifest, a component, its instances, and the ways in which it can fail.

pub mod bindings;
pub mod failure;
pub mod limits;
pub mod manifest;
pub mod package;
pub mod state;
pub mod wasi;
pub mod wasi_http;
