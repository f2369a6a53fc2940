//! The configuration of a nic.
