//! What the services of the Compute Engine API share: the specification's tables, and the engine that keeps resources by them.

#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod filter;
pub mod order;
