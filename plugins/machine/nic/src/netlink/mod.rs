//! Netlink (RFC 3549): messages of attributes to the kernel and back, for addresses, routes and nftables.
//!
//! The encoding is our own because the crates that have nftables are either bound to C or under the GPL, and the part needed here
//! is small: three layers of length-prefixed values.

mod message;
mod socket;

use std::fmt;
use std::io;

pub use message::Message;
pub use socket::{Protocol, Socket};

/// `NLM_F_*`, see netlink(7).
pub mod flags {
    pub const REQUEST: u16 = 0x1;
    pub const ACK: u16 = 0x4;
    pub const DUMP: u16 = 0x300;
    pub const REPLACE: u16 = 0x100;
    pub const CREATE: u16 = 0x400;
    pub const APPEND: u16 = 0x800;
}

/// Why the kernel did not do what it was asked.
#[derive(Debug)]
pub enum Error {
    /// The socket itself failed.
    Socket(io::Error),
    /// The kernel refused a message.
    Refused(io::Error),
    /// The kernel's answer breaks off, or never came.
    Answer,
}

impl Error {
    /// The number that the kernel gave for refusing, such as `ENOENT`.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Error::Refused(error) => error.raw_os_error(),
            Error::Socket(_) | Error::Answer => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Socket(error) => write!(formatter, "netlink socket: {error}"),
            Error::Refused(error) => write!(formatter, "refused by the kernel: {error}"),
            Error::Answer => formatter.write_str("the kernel's answer over netlink is not complete"),
        }
    }
}

impl std::error::Error for Error {}
