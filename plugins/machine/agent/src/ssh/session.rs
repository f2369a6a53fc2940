//! `agent session NAME shell|command|sftp [LINE]`: becomes a process of the user. It runs alone in its process, with one
//! thread, so that what it gives up is given up by all.

use super::sftp;
use crate::accounts::{self, User};
use rustix::fs::Mode;
use rustix::process::{Gid, Uid};
use std::io::IsTerminal;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";
const ROOT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs a session. Ends with 255, as ssh does for its own failures, if it cannot.
pub fn run(name: &str, kind: &str, line: Option<&str>) -> ExitCode {
    let Some(user) = accounts::find(name) else {
        eprintln!("there is no account {name}");
        return ExitCode::from(255);
    };
    if let Err(error) = become_user(name, &user) {
        eprintln!("cannot become {name}: {error}");
        return ExitCode::from(255);
    }
    if std::env::set_current_dir(&user.home).is_err() {
        eprintln!("Could not chdir to home directory {}: it is not there", user.home.display());
    }
    match kind {
        "sftp" => sftp::run(),
        _ => run_shell(name, &user, line),
    }
}

/// A session and a terminal of its own, and then the user's rights alone.
fn become_user(name: &str, user: &User) -> std::io::Result<()> {
    rustix::process::setsid()?;
    if std::io::stdin().is_terminal() {
        rustix::process::ioctl_tiocsctty(std::io::stdin())?;
    }
    rustix::process::umask(Mode::from_raw_mode(0o022));
    let groups: Vec<Gid> = accounts::groups(name, user).into_iter().map(Gid::from_raw).collect();
    rustix::thread::set_thread_groups(&groups)?;
    rustix::thread::set_thread_gid(Gid::from_raw(user.gid))?;
    rustix::thread::set_thread_uid(Uid::from_raw(user.uid))?;
    Ok(())
}

fn run_shell(name: &str, user: &User, line: Option<&str>) -> ExitCode {
    let shell = if user.shell.as_os_str().is_empty() { Path::new("/bin/sh") } else { &user.shell };
    let path = if user.uid == 0 { ROOT_PATH } else { PATH };
    let mut command = Command::new(shell);
    command.env("USER", name).env("LOGNAME", name).env("HOME", &user.home).env("SHELL", shell).env("PATH", path);
    let base = shell.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match line {
        Some(line) => command.arg0(base).args(["-c", line]),
        // A dash before the name makes it a login shell.
        None => command.arg0(format!("-{base}")),
    };
    let error = command.exec();
    eprintln!("{}: {error}", shell.display());
    ExitCode::from(127)
}
