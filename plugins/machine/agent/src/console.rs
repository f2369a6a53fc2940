//! The console: standard output, which is what the API shows as serial port 1. A line looks as syslog's lines do on the
//! console of a machine at Google, with the names of Google's programs, since people and tests look for those.

use crate::clock;
use std::io::Write;

/// Who a line on the console is from.
#[derive(Clone, Copy)]
pub struct Console {
    program: &'static str,
}

/// What process 1 says.
pub const INIT: Console = Console { program: "fogbank-agent" };
/// What Google's guest agent would say: accounts, keys, names.
pub const GUEST: Console = Console { program: "google_guest_agent" };
/// What Google's script runner would say; the output of scripts comes under this name.
pub const SCRIPTS: Console = Console { program: "google_metadata_script_runner" };
/// What is said about the SSH server.
pub const SSH: Console = Console { program: "sshd" };

impl Console {
    /// Writes one line. What cannot be written is lost: there is no other place to tell it.
    pub fn say(self, text: &str) {
        let line = format!(
            "{} {} {}[{}]: {text}\n",
            clock::stamp(clock::now()),
            rustix::system::uname().nodename().to_string_lossy(),
            self.program,
            std::process::id(),
        );
        // One write, so that lines of different processes do not mix.
        let mut output = std::io::stdout().lock();
        drop(output.write_all(line.as_bytes()).and_then(|()| output.flush()));
    }
}
