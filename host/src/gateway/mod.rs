//! HTTP in, HTTP out: the listener, the way of a request to its route, and the answers that the host gives itself.
//!
//! A request passes through [`Gateway::serve`], whether it came from a connection, a batch or a seed; what goes wrong on
//! the way becomes an answer in [`error`] and nowhere else.

mod admin;
mod auth;
mod backend;
pub mod batch;
mod body;
mod connection;
mod containers;
mod cors;
pub mod error;
mod guard;
mod health;
mod hold;
pub mod listener;
pub mod operator;
mod peers;
mod pipeline;
mod place;
pub mod rate;
pub mod router;
pub mod seed;

#[cfg(test)]
mod tests;

pub use backend::{Backend, ServiceStatus};
pub use body::RawBody;
pub use containers::ContainerDoor;
pub use health::{Disk, disk};
pub use peers::Peers;
pub use pipeline::Gateway;
pub use place::Peer;
