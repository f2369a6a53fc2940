//! A session's channel, and the threads between it and what runs in it (RFC 4254, section 6).

use super::Error;
use super::outlet::{Outlet, PACKET, signal_names};
use super::process::{self, Kind, Origin, Process, Terminal};
use super::transport::message;
use super::wire::{Fields, Message};
use crate::console::SSH;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// How much the client may send ahead of what the process has read.
const WINDOW: u32 = 2 << 20;
/// The number of the error output's data.
const STDERR: u32 = 1;
/// How long what is left of a terminal's output is waited for when its process has ended.
const REST: Duration = Duration::from_millis(300);
/// Most variables that a client may set, each of at most `VALUE` bytes.
const VARIABLES: usize = 100;
const VALUE: usize = 8 * 1024;

/// A session.
pub struct Channel {
    pub outlet: Outlet,
    variables: Vec<(String, String)>,
    terminal: Option<Terminal>,
    group: Option<rustix::process::Pid>,
    /// What is to be started once the client has its answer.
    waiting: Option<Process>,
    input: Option<Sender<Vec<u8>>>,
    started: bool,
}

impl Channel {
    pub fn new(outlet: Outlet) -> Channel {
        Channel {
            outlet,
            variables: Vec::new(),
            terminal: None,
            group: None,
            waiting: None,
            input: None,
            started: false,
        }
    }

    /// Says that a channel is open, with the number that it has here.
    pub fn confirmation(remote: u32, own: u32) -> Message {
        Message::new(message::CHANNEL_OPEN_CONFIRMATION).u32(remote).u32(own).u32(WINDOW).u32(PACKET)
    }

    /// A channel that is no session: what the client sends comes out of the receiver.
    pub fn forwarded(outlet: Outlet) -> (Channel, Receiver<Vec<u8>>) {
        let (sender, receiver) = channel();
        let channel = Channel { input: Some(sender), started: true, ..Channel::new(outlet) };
        (channel, receiver)
    }

    /// A variable for the process: the language, as OpenSSH on Debian allows it.
    pub fn set_variable(&mut self, name: &str, value: &str) -> bool {
        let allowed = (name == "LANG" || name.starts_with("LC_")) && !name.contains('=') && !value.contains('\0');
        let allowed = allowed && self.variables.len() < VARIABLES && name.len() + value.len() < VALUE;
        if allowed {
            self.variables.push((name.to_owned(), value.to_owned()));
        }
        allowed
    }

    pub fn open_terminal(&mut self, fields: &mut Fields<'_>, origin: &Origin) -> Result<bool, Error> {
        let kind = fields.text()?.to_owned();
        let size = [fields.u32()?, fields.u32()?, fields.u32()?, fields.u32()?];
        match Terminal::open(kind, size, origin) {
            Ok(terminal) => self.terminal = Some(terminal),
            Err(error) => SSH.say(&format!("cannot open a terminal: {error}")),
        }
        Ok(self.terminal.is_some())
    }

    pub fn resize(&mut self, fields: &mut Fields<'_>) -> Result<bool, Error> {
        let size = [fields.u32()?, fields.u32()?, fields.u32()?, fields.u32()?];
        Ok(self.terminal.as_ref().is_some_and(|terminal| terminal.resize(size).is_ok()))
    }

    pub fn signal(&self, name: &str) -> bool {
        let signal = signal_names().find(|(known, _)| *known == name).map(|(_, signal)| signal);
        let (Some(signal), Some(group)) = (signal, self.group) else { return false };
        rustix::process::kill_process_group(group, signal).is_ok()
    }

    /// The client is gone: so is the terminal.
    pub fn hang_up(&self) {
        if self.terminal.is_some() {
            self.signal("HUP");
        }
    }

    /// Starts what the session is for; a session is for one thing.
    pub fn start(&mut self, kind: &Kind, origin: &Origin) -> bool {
        if std::mem::replace(&mut self.started, true) {
            return false;
        }
        match process::start(kind, origin, &self.variables, self.terminal.as_ref()) {
            Ok(process) => {
                self.group = rustix::process::Pid::from_raw(process.child.id() as i32);
                self.waiting = Some(process);
            }
            Err(error) => SSH.say(&format!("cannot start a session of {}: {error}", origin.name)),
        }
        self.waiting.is_some()
    }

    /// Lets what was started talk.
    pub fn begin(&mut self) {
        let Some(mut process) = self.waiting.take() else { return };
        if let Some(input) = process.input.take() {
            let (sender, receiver) = channel();
            self.input = Some(sender);
            let outlet = self.outlet.clone();
            std::thread::spawn(move || feed(input, &receiver, &outlet));
        }
        let outlet = self.outlet.clone();
        std::thread::spawn(move || attend(process, &outlet));
    }

    /// Input from the client.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn take(&mut self, data: &[u8]) -> Result<(), Error> {
        let taken = self.input.as_ref().is_some_and(|input| input.send(data.to_vec()).is_ok());
        // A process that does not read any more: what comes is dropped, so that the client does not wait for ever.
        if taken { Ok(()) } else { consumed(&self.outlet, data.len()) }
    }

    pub fn end_input(&mut self) {
        self.input = None;
    }
}

fn consumed(outlet: &Outlet, bytes: usize) -> Result<(), Error> {
    outlet.output().send(&Message::new(message::CHANNEL_WINDOW_ADJUST).u32(outlet.remote).u32(bytes as u32))
}

/// Writes input to the process, and tells the client when it may send more.
pub fn feed(mut input: impl Write, receiver: &Receiver<Vec<u8>>, outlet: &Outlet) {
    let mut pending = 0;
    while let Ok(mut data) = receiver.recv() {
        while let Ok(more) = receiver.try_recv() {
            data.extend_from_slice(&more);
        }
        if input.write_all(&data).is_err() {
            break;
        }
        pending += data.len();
        if pending >= WINDOW as usize / 4 {
            if consumed(outlet, pending).is_err() {
                break;
            }
            pending = 0;
        }
    }
}

/// Sends a process's output until it ends or nobody wants it.
pub fn pump(mut source: impl Read, outlet: &Outlet, extended: Option<u32>) {
    let mut buffer = vec![0; PACKET as usize];
    // A terminal whose last process has ended reads as an error.
    while let Ok(length @ 1..) = source.read(&mut buffer) {
        if !outlet.send(&buffer[..length], extended) {
            break;
        }
    }
}

/// Stays with a process until it ends and all its output is sent.
fn attend(mut process: Process, outlet: &Outlet) {
    let (done, finished) = channel();
    let errors = process.errors.take().map(|errors| {
        let outlet = outlet.clone();
        std::thread::spawn(move || pump(errors, &outlet, Some(STDERR)))
    });
    let (output, copy) = (process.output, outlet.clone());
    std::thread::spawn(move || {
        pump(output, &copy, None);
        // Nobody waits when the rest of a terminal's output took too long.
        let _ = done.send(());
    });
    let status = process.child.wait().unwrap_or_else(|_| ExitStatus::from_raw(255 << 8));
    if process.on_terminal {
        // Something left in the background may keep the terminal for ever.
        let _ = finished.recv_timeout(REST);
    } else {
        // As with OpenSSH: whoever keeps the pipe keeps the session.
        let _ = finished.recv();
        errors.into_iter().for_each(|errors| drop(errors.join()));
    }
    if let Err(error) = outlet.finish(status) {
        SSH.say(&format!("cannot tell how a session ended: {error}"));
    }
}
