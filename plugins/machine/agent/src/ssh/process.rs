//! What runs in a session: starts the helper (`session`) that becomes the user's shell, command or SFTP server, on pipes or
//! on a terminal.

use crate::accounts::User;
use rustix::fs::Mode;
use rustix::pty::OpenptFlags;
use rustix::termios::Winsize;
use std::fs::{File, OpenOptions};
use std::io::{Read, Result, Write};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Who is logged in, from where.
pub struct Origin {
    pub name: String,
    pub user: User,
    pub peer: SocketAddr,
    pub local: SocketAddr,
}

/// What a session is for.
pub enum Kind {
    Shell,
    Command(String),
    Sftp,
}

/// A process and its ends of the pipes, or of the terminal.
pub struct Process {
    pub child: Child,
    pub input: Option<Box<dyn Write + Send>>,
    pub output: Box<dyn Read + Send>,
    pub errors: Option<Box<dyn Read + Send>>,
    pub on_terminal: bool,
}

/// A terminal of the machine, and the client's name for its kind.
pub struct Terminal {
    kind: String,
    controller: File,
    path: PathBuf,
}

impl Terminal {
    /// Opens a terminal that belongs to the user. `size` is columns, rows, and the same in pixels.
    ///
    /// # Errors
    /// There are no terminals (`/dev/pts`) in the container.
    pub fn open(kind: String, size: [u32; 4], origin: &Origin) -> Result<Terminal> {
        let controller = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        rustix::pty::grantpt(&controller)?;
        rustix::pty::unlockpt(&controller)?;
        let name = rustix::pty::ptsname(&controller, Vec::new())?;
        let path = PathBuf::from(std::ffi::OsStr::from_bytes(name.as_bytes()));
        std::os::unix::fs::chown(&path, Some(origin.user.uid), None)?;
        rustix::fs::chmod(&path, Mode::from_raw_mode(0o620))?;
        let terminal = Terminal { kind, controller: File::from(controller), path };
        terminal.resize(size)?;
        Ok(terminal)
    }

    /// Tells the terminal its size.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn resize(&self, size: [u32; 4]) -> Result<()> {
        let [columns, rows, width, height] = size.map(|value| u16::try_from(value).unwrap_or(u16::MAX));
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: width, ws_ypixel: height };
        Ok(rustix::termios::tcsetwinsize(&self.controller, size)?)
    }

    /// The side of the process: for its input, output and error output.
    fn open_other_side(&self) -> Result<[Stdio; 3]> {
        let file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        let copies = [file.try_clone()?, file.try_clone()?, file];
        Ok(copies.map(|file| Stdio::from(OwnedFd::from(file))))
    }
}

/// Starts a session's process.
///
/// # Errors
/// It cannot be started.
pub fn start(
    kind: &Kind,
    origin: &Origin,
    variables: &[(String, String)],
    terminal: Option<&Terminal>,
) -> Result<Process> {
    let mut command = Command::new("/proc/self/exe");
    command.args(["session", &origin.name]);
    match kind {
        Kind::Shell => command.arg("shell"),
        Kind::Command(line) => command.args(["command", line]),
        Kind::Sftp => command.arg("sftp"),
    };
    command.env_clear().envs(variables.iter().map(|(name, value)| (name, value)));
    let (peer, local) = (origin.peer.ip().to_canonical(), origin.local.ip().to_canonical());
    let (from, to) = (origin.peer.port(), origin.local.port());
    command.env("SSH_CLIENT", format!("{peer} {from} {to}"));
    command.env("SSH_CONNECTION", format!("{peer} {from} {local} {to}"));
    match terminal {
        Some(terminal) => on_terminal(command, terminal),
        None => on_pipes(command),
    }
}

fn on_terminal(mut command: Command, terminal: &Terminal) -> Result<Process> {
    let [input, output, errors] = terminal.open_other_side()?;
    command.env("TERM", &terminal.kind).env("SSH_TTY", &terminal.path);
    let child = command.stdin(input).stdout(output).stderr(errors).spawn()?;
    // `command` holds the other side too, and goes now: else the terminal would never end.
    drop(command);
    Ok(Process {
        child,
        input: Some(Box::new(terminal.controller.try_clone()?)),
        output: Box::new(terminal.controller.try_clone()?),
        errors: None,
        on_terminal: true,
    })
}

fn on_pipes(mut command: Command) -> Result<Process> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let output = output.ok_or_else(|| std::io::Error::other("no pipe"))?;
    Ok(Process {
        child,
        input: input.map(|pipe| Box::new(pipe) as Box<dyn Write + Send>),
        output: Box::new(output),
        errors: errors.map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        on_terminal: false,
    })
}
