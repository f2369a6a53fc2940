//! The agent of a machine: one static program that is the first process of the machine's container and does what Google's
//! guest agent does. It needs nothing from the image but a kernel.
//!
//! # Layout
//! - `init`: process 1. Reaps, starts the parts below and starts them again when they die, and powers the machine off.
//!   It does nothing that can fail, because the machine ends with it; whatever can fail runs in a process of its own.
//! - `guest`: follows the metadata server: accounts with their SSH keys, names of the host, host keys as guest attributes.
//! - `scripts`: startup and shutdown scripts.
//! - `sshd`: OpenSSH where the image has it, `ssh` where it has not.
//! - `sudo`: a copy of the program under that name, in images that have none.
//! - `copy`: copies and measures trees, for snapshots of disks (not in a machine: in a container that mounts two volumes).

#![deny(unsafe_code)]

mod accounts;
mod clock;
mod console;
mod copy;

mod guest;
mod host_keys;
mod hostname;
mod http;
mod init;
mod metadata;
mod scripts;
mod ssh;
mod sshd;
mod sudo;

use std::process::ExitCode;

const USAGE: &str = "usage: agent | agent guest | agent scripts startup|shutdown | agent sshd | agent copy FROM TO | agent size DIRECTORY";

fn main() -> ExitCode {
    let mut program = std::env::args_os();
    if sudo::is_called(program.next().as_ref()) {
        return sudo::run(program);
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => init::run(),
        ["guest"] => guest::run(),
        ["scripts", "startup"] => scripts::run(scripts::Event::Startup),
        ["scripts", "shutdown"] => scripts::run(scripts::Event::Shutdown),
        ["sshd"] => sshd::run(),
        ["ssh-connection"] => ssh::run_connection(),
        ["session", name, kind] => ssh::session::run(name, kind, None),
        ["session", name, kind, line] => ssh::session::run(name, kind, Some(line)),
        ["copy", from, to] => copy::run(from.as_ref(), to.as_ref()),
        ["size", directory] => copy::size(directory.as_ref()),
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(64)
        }
    }
}
