//! A socket to the kernel. It works through a request while it is being sent, so the answers are there when `send` returns.

use std::io;
use std::os::fd::OwnedFd;

use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, sockopt};

use super::{Error, Message, flags};

/// `NLMSG_ERROR`, which also is what acknowledges.
const ERROR: u16 = 2;
/// `NLMSG_DONE`, the end of a list.
const DONE: u16 = 3;
/// The whole firewall of a machine is one write; 16 MiB are about 100,000 ranges.
const SEND_BUFFER: usize = 16 << 20;

/// What the other end of a socket is.
#[derive(Clone, Copy, Debug)]
pub enum Protocol {
    /// Links, addresses, routes: rtnetlink(7).
    Route,
    /// nftables and logged packets.
    Netfilter,
}

/// A netlink socket. Its answers are read by one thread, in order.
#[derive(Debug)]
pub struct Socket {
    descriptor: OwnedFd,
    sequence: u32,
}

impl Socket {
    /// A new socket; the kernel gives it its address at the first message.
    pub fn open(protocol: Protocol) -> Result<Socket, Error> {
        let protocol = match protocol {
            // It has the number 0.
            Protocol::Route => None,
            Protocol::Netfilter => Some(netlink::NETFILTER),
        };
        let kind = (AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC);
        let descriptor = net::socket_with(kind.0, kind.1, kind.2, protocol).map_err(socket_error)?;
        // Beyond the host's limit only with NET_ADMIN; without it small batches still fit.
        let _ = sockopt::set_socket_send_buffer_size_force(&descriptor, SEND_BUFFER);
        let _ = sockopt::set_socket_recv_buffer_size_force(&descriptor, SEND_BUFFER);
        Ok(Socket { descriptor, sequence: 0 })
    }

    /// Sends one message and waits until the kernel has done it.
    pub fn execute(&mut self, mut message: Message) -> Result<(), Error> {
        message.flags |= flags::ACK;
        self.transaction(vec![message])
    }

    /// Sends `messages` in one write. At least one of them has to ask for an acknowledgement.
    ///
    /// # Errors
    /// The first refusal, when the kernel refuses any.
    pub fn transaction(&mut self, messages: Vec<Message>) -> Result<(), Error> {
        let last = self.send(&messages)?;
        let first = last.wrapping_sub(u32::try_from(messages.len()).unwrap_or(u32::MAX).wrapping_sub(1));
        let mut acknowledged = false;
        while let Some(answers) = self.receive(RecvFlags::DONTWAIT)? {
            for (_, answer) in answers.iter().filter(|(sequence, _)| (first..=last).contains(sequence)) {
                acknowledged |= answer.kind == ERROR;
                refusal(answer)?;
            }
        }
        if acknowledged { Ok(()) } else { Err(Error::Answer) }
    }

    /// Sends a request for a list and gives everything in it.
    pub fn list(&mut self, mut message: Message) -> Result<Vec<Message>, Error> {
        message.flags |= flags::REQUEST | flags::DUMP;
        let request = self.send(&[message])?;
        let mut found = Vec::new();
        while let Some(answers) = self.receive(RecvFlags::empty())? {
            for (_, answer) in answers.into_iter().filter(|(sequence, _)| *sequence == request) {
                refusal(&answer)?;
                if answer.kind == DONE {
                    return Ok(found);
                }
                found.push(answer);
            }
        }
        Err(Error::Answer)
    }

    /// Waits for messages that the kernel sends by itself.
    pub fn wait(&mut self) -> Result<Vec<Message>, Error> {
        let answers = self.receive(RecvFlags::empty())?.ok_or(Error::Answer)?;
        Ok(answers.into_iter().map(|(_, message)| message).collect())
    }

    /// Sends messages under numbers of their own, and gives the last number.
    fn send(&mut self, messages: &[Message]) -> Result<u32, Error> {
        let mut bytes = Vec::new();
        for message in messages {
            self.sequence = self.sequence.wrapping_add(1);
            message.encode(self.sequence, &mut bytes);
        }
        net::send(&self.descriptor, &bytes, SendFlags::empty()).map_err(socket_error)?;
        Ok(self.sequence)
    }

    /// What has come, or nothing when nothing has and `flags` forbid to wait.
    fn receive(&mut self, flags: RecvFlags) -> Result<Option<Vec<(u32, Message)>>, Error> {
        // The kernel sends lists in pieces of 32 KiB at most, and refusals with the refused message of up to 64 KiB.
        let mut buffer = vec![0; 256 << 10];
        let length = loop {
            match net::recv(&self.descriptor, &mut buffer[..], flags) {
                Ok((length, _)) => break length,
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return Ok(None),
                Err(error) => return Err(socket_error(error)),
            }
        };
        let mut rest = &buffer[..length];
        let mut messages = Vec::new();
        while !rest.is_empty() {
            let (sequence, message, behind) = Message::decode(rest).ok_or(Error::Answer)?;
            messages.push((sequence, message));
            rest = behind;
        }
        Ok(Some(messages))
    }
}

/// The refusal that `answer` is, if it is one.
fn refusal(answer: &Message) -> Result<(), Error> {
    if answer.kind != ERROR {
        return Ok(());
    }
    let code = answer.body.first_chunk().map(|bytes| i32::from_ne_bytes(*bytes)).ok_or(Error::Answer)?;
    if code == 0 { Ok(()) } else { Err(Error::Refused(io::Error::from_raw_os_error(-code))) }
}

fn socket_error(error: rustix::io::Errno) -> Error {
    Error::Socket(error.into())
}
