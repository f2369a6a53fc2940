//! What the service `compute` asks for its machines: addresses of subnetworks, and nics that have them.
//!
//! | module | what it is |
//! |---|---|
//! | [`api`] | the requests, each of which may be repeated |
//! | [`row`] | machines and their interfaces as rows |
//! | [`interface`](mod@interface), [`access`], [`aliases`] | what an interface asks for, and what it gets |
//! | [`names`] | names and addresses of a VPC's machines |
//! | [`snapshot`], [`rules`], [`configuration`] | what a nic has to know: the networks at one moment, the rules for one machine, all of it |
//! | [`nic`], [`bridges`] | containers and bridges |
//! | [`background`] | operations that carry a change to machines; what the engine tells of containers |

pub mod access;
pub mod aliases;
pub mod api;
pub mod background;
pub mod bridges;
pub mod configuration;
pub mod interface;
pub mod names;
pub mod nic;
pub mod row;
pub mod rules;
pub mod snapshot;
