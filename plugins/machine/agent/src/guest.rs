//! Follows the metadata server: whatever the tree says about names, accounts and host keys is made so, at the start and at
//! each change.

use crate::accounts::Accounts;
use crate::console::GUEST;
use crate::host_keys::HostKeys;
use crate::hostname::Names;
use crate::metadata::{Backoff, Metadata, Server};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// How long a poll waits for a change. Keys that expire meanwhile are removed after it.
const WAIT: Duration = Duration::from_secs(60);
/// The same while something has to be tried again soon.
const SOON: Duration = Duration::from_secs(2);

struct Guest {
    accounts: Accounts,
    names: Names,
    host_keys: HostKeys,
    warned: bool,
}

/// Runs until it is killed.
pub fn run() -> ExitCode {
    let server = Server::find();
    let root = Path::new("/");
    let mut guest =
        Guest { accounts: Accounts::of(root), names: Names::of(root), host_keys: HostKeys::of(root), warned: false };
    let mut wait = None;
    let mut etag = String::new();
    let mut backoff = Backoff::new();
    let mut silent = false;
    loop {
        let answer = wait.map_or_else(|| server.tree(), |wait| server.changed(&etag, wait));
        match answer {
            Ok((metadata, new)) => {
                if std::mem::take(&mut silent) {
                    GUEST.say("The metadata server answers again.");
                }
                backoff = Backoff::new();
                // A server that gives no etag would answer at once each time.
                if new.is_empty() {
                    std::thread::sleep(SOON);
                }
                etag = new;
                wait = Some(if guest.apply(&server, &metadata) { WAIT } else { SOON });
            }
            Err(error) => {
                if !std::mem::replace(&mut silent, true) {
                    GUEST.say(&format!("The metadata server does not answer ({error}), asking again."));
                }
                wait = None;
                backoff.sleep();
            }
        }
    }
}

impl Guest {
    /// Makes the machine as the tree says. False if something is to be tried again soon.
    fn apply(&mut self, server: &Server, metadata: &Metadata) -> bool {
        if metadata.flag("enable-oslogin") && !std::mem::replace(&mut self.warned, true) {
            GUEST.say("OS Login is not supported: accounts come from ssh-keys although enable-oslogin is TRUE.");
        }
        self.names.apply(metadata);
        self.accounts.apply(metadata);
        !metadata.flag("enable-guest-attributes") || self.host_keys.publish(server)
    }
}
