//! The transport (RFC 4253): versions, key exchanges whenever the client wants one, and messages for the layers above.

use super::Error;
use super::exchange::{self, Transcript};
use super::host_key::HostKey;
use super::packets::Direction;
use super::wire::Message;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Numbers of messages (RFC 4250, section 4.1).
pub mod message {
    pub const DISCONNECT: u8 = 1;
    pub const IGNORE: u8 = 2;
    pub const UNIMPLEMENTED: u8 = 3;
    pub const DEBUG: u8 = 4;
    pub const SERVICE_REQUEST: u8 = 5;
    pub const SERVICE_ACCEPT: u8 = 6;
    pub const EXT_INFO: u8 = 7;
    pub const KEXINIT: u8 = 20;
    pub const NEWKEYS: u8 = 21;
    pub const KEX_ECDH_INIT: u8 = 30;
    pub const KEX_ECDH_REPLY: u8 = 31;
    pub const USERAUTH_REQUEST: u8 = 50;
    pub const USERAUTH_FAILURE: u8 = 51;
    pub const USERAUTH_SUCCESS: u8 = 52;
    pub const USERAUTH_PK_OK: u8 = 60;
    pub const GLOBAL_REQUEST: u8 = 80;
    pub const REQUEST_SUCCESS: u8 = 81;
    pub const REQUEST_FAILURE: u8 = 82;
    pub const CHANNEL_OPEN: u8 = 90;
    pub const CHANNEL_OPEN_CONFIRMATION: u8 = 91;
    pub const CHANNEL_OPEN_FAILURE: u8 = 92;
    pub const CHANNEL_WINDOW_ADJUST: u8 = 93;
    pub const CHANNEL_DATA: u8 = 94;
    pub const CHANNEL_EXTENDED_DATA: u8 = 95;
    pub const CHANNEL_EOF: u8 = 96;
    pub const CHANNEL_CLOSE: u8 = 97;
    pub const CHANNEL_REQUEST: u8 = 98;
    pub const CHANNEL_SUCCESS: u8 = 99;
    pub const CHANNEL_FAILURE: u8 = 100;
}

const VERSION: &str = concat!("SSH-2.0-Fogbank_", env!("CARGO_PKG_VERSION"));
/// Kinds of signatures that logins may use.
pub const SIGNATURES: &str = "ssh-ed25519,rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256";

/// Sends messages; every thread of a connection has one.
#[derive(Clone)]
pub struct Output(Arc<Mutex<Direction<TcpStream>>>);

impl Output {
    fn lock(&self) -> MutexGuard<'_, Direction<TcpStream>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a message.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn send(&self, message: &Message) -> Result<(), Error> {
        self.lock().write(&message.0)
    }
}

/// One connection.
pub struct Transport {
    input: Direction<BufReader<TcpStream>>,
    pub output: Output,
    host: HostKey,
    client_version: Vec<u8>,
    /// The hash of the first key exchange; zeros before it.
    pub session: [u8; 32],
    exchanged: bool,
    strict: bool,
}

impl Transport {
    /// Exchanges versions and keys.
    ///
    /// # Errors
    /// As `Error` says; the connection is of no more use then.
    pub fn accept(stream: TcpStream, host: HostKey) -> Result<Transport, Error> {
        stream.set_nodelay(true)?;
        // A client that vanished without a word is found out after some hours.
        rustix::net::sockopt::set_socket_keepalive(&stream, true).map_err(std::io::Error::from)?;
        let mut output = stream.try_clone()?;
        output.write_all(format!("{VERSION}\r\n").as_bytes())?;
        let mut reader = BufReader::new(stream);
        let client_version = read_version(&mut reader)?;
        let mut transport = Transport {
            input: Direction::new(reader),
            output: Output(Arc::new(Mutex::new(Direction::new(output)))),
            host,
            client_version,
            session: [0; 32],
            exchanged: false,
            strict: false,
        };
        let offer = transport.input.read()?;
        transport.exchange(&offer)?;
        Ok(transport)
    }

    /// Sets how long the client may be silent.
    ///
    /// # Errors
    /// The socket is gone.
    pub fn set_patience(&self, time: Option<std::time::Duration>) -> Result<(), Error> {
        Ok(self.input.stream.get_ref().set_read_timeout(time)?)
    }

    /// The next message for the layers above.
    ///
    /// # Errors
    /// The client ended the connection, or broke the protocol.
    pub fn receive(&mut self) -> Result<Vec<u8>, Error> {
        loop {
            let payload = self.input.read()?;
            match payload[0] {
                message::DISCONNECT => return Err(Error::Closed),
                message::IGNORE | message::DEBUG | message::UNIMPLEMENTED | message::EXT_INFO => {}
                message::KEXINIT => self.exchange(&payload)?,
                _ => return Ok(payload),
            }
        }
    }

    /// Tells the client that the last message is not known here.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn send_unimplemented(&self) -> Result<(), Error> {
        self.output.send(&Message::new(message::UNIMPLEMENTED).u32(self.input.last_sequence()))
    }

    fn exchange(&mut self, client_offer: &[u8]) -> Result<(), Error> {
        if client_offer[0] != message::KEXINIT {
            return Err(Error::Protocol);
        }
        // No other message may go out between the offer and the new keys.
        let output = self.output.clone();
        let mut output = output.lock();
        let server_offer = exchange::offer()?;
        output.write(&server_offer)?;
        let agreement = exchange::agree(client_offer)?;
        self.strict |= agreement.strict && !self.exchanged;
        if agreement.skip_guess {
            self.input.read()?;
        }
        let server_version = VERSION.as_bytes();
        let transcript = Transcript {
            client_version: &self.client_version,
            server_version,
            client_offer,
            server_offer: &server_offer,
        };
        let (reply, secrets) = exchange::answer(&self.input.read()?, &transcript, &self.host)?;
        output.write(&reply)?;
        output.write(&[message::NEWKEYS])?;
        if !self.exchanged {
            self.session = secrets.hash;
        }
        let [from_client, to_client] = secrets.ciphers(agreement.ciphers, &self.session);
        output.set_cipher(to_client, self.strict);
        if agreement.wants_extensions && !self.exchanged {
            // RFC 8308: without this, clients do not use their RSA keys.
            let extensions = Message::new(message::EXT_INFO).u32(1).string("server-sig-algs").string(SIGNATURES);
            output.write(&extensions.0)?;
        }
        if self.input.read()? != [message::NEWKEYS] {
            return Err(Error::Protocol);
        }
        self.input.set_cipher(from_client, self.strict);
        self.exchanged = true;
        Ok(())
    }
}

/// The client's version without the end of its line (RFC 4253, section 4.2).
fn read_version(reader: &mut impl BufRead) -> Result<Vec<u8>, Error> {
    let mut line = Vec::new();
    reader.take(255).read_until(b'\n', &mut line)?;
    let line = line.strip_suffix(b"\n").ok_or(Error::Protocol)?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.starts_with(b"SSH-2.0-") { Ok(line.to_vec()) } else { Err(Error::Protocol) }
}
