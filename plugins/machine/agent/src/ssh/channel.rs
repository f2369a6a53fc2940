//! A session's channel: flow control, and the threads between the channel and what runs in it (RFC 4254, sections 5 and 6).

use super::Error;
use super::process::{self, Kind, Origin, Process, Terminal};
use super::transport::{Output, message};
use super::wire::{Fields, Message};
use crate::console::SSH;
use rustix::process::Signal;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How much the client may send ahead of what the process has read.
const WINDOW: u32 = 2 << 20;
/// Largest packet of data, in both directions.
const PACKET: u32 = 32 * 1024;
/// The number of the error output's data.
const STDERR: u32 = 1;
/// How long what is left of a terminal's output is waited for when its process has ended.
const REST: Duration = Duration::from_millis(300);
/// Most variables that a client may set, each of at most `VALUE` bytes.
const VARIABLES: usize = 100;
const VALUE: usize = 8 * 1024;

/// The way to the client.
#[derive(Clone)]
pub struct Outlet {
    output: Output,
    pub remote: u32,
    largest: u32,
    state: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    window: u64,
    closed: bool,
}

impl Outlet {
    pub fn new(output: Output, remote: u32, window: u32, largest: u32) -> Outlet {
        let state = State { window: window.into(), closed: false };
        let largest = largest.clamp(1, PACKET);
        Outlet { output, remote, largest, state: Arc::new((Mutex::new(state), Condvar::new())) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets more be sent.
    pub fn widen(&self, bytes: u32) {
        self.state().window += u64::from(bytes);
        self.state.1.notify_all();
    }

    /// Ends the channel from this side, once.
    pub fn close(&self) -> Result<(), Error> {
        let was = std::mem::replace(&mut self.state().closed, true);
        self.state.1.notify_all();
        if was { Ok(()) } else { self.output.send(&Message::new(message::CHANNEL_CLOSE).u32(self.remote)) }
    }

    /// Waits until something may be sent and says how much. `None` when the channel is closed.
    fn reserve(&self, wanted: usize) -> Option<usize> {
        let mut state = self.state();
        while state.window == 0 && !state.closed {
            state = self.state.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let granted = (wanted as u64).min(state.window).min(self.largest.into());
        state.window -= granted;
        (!state.closed).then_some(granted as usize)
    }

    /// Sends output, as much at a time as the client takes. False when the channel is closed.
    fn send(&self, mut data: &[u8], extended: Option<u32>) -> bool {
        while !data.is_empty() {
            let Some(length) = self.reserve(data.len()) else { return false };
            let (now, later) = data.split_at(length);
            let message = match extended {
                None => Message::new(message::CHANNEL_DATA).u32(self.remote),
                Some(kind) => Message::new(message::CHANNEL_EXTENDED_DATA).u32(self.remote).u32(kind),
            };
            if self.output.send(&message.string(now)).is_err() {
                return false;
            }
            data = later;
        }
        true
    }

    /// Tells how the process ended, and ends the channel.
    fn finish(&self, status: ExitStatus) -> Result<(), Error> {
        let head = |kind: &str| Message::new(message::CHANNEL_REQUEST).u32(self.remote).string(kind).boolean(false);
        let told = match (status.code(), status.signal()) {
            (None, Some(signal)) => {
                let name = signal_names().find(|(_, known)| known.as_raw() == signal).map_or("KILL", |(name, _)| name);
                head("exit-signal").string(name).boolean(false).string("").string("")
            }
            (code, _) => head("exit-status").u32(code.unwrap_or(255) as u32),
        };
        if self.state().closed {
            return Ok(());
        }
        self.output.send(&Message::new(message::CHANNEL_EOF).u32(self.remote))?;
        self.output.send(&told)?;
        self.close()
    }
}

/// RFC 4254, section 6.10.
fn signal_names() -> impl Iterator<Item = (&'static str, Signal)> {
    let names = ["HUP", "INT", "KILL", "TERM", "QUIT", "USR1", "USR2", "ABRT", "ALRM", "FPE", "ILL", "PIPE", "SEGV"];
    let signals = [
        Signal::HUP,
        Signal::INT,
        Signal::KILL,
        Signal::TERM,
        Signal::QUIT,
        Signal::USR1,
        Signal::USR2,
        Signal::ABORT,
        Signal::ALARM,
        Signal::FPE,
        Signal::ILL,
        Signal::PIPE,
        Signal::SEGV,
    ];
    names.into_iter().zip(signals)
}

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
    outlet.output.send(&Message::new(message::CHANNEL_WINDOW_ADJUST).u32(outlet.remote).u32(bytes as u32))
}

/// Writes input to the process, and tells the client when it may send more.
fn feed(mut input: impl Write, receiver: &Receiver<Vec<u8>>, outlet: &Outlet) {
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
fn pump(mut source: impl Read, outlet: &Outlet, extended: Option<u32>) {
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
