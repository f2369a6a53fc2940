//! What `nic status` prints: the state that the kernel and the nic's files have, not the state that was asked for.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::Cidr;

/// The state of a nic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// [`crate::digest`] of the configuration that the kernel has. None before the first, and when an apply broke off.
    pub digest: Option<String>,
    /// Whether `nic run` serves.
    pub running: bool,
    /// Every device but the loopback.
    pub devices: Vec<Device>,
}

/// A device of the namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// `eth0`.
    pub name: String,
    /// The address that Docker gave, with the bridge's range.
    pub underlay: Option<Ipv4Addr>,
    /// Addresses and ranges of the VPC.
    pub addresses: Vec<Cidr>,
}
