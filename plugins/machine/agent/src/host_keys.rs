//! Publishes the SSH host keys as guest attributes, where `gcloud compute ssh` looks for them.
//! <https://cloud.google.com/compute/docs/metadata/manage-guest-attributes>

use crate::console::GUEST;
use crate::metadata::Server;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The host's keys, and those that are published.
pub struct HostKeys {
    directory: PathBuf,
    published: BTreeMap<String, String>,
    failed: bool,
}

impl HostKeys {
    /// The keys below a root directory.
    pub fn of(root: &Path) -> HostKeys {
        HostKeys { directory: root.join("etc/ssh"), published: BTreeMap::new(), failed: false }
    }

    /// Publishes what is not published yet. False if there are no keys yet, or not all could be published.
    pub fn publish(&mut self, server: &Server) -> bool {
        let keys = self.read();
        for (kind, key) in &keys {
            if self.published.get(kind) == Some(key) {
                continue;
            }
            match server.set_guest_attribute(&format!("hostkeys/{kind}"), key) {
                Ok(()) => _ = self.published.insert(kind.clone(), key.clone()),
                Err(error) => {
                    if !std::mem::replace(&mut self.failed, true) {
                        GUEST.say(&format!("Could not publish the host key {kind}: {error}."));
                    }
                    return false;
                }
            }
            GUEST.say(&format!("Wrote {kind} host key to guest attributes"));
        }
        self.failed = false;
        !keys.is_empty()
    }

    /// The public keys of `/etc/ssh/ssh_host_*_key.pub` by their kinds.
    fn read(&self) -> BTreeMap<String, String> {
        let Ok(entries) = std::fs::read_dir(&self.directory) else { return BTreeMap::new() };
        entries
            .flatten()
            .filter(|entry| {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                name.starts_with("ssh_host_") && name.ends_with("_key.pub")
            })
            .filter_map(|entry| std::fs::read_to_string(entry.path()).ok())
            .filter_map(|text| {
                let mut words = text.split_whitespace().map(str::to_owned);
                Some((words.next()?, words.next()?))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_keys_are_read_by_their_kinds() {
        let root = std::env::temp_dir().join(format!("agent-host-keys-{}", std::process::id()));
        let directory = root.join("etc/ssh");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("ssh_host_ed25519_key.pub"), "ssh-ed25519 AAAA root@w1\n").unwrap();
        std::fs::write(directory.join("ssh_host_ed25519_key"), "private").unwrap();
        std::fs::write(directory.join("ssh_host_rsa_key.pub"), "").unwrap();
        let keys = HostKeys::of(&root).read();
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(keys, BTreeMap::from([("ssh-ed25519".to_owned(), "AAAA".to_owned())]));
    }
}
