//! The XML API. Not written yet: each verb answers UNIMPLEMENTED by name.

pub mod bucket;
pub mod object;
pub mod service;
