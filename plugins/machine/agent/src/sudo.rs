//! `sudo` for images that have none: who has a key in the metadata may do everything, as at Google, and what one copies from its
//! documentation begins with `sudo`. A copy of this program stands at `/usr/bin/sudo`, where a package puts its own over it.

mod arguments;

use crate::accounts::{self, User};
use arguments::Wanted;
use rustix::process::{Gid, Uid};
use std::ffi::OsString;
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Where it stands, below the root.
const PLACE: &str = "usr/bin/sudo";
/// Where an image may have one of its own.
const OTHERS: [&str; 4] = ["usr/bin/sudo", "bin/sudo", "usr/local/bin/sudo", "usr/sbin/sudo"];
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// What the environment keeps.
const KEPT: [&str; 8] = ["TERM", "LANG", "LANGUAGE", "TZ", "COLORTERM", "DISPLAY", "XAUTHORITY", "DEBIAN_FRONTEND"];

/// Puts it into a machine that has none.
///
/// # Errors
/// It cannot be written.
pub fn install(root: &Path) -> Result<()> {
    let place = root.join(PLACE);
    let there = OTHERS.iter().any(|other| root.join(other).symlink_metadata().is_ok());
    if there || !place.parent().is_some_and(Path::is_dir) {
        return Ok(());
    }
    // Whole or not at all: it is its own owner's rights that it gives away.
    let new = place.with_extension("new");
    std::fs::copy("/proc/self/exe", &new)?;
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o4755))?;
    std::fs::rename(&new, &place)
}

/// Whether this program was called by that name.
pub fn is_called(program: Option<&OsString>) -> bool {
    program.is_some_and(|program| Path::new(program).file_name().is_some_and(|name| name == "sudo"))
}

/// Becomes the command that was asked for. Ends with 1, as sudo does, if it may not or cannot.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match arguments::read(arguments).and_then(|wanted| obey(&wanted)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sudo: {error}");
            ExitCode::from(1)
        }
    }
}

/// Comes back only with an error, or where nothing is to be run.
fn obey(wanted: &Wanted) -> Result<()> {
    let uid = rustix::process::getuid().as_raw();
    let caller = accounts::name_of(uid).unwrap_or_else(|| uid.to_string());
    if !rustix::process::geteuid().is_root() {
        return Err(Error::other("it must be owned by uid 0 and have the setuid bit set"));
    }
    if uid != 0 && !accounts::is_sudoer(&caller) {
        return Err(Error::other(format!("{caller} is not in the sudoers file.")));
    }
    if wanted.only_validates {
        return Ok(());
    }
    if wanted.lists {
        println!("User {caller} may run the following commands:\n    (ALL : ALL) NOPASSWD: ALL");
        return Ok(());
    }
    let unknown = || Error::new(ErrorKind::NotFound, format!("unknown user {}", wanted.user));
    let user = accounts::find(&wanted.user).ok_or_else(unknown)?;
    let mut command = command(wanted, &user, (uid, &caller));
    become_user(wanted, &user)?;
    let program = command.get_program().to_string_lossy().into_owned();
    let error = command.exec();
    match error.kind() {
        ErrorKind::NotFound => Err(Error::new(ErrorKind::NotFound, format!("{program}: command not found"))),
        _ => Err(Error::new(error.kind(), format!("{program}: {error}"))),
    }
}

fn command(wanted: &Wanted, user: &User, caller: (u32, &str)) -> Command {
    let shell = if user.shell.as_os_str().is_empty() { Path::new("/bin/sh") } else { &user.shell };
    let mut command = match wanted.command.split_first() {
        Some((program, rest)) if !wanted.in_shell => {
            let mut command = Command::new(program);
            command.args(rest);
            command
        }
        _ => in_shell(wanted, shell),
    };
    if !wanted.keeps_environment {
        command.env_clear();
        let kept = |name: &str| KEPT.contains(&name) || name.starts_with("LC_");
        command.envs(std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(kept)));
    }
    let line: Vec<String> = wanted.command.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    command.env("PATH", PATH).env("USER", &wanted.user).env("LOGNAME", &wanted.user).env("HOME", &user.home);
    command.env("SHELL", shell).env("SUDO_USER", caller.1).env("SUDO_UID", caller.0.to_string());
    command.env("SUDO_GID", rustix::process::getgid().as_raw().to_string()).env("SUDO_COMMAND", line.join(" "));
    command.envs(wanted.variables.iter().map(|(name, value)| (name, value)));
    if wanted.is_login {
        command.current_dir(&user.home);
    }
    command
}

/// A shell, with the command as one line where there is one.
fn in_shell(wanted: &Wanted, shell: &Path) -> Command {
    let mut command = Command::new(shell);
    if wanted.is_login {
        let base = shell.file_name().unwrap_or_default().to_string_lossy();
        command.arg0(format!("-{base}"));
    }
    if !wanted.command.is_empty() {
        let line: Vec<String> = wanted.command.iter().map(|part| quoted(&part.to_string_lossy())).collect();
        command.args(["-c", &line.join(" ")]);
    }
    command
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "_-$./=:,@%+".contains(character);
    word.chars()
        .map(|character| if plain(character) { character.to_string() } else { format!("\\{character}") })
        .collect()
}

fn become_user(wanted: &Wanted, user: &User) -> Result<()> {
    let groups: Vec<Gid> = accounts::groups(&wanted.user, user).into_iter().map(Gid::from_raw).collect();
    rustix::thread::set_thread_groups(&groups)?;
    rustix::thread::set_thread_gid(Gid::from_raw(user.gid))?;
    rustix::thread::set_thread_uid(Uid::from_raw(user.uid))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_with_a_sudo_of_its_own_keeps_it() {
        let root = std::env::temp_dir().join(format!("agent-sudo-{}", std::process::id()));
        std::fs::create_dir_all(root.join("usr/bin")).unwrap();
        std::fs::write(root.join("usr/bin/sudo"), "theirs").unwrap();
        install(&root).unwrap();
        assert_eq!(std::fs::read(root.join("usr/bin/sudo")).unwrap(), b"theirs");
        std::fs::remove_file(root.join("usr/bin/sudo")).unwrap();
        install(&root).unwrap();
        let mode = std::fs::metadata(root.join("usr/bin/sudo")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o4755);
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn a_line_for_a_shell_is_read_back_as_it_was() {
        assert_eq!(quoted("a b;c"), "a\\ b\\;c");
    }
}
