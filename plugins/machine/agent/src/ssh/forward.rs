//! Forwarded ports (`ssh -L`, RFC 4254, section 7.2): a channel whose other end is a connection that this machine makes.

use super::channel::{feed, pump};
use super::outlet::Outlet;
use super::transport::message;
use super::wire::Message;
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// How long each address of the target is tried.
const PATIENCE: Duration = Duration::from_secs(20);
/// RFC 4254, section 5.1: the connection cannot be made.
const CONNECT_FAILED: u32 = 2;

/// Connects, answers the client's wish for the channel with `confirmation` or a refusal, and carries data until both sides
/// have ended. `input` is what the client sends.
pub fn run(host: &str, port: u16, confirmation: &Message, input: &Receiver<Vec<u8>>, outlet: &Outlet) {
    let streams = connect(host, port).and_then(|stream| Ok((stream.try_clone()?, stream)));
    let (reader, writer) = match streams {
        Ok(streams) => streams,
        Err(error) => return outlet.abandon(&refusal(outlet.remote, &error)),
    };
    // An error here and below is the end of the whole connection, which its own thread sees.
    if outlet.output().send(confirmation).is_err() {
        return;
    }
    let copy = outlet.clone();
    let output = std::thread::spawn(move || {
        pump(reader, &copy, None);
        let _ = copy.end();
    });
    feed(&writer, input, outlet);
    let how = if outlet.is_closed() { Shutdown::Both } else { Shutdown::Write };
    // A stream that has ended already cannot be shut down, and need not be.
    drop(writer.shutdown(how));
    drop(output.join());
    let _ = outlet.close();
}

fn refusal(remote: u32, error: &std::io::Error) -> Message {
    let head = Message::new(message::CHANNEL_OPEN_FAILURE).u32(remote).u32(CONNECT_FAILED);
    head.string(error.to_string()).string("")
}

fn connect(host: &str, port: u16) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::other("the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}
