//! The SSH server: OpenSSH's where the image has it. This process becomes the server, and process 1 starts it again when it
//! ends.

use crate::console::SSH;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

const OPENSSH: &str = "/usr/sbin/sshd";
/// How often it is looked whether OpenSSH has been installed.
const LOOK: Duration = Duration::from_secs(5);

/// Serves SSH on port 22 until it is killed.
pub fn run() -> ExitCode {
    if !Path::new(OPENSSH).exists() {
        SSH.say("This image has no SSH server. Install openssh-server (in a startup script, say), and it is started.");
        while !Path::new(OPENSSH).exists() {
            std::thread::sleep(LOOK);
        }
        // Packages write the program before its configuration.
        std::thread::sleep(LOOK);
    }
    prepare();
    let error = Command::new(OPENSSH).args(["-D", "-e"]).stdin(Stdio::null()).exec();
    SSH.say(&format!("cannot run {OPENSSH}: {error}"));
    ExitCode::FAILURE
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
