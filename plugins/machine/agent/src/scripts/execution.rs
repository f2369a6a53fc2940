//! Runs one script from a temporary file and puts its output on the console, line by line.

use super::source::Error;
use crate::console::SCRIPTS;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Variables of the container that are passed on. As at Google, a script has no HOME and no terminal.
const KEPT: [&str; 4] = ["PATH", "LANG", "GCE_METADATA_HOST", "FOGBANK_STORAGE_URL"];
/// Longest line of output; longer ones are broken.
const LINE: u64 = 16 * 1024;
/// What a script wrote before it ended is there at once; more comes only from what it left behind.
const REST: Duration = Duration::from_millis(200);

/// How a script ended.
pub struct Status(ExitStatus);

impl Status {
    pub fn success(&self) -> bool {
        self.0.success()
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.0.code(), self.0.signal()) {
            (Some(code), _) => write!(formatter, "exit status {code}"),
            (None, signal) => write!(formatter, "was ended by signal {}", signal.unwrap_or_default()),
        }
    }
}

/// A script that ended. Processes that it left behind go on, and may still print something.
pub struct Finished {
    pub status: Status,
    rest: Receiver<()>,
}

impl Finished {
    /// Waits for the last process of the script that could print something.
    pub fn follow(self) {
        // An error is the end of the output as well.
        let _ = self.rest.recv();
    }
}

/// Runs a script to its end.
///
/// # Errors
/// It cannot be written down or started.
pub fn run(key: &str, script: &[u8]) -> Result<Finished, Error> {
    let directory = Temporary::new()?;
    let file = directory.write(key, script)?;
    let (output, input) = std::io::pipe()?;
    let mut child = start(&file, script, Stdio::from(input.try_clone()?), Stdio::from(input))?;
    let rest = print_lines(key, output);
    let status = Status(child.wait()?);
    // Lines before the status come first. Silence until the time is over means that a process is left with the pipe.
    let rest = match rest.recv_timeout(REST) {
        Err(RecvTimeoutError::Timeout) => rest,
        _ => channel().1,
    };
    Ok(Finished { status, rest })
}

/// Starts the script through its own first line if it has one, else through a shell: bash where there is one, as Google
/// does.
fn start(file: &Path, script: &[u8], output: Stdio, errors: Stdio) -> Result<Child, Error> {
    let own = script.starts_with(b"#!") || script.starts_with(b"\x7fELF");
    let shell = if Path::new("/bin/bash").exists() { "/bin/bash" } else { "/bin/sh" };
    let mut command = if own { Command::new(file) } else { Command::new(shell) };
    if !own {
        command.arg(file);
    }
    command.env_clear().env("PATH", PATH);
    command.envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.current_dir("/").stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
    command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound if own => Error::Io(format!("{}: not in this image", interpreter(script))),
        ErrorKind::NotFound => Error::Io(format!("{shell}: not in this image")),
        _ => error.into(),
    })
}

/// The program of a script's first line.
fn interpreter(script: &[u8]) -> String {
    let line = script.split(|byte| *byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(line).trim_start_matches("#!").trim().to_owned()
}

/// Prints what comes from a pipe; the receiver hears when the pipe ends.
fn print_lines(key: &str, output: impl Read + Send + 'static) -> Receiver<()> {
    let (sender, receiver) = channel();
    let key = key.to_owned();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(output);
        while let Some(line) = next_line(&mut reader) {
            SCRIPTS.say(&format!("{key}: {line}"));
        }
        // Nobody listens when the script ended long ago.
        let _ = sender.send(());
    });
    receiver
}

/// A line without its end, broken where it is too long. `None` at the end of the output.
fn next_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    let read = reader.take(LINE).read_until(b'\n', &mut line).unwrap_or(0);
    let text = String::from_utf8_lossy(&line);
    (read > 0).then(|| text.trim_end_matches(['\n', '\r']).to_owned())
}

/// A directory for a script, removed at the end.
struct Temporary(PathBuf);

impl Temporary {
    /// Makes it in `/tmp`, or in `/run` or `/` where that cannot be.
    fn new() -> Result<Temporary, Error> {
        let mut last = None;
        for base in ["/tmp", "/run", "/"] {
            let made = make_directory(base);
            match made {
                Ok(path) => return Ok(Temporary(path)),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| std::io::Error::other("no place for the script")).into())
    }

    fn write(&self, name: &str, script: &[u8]) -> Result<PathBuf, Error> {
        let path = self.0.join(name);
        let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o700).open(&path)?;
        file.write_all(script)?;
        Ok(path)
    }
}

fn make_directory(base: &str) -> std::io::Result<PathBuf> {
    for number in 0..1000 {
        let path = Path::new(base).join(format!("metadata-scripts{}-{number}", std::process::id()));
        match DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            result => return result.map(|()| path),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            SCRIPTS.say(&format!("{}: {error}", self.0.display()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_runs_by_its_first_line_or_by_a_shell() {
        assert_eq!(run("startup-script", b"#!/bin/sh\nexit 3\n").unwrap().status.to_string(), "exit status 3");
        assert!(run("startup-script", b"[ \"$PWD\" = / ] && [ -z \"${HOME+x}\" ]\n").unwrap().status.success());
        assert_eq!(run("startup-script", b"kill -9 $$\n").unwrap().status.to_string(), "was ended by signal 9");
    }

    #[test]
    fn an_interpreter_that_is_not_there_is_named() {
        let error = run("startup-script", b"#!/no/such/python3 -u\n").err().unwrap();
        assert_eq!(error.to_string(), "/no/such/python3 -u: not in this image");
    }

    #[test]
    fn processes_left_behind_do_not_keep_a_script_from_ending() {
        let begun = std::time::Instant::now();
        assert!(run("startup-script", b"sleep 5 & echo started\n").unwrap().status.success());
        assert!(begun.elapsed() < Duration::from_secs(4));
    }

    #[test]
    fn output_is_cut_into_lines() {
        let mut output = std::io::Cursor::new(b"one\r\ntwo\n\nlast".to_vec());
        let lines: Vec<String> = std::iter::from_fn(|| next_line(&mut output)).collect();
        assert_eq!(lines, ["one", "two", "", "last"]);
    }
}
