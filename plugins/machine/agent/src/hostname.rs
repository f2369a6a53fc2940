//! The machine's name in `/etc/hostname` and `/etc/hosts`, as Google's agent writes it there.

use crate::console::GUEST;
use crate::metadata::Metadata;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Ends each line of `/etc/hosts` that is the agent's.
const MARK: &str = "# Added by Google";

/// The files of the names, and what was written there last.
pub struct Names {
    etc: PathBuf,
    written: Option<(String, String)>,
}

impl Names {
    /// The names below a root directory.
    pub fn of(root: &Path) -> Names {
        Names { etc: root.join("etc"), written: None }
    }

    /// Writes the names of the tree where they differ. Files that cannot be written (an image that is read only) are told
    /// once and left.
    pub fn apply(&mut self, metadata: &Metadata) {
        let (Some(hostname), Some(address)) = (metadata.hostname(), metadata.address()) else { return };
        let names = (hostname.to_owned(), address.to_owned());
        if self.written.as_ref() == Some(&names) {
            return;
        }
        let short = hostname.split('.').next().unwrap_or(hostname);
        let hosts = |text: &str| hosts(text, hostname, short, address);
        for result in [self.edit("hostname", |_| format!("{short}\n")), self.edit("hosts", hosts)] {
            if let Err(error) = result {
                GUEST.say(&format!("Could not write the machine's name: {error}."));
            }
        }
        // The kernel has the name from Docker already; setting it needs a right that containers do not have.
        if rustix::system::uname().nodename().to_bytes() != short.as_bytes() {
            let _ = rustix::system::sethostname(short.as_bytes());
        }
        self.written = Some(names);
    }

    /// Rewrites a file in place: Docker mounts these two, so that they cannot be replaced by a rename.
    fn edit(&self, name: &str, edit: impl Fn(&str) -> String) -> std::io::Result<()> {
        let path = self.etc.join(name);
        let old = std::fs::read_to_string(&path).unwrap_or_default();
        let new = edit(&old);
        if new == old {
            return Ok(());
        }
        std::fs::create_dir_all(&self.etc)?;
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
        file.write_all(new.as_bytes())
    }
}

/// The text of `/etc/hosts` with the agent's two lines.
fn hosts(text: &str, hostname: &str, short: &str, address: &str) -> String {
    let mut lines: Vec<String> = text.lines().filter(|line| !line.ends_with(MARK)).map(str::to_owned).collect();
    lines.push(format!("{address} {hostname} {short}  {MARK}"));
    lines.push(format!("169.254.169.254 metadata.google.internal  {MARK}"));
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_lines_are_replaced_and_others_kept() {
        let before = "127.0.0.1 localhost\n10.0.0.9 old.x old  # Added by Google\n10.0.0.5 mine";
        let after = "127.0.0.1 localhost\n10.0.0.5 mine\n10.20.0.2 w1.z.c.p.internal w1  # Added by Google\n\
                     169.254.169.254 metadata.google.internal  # Added by Google\n";
        assert_eq!(hosts(before, "w1.z.c.p.internal", "w1", "10.20.0.2"), after);
        assert_eq!(hosts(after, "w1.z.c.p.internal", "w1", "10.20.0.2"), after);
    }
}
