//! What a service can ask the host for: one folder for each WIT package.
//!
//! Each folder has `mod.rs` (what it is and its grant), `host.rs` (the WIT functions) and its backing. Nothing in here
//! knows about routes, and no capability calls a service.
