//! An SSH server for images that have none: sessions with and without a terminal, commands with their exit status, SFTP for
//! scp. Logins are by public key alone, against the same `authorized_keys` that OpenSSH reads.
//!
//! It speaks one of each: curve25519-sha256, ssh-ed25519, AES-GCM, which every OpenSSH since 6.5 and PuTTY since 0.78 have.
//! Of forwarding there is that of ports from the client (`ssh -L`, `-D`, `-J`); none of ports to it, of agents or displays.
//!
//! # Layout
//! - `listener`: accepts; each connection is a process of its own.
//! - `wire`, `packets`, `exchange`, `transport`: RFC 4251 and 4253, from the bytes up.
//! - `authentication`: RFC 4252. `connection`, `channel`, `outlet`: RFC 4254.
//! - `forward`: connections of forwarded ports.
//! - `process`, `session`: what runs in a channel, and how it becomes its user's.
//! - `sftp`: the file transfer, run as the user.

mod authentication;
mod channel;
mod connection;
mod exchange;
mod forward;
mod host_key;
mod listener;
mod outlet;
mod packets;
mod process;
pub mod session;
mod sftp;
mod transport;
mod wire;

pub use connection::run as run_connection;
pub use listener::run as run_listener;

/// Why a connection ends.
#[derive(Debug)]
pub enum Error {
    /// The stream ended or broke.
    Io(std::io::Error),
    /// The other side said that it ends the connection.
    Closed,
    /// What came is not what the protocol allows here.
    Protocol,
    /// There is no algorithm of a kind that both sides know.
    NoCommonAlgorithm(&'static str),
    /// A packet was changed on its way, or a key is none.
    Crypto,
    /// Too many attempts to log in.
    TooManyAttempts,
}

impl std::fmt::Display for Error {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Io(error) => write!(formatter, "{error}"),
            Error::Closed => formatter.write_str("closed by the client"),
            Error::Protocol => formatter.write_str("a message that the protocol does not allow"),
            Error::NoCommonAlgorithm(kind) => write!(formatter, "no {kind} that both sides know"),
            Error::Crypto => formatter.write_str("a packet or a key is corrupt"),
            Error::TooManyAttempts => formatter.write_str("too many authentication failures"),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        Error::Io(error)
    }
}

impl From<wire::Malformed> for Error {
    fn from(_: wire::Malformed) -> Error {
        Error::Protocol
    }
}

/// Fills a buffer from the kernel's source of randomness.
///
/// # Errors
/// The kernel has none.
fn random(buffer: &mut [u8]) -> std::io::Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        filled += rustix::rand::getrandom(&mut buffer[filled..], rustix::rand::GetRandomFlags::empty())?;
    }
    Ok(())
}
