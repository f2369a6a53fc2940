//! Accounts from the metadata's SSH keys: who has a key has an account with that key, in the group `google-sudoers`; who has
//! none any more loses the keys and the group, and keeps the account and its files, as at Google.

mod authorized_keys;
mod database;
mod home;
mod keys;
mod replacement;

use crate::clock;
use crate::console::GUEST;
use crate::metadata::Metadata;
use database::Database;
pub use database::User;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, Result};
use std::path::{Path, PathBuf};

/// The group whose members may do everything.
const SUDOERS: &str = "google-sudoers";
/// Groups that Google's accounts are in where an image has them.
const GROUPS: [&str; 6] = ["adm", "dip", "docker", "lxd", "plugdev", "video"];
/// Where Google's agent keeps the names of the accounts that it made.
const KNOWN: &str = "var/lib/google/google_users";

/// The accounts of a machine and what was done to them last.
pub struct Accounts {
    root: PathBuf,
    applied: Option<BTreeMap<String, Vec<String>>>,
    failed: BTreeSet<String>,
}

impl Accounts {
    /// The accounts below a root directory.
    pub fn of(root: &Path) -> Accounts {
        Accounts { root: root.to_owned(), applied: None, failed: BTreeSet::new() }
    }

    /// Makes the accounts as the tree says. What fails is told once, and tried again each time.
    pub fn apply(&mut self, metadata: &Metadata) {
        let wanted = keys::wanted(metadata, clock::now());
        if self.applied.as_ref() == Some(&wanted) {
            return;
        }
        let results = [self.write_sudoers(), self.update(&wanted)];
        let errors: BTreeSet<String> =
            results.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect();
        for error in errors.difference(&self.failed) {
            GUEST.say(&format!("Accounts: {error}."));
        }
        self.applied = errors.is_empty().then_some(wanted);
        self.failed = errors;
    }

    fn update(&self, wanted: &BTreeMap<String, Vec<String>>) -> Result<()> {
        let known = self.known();
        let mut first = Ok(());
        for (name, keys) in wanted {
            let result = self.set_up(name, keys).map_err(|error| named(name, &error));
            first = first.and(result);
        }
        for name in known.iter().filter(|name| !wanted.contains_key(*name)) {
            let result = self.shut_out(name).map_err(|error| named(name, &error));
            first = first.and(result);
        }
        first?;
        self.remember(wanted.keys(), &known)
    }

    /// An account with exactly these keys of the agent's.
    fn set_up(&self, name: &str, keys: &[String]) -> Result<()> {
        let (user, new) = Database::lock(&self.root)?.edit(|database| {
            database.add_group(SUDOERS);
            let (user, new) = match database.user(name) {
                Some(user) => (user, false),
                None => (database.add_user(name, self.shell()), true),
            };
            database.join(name, SUDOERS);
            if new {
                GROUPS.iter().for_each(|group| database.join(name, group));
            }
            (user, new)
        })?;
        if new {
            GUEST.say(&format!("Creating user {name}."));
            home::make(&self.root, &user)?;
        }
        if authorized_keys::write(&self.root, &user, keys)? {
            GUEST.say(&format!("Updating keys for user {name}."));
        }
        Ok(())
    }

    fn shut_out(&self, name: &str) -> Result<()> {
        GUEST.say(&format!("Removing user {name}."));
        let user = Database::lock(&self.root)?.edit(|database| {
            database.leave(name, SUDOERS);
            database.user(name)
        })?;
        match user {
            Some(user) => authorized_keys::write(&self.root, &user, &[]).map(drop),
            None => Ok(()),
        }
    }

    fn shell(&self) -> &'static str {
        if self.root.join("bin/bash").exists() { "/bin/bash" } else { "/bin/sh" }
    }

    /// Lets the group use sudo, where sudo is installed.
    fn write_sudoers(&self) -> Result<()> {
        let directory = self.root.join("etc/sudoers.d");
        let file = directory.join("google_sudoers");
        if !directory.is_dir() || file.exists() {
            return Ok(());
        }
        let rule = format!("%{SUDOERS} ALL=(ALL:ALL) NOPASSWD:ALL\n");
        replacement::replace(&file, rule.as_bytes(), 0o440).map_err(|error| named("google_sudoers", &error))
    }

    /// The accounts that had keys.
    fn known(&self) -> BTreeSet<String> {
        let text = std::fs::read_to_string(self.root.join(KNOWN)).unwrap_or_default();
        text.lines().map(str::to_owned).filter(|name| !name.is_empty()).collect()
    }

    fn remember<'a>(&self, names: impl Iterator<Item = &'a String>, known: &BTreeSet<String>) -> Result<()> {
        let names: BTreeSet<String> = names.cloned().collect();
        if names == *known {
            return Ok(());
        }
        let path = self.root.join(KNOWN);
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let text: String = names.iter().map(|name| format!("{name}\n")).collect();
        replacement::replace(&path, text.as_bytes(), 0o600)
    }
}

/// An account of this machine, by its name.
pub fn find(name: &str) -> Option<User> {
    Database::read(Path::new("/etc")).ok()?.user(name)
}

/// The name of the account with a number.
pub fn name_of(uid: u32) -> Option<String> {
    Database::read(Path::new("/etc")).ok()?.name_of(uid)
}

/// Whether an account is one of those that may do everything.
pub fn is_sudoer(name: &str) -> bool {
    Database::read(Path::new("/etc")).is_ok_and(|database| database.is_member(name, SUDOERS))
}

/// Numbers of all groups of an account.
pub fn groups(name: &str, user: &User) -> Vec<u32> {
    let mut groups = Database::read(Path::new("/etc")).map(|database| database.groups(name)).unwrap_or_default();
    groups.push(user.gid);
    groups
}

fn named(name: &str, error: &Error) -> Error {
    Error::new(error.kind(), format!("{name}: {error}"))
}
