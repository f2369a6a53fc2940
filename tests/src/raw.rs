//! HTTP/1.1 as bytes, for requests that no client library would send.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A connection to a server.
#[derive(Debug)]
pub struct Connection(TcpStream);

impl Connection {
    /// Connects to `http://HOST:PORT`.
    pub fn open(base: &str) -> Self {
        let address = base.strip_prefix("http://").expect("http://");
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
        Self(stream)
    }

    /// Sends bytes; an error (the server closed) is passed over, since the answer tells more.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _ = self.0.write_all(bytes.as_ref());
        self
    }

    /// Says that nothing more will be sent.
    pub fn finish(&mut self) -> &mut Self {
        let _ = self.0.shutdown(std::net::Shutdown::Write);
        self
    }

    /// Everything until the server closes, or 30 seconds have passed without a byte.
    pub fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = self.0.read_to_end(&mut bytes);
        bytes
    }

    /// The status of the answer, and its text. 0 where the server closed without one.
    pub fn answer(&mut self) -> (u16, String) {
        let text = String::from_utf8_lossy(&self.read_to_end()).into_owned();
        let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        (status.unwrap_or(0), text)
    }
}

/// Sends a request as it stands and gives the status and the text of its answer. The request has to ask for `connection: close`.
pub fn exchange(base: &str, request: impl AsRef<[u8]>) -> (u16, String) {
    Connection::open(base).send(request).answer()
}
