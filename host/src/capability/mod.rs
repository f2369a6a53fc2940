//! What a service may touch. One folder a WIT package: `mod.rs` (what it is and what is granted), `host.rs` (the WIT
//! functions, on the store's data) and the backing. Nothing in here knows HTTP as a protocol.

pub mod catalog;
pub mod context;
pub mod database;
pub mod docker;
pub mod files;
pub mod http;
pub mod identity;
pub mod operations;
pub mod peers;
