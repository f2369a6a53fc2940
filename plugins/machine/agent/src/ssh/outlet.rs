//! The way from a channel to the client, with its flow control (RFC 4254, section 5.2). Threads share it.

use super::Error;
use super::transport::{Output, message};
use super::wire::Message;
use rustix::process::Signal;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Largest packet of data, in both directions.
pub const PACKET: u32 = 32 * 1024;

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
    /// The channel was refused after all: the client knows it no more.
    abandoned: bool,
}

impl Outlet {
    pub fn new(output: Output, remote: u32, window: u32, largest: u32) -> Outlet {
        let state = State { window: window.into(), closed: false, abandoned: false };
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

    /// Refuses the channel with a message, after it was opened here.
    pub fn abandon(&self, refusal: &Message) {
        *self.state() = State { window: 0, closed: true, abandoned: true };
        // If the connection is broken, its own thread sees that.
        let _ = self.output.send(refusal);
    }

    pub fn is_abandoned(&self) -> bool {
        self.state().abandoned
    }

    pub fn is_closed(&self) -> bool {
        self.state().closed
    }

    pub fn output(&self) -> &Output {
        &self.output
    }

    /// Says that no more output comes.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn end(&self) -> Result<(), Error> {
        if self.state().closed {
            return Ok(());
        }
        self.output.send(&Message::new(message::CHANNEL_EOF).u32(self.remote))
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
    pub fn send(&self, mut data: &[u8], extended: Option<u32>) -> bool {
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
    pub fn finish(&self, status: ExitStatus) -> Result<(), Error> {
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
        self.end()?;
        self.output.send(&told)?;
        self.close()
    }
}

/// RFC 4254, section 6.10.
pub fn signal_names() -> impl Iterator<Item = (&'static str, Signal)> {
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
