//! What a service is to the host: a manifest, a component, its instances, and the ways in which it can fail.

pub mod failure;

