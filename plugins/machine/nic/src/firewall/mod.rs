//! The machine's firewall, written to the kernel's nftables in one transaction.
//!
//! # Layout
//!
//! - [`ruleset`]: what a configuration means, as tables
//! - [`chains`]: the VPC's rules as chains
//! - [`table`]: tables, and the transaction that replaces them
//! - [`expression`]: what a rule is made of, and its encoding
//! - [`ranges`]: merging ranges into intervals

pub mod chains;
pub mod expression;
pub mod ranges;
pub mod ruleset;
pub mod table;

use crate::netlink::{Error, Protocol, Socket};

pub use ruleset::{closed, ruleset};
pub use table::Table;

/// Name of all our tables.
const NAME: &str = "fogbank";

/// Replaces our tables by `tables`: the kernel has either the old ones or the new ones, for every packet.
pub fn replace(tables: &[Table]) -> Result<(), Error> {
    Socket::open(Protocol::Netfilter)?.transaction(table::transaction(tables))
}

/// Whether the kernel has our table.
pub fn present() -> Result<bool, Error> {
    const ENOENT: i32 = 2;
    match Socket::open(Protocol::Netfilter)?.execute(table::lookup()) {
        Ok(()) => Ok(true),
        Err(error) if error.errno() == Some(ENOENT) => Ok(false),
        Err(error) => Err(error),
    }
}
