//! One connection: the login, and then its channels (RFC 4254). Runs in a process of its own, whose standard input is the
//! socket.

use super::channel::Channel;
use super::host_key::HostKey;
use super::outlet::Outlet;
use super::process::{Kind, Origin};
use super::transport::{Transport, message};
use super::wire::{Fields, Message};
use super::{Error, authentication, forward};
use crate::console::SSH;
use std::collections::HashMap;
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// How long a client may take to log in, as with OpenSSH's LoginGraceTime.
const GRACE: Duration = Duration::from_secs(120);
/// Most channels of a connection.
const MOST: usize = 64;
/// RFC 4254, section 5.1: why a channel is not opened.
const PROHIBITED: u32 = 1;
const SHORTAGE: u32 = 4;

/// Serves the connection that standard input is.
pub fn run() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            SSH.say(&format!("Connection ended: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), Error> {
    let stream = TcpStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    stream.set_read_timeout(Some(GRACE))?;
    let (peer, local) = (stream.peer_addr()?, stream.local_addr()?);
    let host = HostKey::load_or_make(Path::new("/etc/ssh")).or_else(|_| HostKey::make())?;
    let mut transport = match Transport::accept(stream, host) {
        // Somebody looked whether the port is open.
        Err(Error::Io(_)) => return Ok(()),
        result => result?,
    };
    let (name, user) = match authentication::run(&mut transport) {
        Err(Error::Io(_) | Error::Closed) => return Ok(()),
        result => result?,
    };
    let (address, port) = (peer.ip().to_canonical(), peer.port());
    SSH.say(&format!("Accepted publickey for {name} from {address} port {port} ssh2"));
    transport.set_patience(None)?;
    let origin = Origin { name, user, peer, local };
    let mut connection = Connection { transport, origin, channels: HashMap::new(), next: 0 };
    match connection.run() {
        Err(Error::Io(_) | Error::Closed) => {}
        result => result?,
    }
    connection.channels.values().for_each(Channel::hang_up);
    SSH.say(&format!("Disconnected from user {} {address} port {port}", connection.origin.name));
    Ok(())
}

struct Connection {
    transport: Transport,
    origin: Origin,
    channels: HashMap<u32, Channel>,
    next: u32,
}

impl Connection {
    fn run(&mut self) -> Result<(), Error> {
        loop {
            let received = self.transport.receive()?;
            let mut fields = Fields::of(&received);
            match fields.byte()? {
                message::GLOBAL_REQUEST => self.global_request(&mut fields)?,
                // Answers to questions that this server does not ask.
                message::REQUEST_SUCCESS | message::REQUEST_FAILURE => {}
                message::CHANNEL_OPEN => self.open(&mut fields)?,
                kind @ message::CHANNEL_WINDOW_ADJUST..=message::CHANNEL_FAILURE => self.channel(kind, &mut fields)?,
                message::USERAUTH_REQUEST => {}
                _ => self.transport.send_unimplemented()?,
            }
        }
    }

    /// Forwarding of ports, and OpenSSH's questions whether the server is alive: none is granted, all are answered.
    fn global_request(&self, fields: &mut Fields<'_>) -> Result<(), Error> {
        fields.string()?;
        if fields.boolean()? {
            self.transport.output.send(&Message::new(message::REQUEST_FAILURE))?;
        }
        Ok(())
    }

    fn open(&mut self, fields: &mut Fields<'_>) -> Result<(), Error> {
        let (kind, remote) = (fields.text()?, fields.u32()?);
        let (window, largest) = (fields.u32()?, fields.u32()?);
        self.channels.retain(|_, channel| !channel.outlet.is_abandoned());
        let outlet = Outlet::new(self.transport.output.clone(), remote, window, largest);
        let refusal = match kind {
            "session" | "direct-tcpip" if self.channels.len() >= MOST => (SHORTAGE, "too many channels"),
            "session" => return self.open_session(outlet),
            "direct-tcpip" => return self.forward(outlet, fields),
            _ => (PROHIBITED, "this server has sessions and forwarded ports only"),
        };
        let (code, reason) = refusal;
        let answer = Message::new(message::CHANNEL_OPEN_FAILURE).u32(remote).u32(code).string(reason).string("");
        self.transport.output.send(&answer)
    }

    fn next_number(&mut self) -> u32 {
        self.next = self.next.wrapping_add(1);
        self.next
    }

    fn open_session(&mut self, outlet: Outlet) -> Result<(), Error> {
        let own = self.next_number();
        self.transport.output.send(&Channel::confirmation(outlet.remote, own))?;
        self.channels.insert(own, Channel::new(outlet));
        Ok(())
    }

    /// The answer comes when the connection is made, or cannot be.
    fn forward(&mut self, outlet: Outlet, fields: &mut Fields<'_>) -> Result<(), Error> {
        let (host, port) = (fields.text()?.to_owned(), fields.u32()?);
        let port = u16::try_from(port).map_err(|_| Error::Protocol)?;
        let own = self.next_number();
        let confirmation = Channel::confirmation(outlet.remote, own);
        let (channel, input) = Channel::forwarded(outlet.clone());
        self.channels.insert(own, channel);
        std::thread::spawn(move || forward::run(&host, port, &confirmation, &input, &outlet));
        Ok(())
    }

    fn channel(&mut self, kind: u8, fields: &mut Fields<'_>) -> Result<(), Error> {
        let number = fields.u32()?;
        let channel = self.channels.get_mut(&number).ok_or(Error::Protocol)?;
        match kind {
            message::CHANNEL_WINDOW_ADJUST => channel.outlet.widen(fields.u32()?),
            message::CHANNEL_DATA => channel.take(fields.string()?)?,
            message::CHANNEL_EOF => channel.end_input(),
            message::CHANNEL_CLOSE => {
                channel.hang_up();
                channel.outlet.close()?;
                self.channels.remove(&number);
            }
            message::CHANNEL_REQUEST => return self.request(number, fields),
            // A session's client sends no error output, and this server asks no questions.
            _ => {}
        }
        Ok(())
    }

    fn request(&mut self, number: u32, fields: &mut Fields<'_>) -> Result<(), Error> {
        let channel = self.channels.get_mut(&number).ok_or(Error::Protocol)?;
        let (kind, wants_answer) = (fields.text()?, fields.boolean()?);
        let granted = match kind {
            "env" => channel.set_variable(fields.text()?, fields.text()?),
            "pty-req" => channel.open_terminal(fields, &self.origin)?,
            "window-change" => channel.resize(fields)?,
            "signal" => channel.signal(fields.text()?),
            "shell" => channel.start(&Kind::Shell, &self.origin),
            "exec" => channel.start(&Kind::Command(fields.text()?.to_owned()), &self.origin),
            "subsystem" => fields.text()? == "sftp" && channel.start(&Kind::Sftp, &self.origin),
            _ => false,
        };
        if wants_answer {
            let answer = if granted { message::CHANNEL_SUCCESS } else { message::CHANNEL_FAILURE };
            self.transport.output.send(&Message::new(answer).u32(channel.outlet.remote))?;
        }
        // Output before the answer would be taken for a mistake.
        channel.begin();
        Ok(())
    }
}
