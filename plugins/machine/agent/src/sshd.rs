//! The SSH server: OpenSSH's where the image has it, Fogbank's own where it has not. Either way this process becomes the
//! server, and process 1 starts it again when it ends.

use crate::console::SSH;
use crate::ssh;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

const OPENSSH: &str = "/usr/sbin/sshd";
/// Packages write their program before its configuration; with this it is ready.
const CONFIGURATION: &str = "/etc/ssh/sshd_config";

/// Serves SSH on port 22 until it is killed.
pub fn run() -> ExitCode {
    if !is_installed() {
        // OpenSSH takes over when it has been installed, between two connections.
        return match ssh::run_listener(is_installed) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                SSH.say(&format!("cannot listen on port 22: {error}"));
                ExitCode::FAILURE
            }
        };
    }
    prepare();
    let error = Command::new(OPENSSH).args(["-D", "-e"]).stdin(Stdio::null()).exec();
    SSH.say(&format!("cannot run {OPENSSH}: {error}"));
    ExitCode::FAILURE
}

fn is_installed() -> bool {
    Path::new(OPENSSH).exists() && Path::new(CONFIGURATION).exists()
}

/// What OpenSSH needs before its start: the directory of its privilege separation, and host keys.
fn prepare() {
    if let Err(error) = std::fs::DirBuilder::new().recursive(true).mode(0o755).create("/run/sshd") {
        SSH.say(&format!("cannot make /run/sshd: {error}"));
    }
    let output = Command::new("ssh-keygen").arg("-A").stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => SSH.say(&format!("ssh-keygen -A: {}", String::from_utf8_lossy(&output.stderr).trim_end())),
        Err(error) => SSH.say(&format!("cannot make host keys with ssh-keygen: {error}")),
    }
}
