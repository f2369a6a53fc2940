//! The files of accounts: `passwd`, `group` and `shadow` in `/etc`, edited as text, since small images have no `useradd`.
//! passwd(5), group(5), shadow(5).

use super::replacement::replace;
use crate::clock;
use rustix::fs::FlockOperation;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Result};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// First number that is given to people, and the first that is not (those above belong to dynamic users and `nobody`).
const FIRST: u32 = 1000;
const LAST: u32 = 60_000;
/// How often a lock is tried that a `useradd` holds.
const TRIES: u32 = 150;

/// An account as `passwd` has it.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
    pub home: PathBuf,
    /// Empty means `/bin/sh`.
    pub shell: PathBuf,
}

/// The three texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Database {
    passwd: String,
    group: String,
    /// `None` where an image has none: passwords are in `passwd` then.
    shadow: Option<String>,
}

/// The files, locked against `useradd` and its kin.
pub struct Locked {
    etc: PathBuf,
    _lock: File,
}

impl Database {
    /// Takes the lock that lckpwdf(3) takes.
    ///
    /// # Errors
    /// Another process holds it for 15 seconds, or `/etc` cannot be written.
    pub fn lock(root: &Path) -> Result<Locked> {
        let etc = root.join("etc");
        std::fs::create_dir_all(&etc)?;
        let lock =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(etc.join(".pwd.lock"))?;
        for _ in 0..TRIES {
            match rustix::fs::fcntl_lock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Locked { etc, _lock: lock }),
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) => {
                    std::thread::sleep(Duration::from_millis(100))
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(std::io::Error::new(ErrorKind::WouldBlock, "the files of accounts are locked by another process"))
    }

    /// The files as they are, to ask them.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn read(etc: &Path) -> Result<Database> {
        Ok(Database {
            passwd: read(&etc.join("passwd"))?.unwrap_or_default(),
            group: read(&etc.join("group"))?.unwrap_or_default(),
            shadow: read(&etc.join("shadow"))?,
        })
    }

    /// Numbers of the groups that a user is a member of, beside the user's own.
    pub fn groups(&self, user: &str) -> Vec<u32> {
        let number = |line: &str| {
            let fields: Vec<&str> = line.split(':').collect();
            let [_, _, number, members] = fields.as_slice() else { return None };
            members.split(',').any(|member| member == user).then(|| number.parse().ok())?
        };
        self.group.lines().filter_map(number).collect()
    }

    /// An account by its name.
    pub fn user(&self, name: &str) -> Option<User> {
        let fields = find(&self.passwd, name)?;
        let [_, _, uid, gid, _, home, shell] = fields.as_slice() else { return None };
        Some(User { uid: uid.parse().ok()?, gid: gid.parse().ok()?, home: home.into(), shell: shell.into() })
    }

    /// The name of the account with a number.
    pub fn name_of(&self, uid: u32) -> Option<String> {
        let mut names = self.passwd.lines().filter_map(|line| line.split(':').next());
        names.find(|name| self.user(name).is_some_and(|user| user.uid == uid)).map(str::to_owned)
    }

    /// Whether a user is a member of a group, which is not the user's own.
    pub fn is_member(&self, user: &str, group: &str) -> bool {
        let fields = find(&self.group, group).unwrap_or_default();
        fields.get(3).is_some_and(|members| members.split(',').any(|member| member == user))
    }

    /// Adds an account that has no password (but may log in with a key), with a group of its own.
    pub fn add_user(&mut self, name: &str, shell: &str) -> User {
        let id = self.free_id();
        let gid = match find(&self.group, name).and_then(|fields| fields.get(2)?.parse().ok()) {
            Some(gid) => gid,
            None => {
                push(&mut self.group, &format!("{name}:x:{id}:"));
                id
            }
        };
        let home = format!("/home/{name}");
        // A star is a password that nothing matches; an exclamation mark would lock the account for sshd.
        let password = if self.shadow.is_some() { "x" } else { "*" };
        push(&mut self.passwd, &format!("{name}:{password}:{id}:{gid}::{home}:{shell}"));
        if let Some(shadow) = self.shadow.as_mut().filter(|shadow| find(shadow, name).is_none()) {
            push(shadow, &format!("{name}:*:{}:0:99999:7:::", clock::now() / 86_400));
        }
        User { uid: id, gid, home: home.into(), shell: shell.into() }
    }

    /// A number that is neither a user's nor a group's, above those in use as useradd(8) does.
    fn free_id(&self) -> u32 {
        let ids = || {
            let lines = self.passwd.lines().chain(self.group.lines());
            lines.filter_map(|line| line.split(':').nth(2)?.parse::<u32>().ok())
        };
        let highest = ids().filter(|id| (FIRST..LAST).contains(id)).max();
        match highest {
            None => FIRST,
            Some(highest) if highest + 1 < LAST => highest + 1,
            Some(_) => (FIRST..LAST).find(|id| ids().all(|other| other != *id)).unwrap_or(LAST),
        }
    }

    /// Makes a group if there is none of that name.
    pub fn add_group(&mut self, name: &str) {
        if find(&self.group, name).is_none() {
            // System groups count downwards from 999.
            let taken = |id: u32| self.group.lines().any(|line| line.split(':').nth(2) == Some(&id.to_string()));
            let id = (100..FIRST).rev().find(|id| !taken(*id)).unwrap_or_else(|| self.free_id());
            push(&mut self.group, &format!("{name}:x:{id}:"));
        }
    }

    /// Makes a user a member of a group, if there is such a group.
    pub fn join(&mut self, user: &str, group: &str) {
        self.edit_members(group, |members| {
            if !members.iter().any(|member| member == user) {
                members.push(user.to_owned());
            }
        });
    }

    /// Ends a membership.
    pub fn leave(&mut self, user: &str, group: &str) {
        self.edit_members(group, |members| members.retain(|member| member != user));
    }

    fn edit_members(&mut self, group: &str, edit: impl Fn(&mut Vec<String>)) {
        let prefix = format!("{group}:");
        let lines =
            self.group.lines().map(|line| match line.strip_prefix(&prefix).and_then(|rest| rest.rsplit_once(':')) {
                Some((middle, members)) => {
                    let members = members.split(',').filter(|member| !member.is_empty());
                    let mut members: Vec<String> = members.map(str::to_owned).collect();
                    edit(&mut members);
                    format!("{group}:{middle}:{}\n", members.join(","))
                }
                None => format!("{line}\n"),
            });
        self.group = lines.collect();
    }
}

impl Locked {
    /// Reads the files, changes them, and writes those that are different.
    ///
    /// # Errors
    /// They cannot be written. Each file is either as before or as it shall be.
    pub fn edit<T>(&self, edit: impl FnOnce(&mut Database) -> T) -> Result<T> {
        let before = Database::read(&self.etc)?;
        let mut after = before.clone();
        let answer = edit(&mut after);
        // The account appears last, when all that belongs to it is there.
        if let Some(shadow) = after.shadow.as_ref().filter(|_| after.shadow != before.shadow) {
            replace(&self.etc.join("shadow"), shadow.as_bytes(), 0o640)?;
        }
        for (name, old, new) in [("group", &before.group, &after.group), ("passwd", &before.passwd, &after.passwd)] {
            if old != new {
                replace(&self.etc.join(name), new.as_bytes(), 0o644)?;
            }
        }
        Ok(answer)
    }
}

fn read(path: &Path) -> Result<Option<String>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The fields of the line that begins with a name.
fn find<'a>(text: &'a str, name: &str) -> Option<Vec<&'a str>> {
    text.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name)
}

fn push(text: &mut String, line: &str) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    *text += line;
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn debian() -> Database {
        Database {
            passwd: "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n".into(),
            group: "root:x:0:\nadm:x:4:syslog\nssh:x:999:\nnogroup:x:65534:".into(),
            shadow: Some("root:*:19000:0:99999:7:::\n".into()),
        }
    }

    #[test]
    fn an_account_is_added_to_all_three_files() {
        let mut database = debian();
        database.add_group("google-sudoers");
        let user = database.add_user("ann", "/bin/bash");
        database.join("ann", "google-sudoers");
        database.join("ann", "adm");
        database.join("ann", "nowhere");
        assert_eq!(user, User { uid: 1000, gid: 1000, home: "/home/ann".into(), shell: "/bin/bash".into() });
        assert_eq!(database.user("ann"), Some(user));
        assert!(database.passwd.ends_with("\nann:x:1000:1000::/home/ann:/bin/bash\n"));
        let group =
            "root:x:0:\nadm:x:4:syslog,ann\nssh:x:999:\nnogroup:x:65534:\ngoogle-sudoers:x:998:ann\nann:x:1000:\n";
        assert_eq!(database.group, group);
        assert!(database.shadow.unwrap().contains("\nann:*:"));
    }

    #[test]
    fn numbers_go_on_after_the_highest() {
        let mut database = debian();
        database.passwd += "bob:x:1005:1005::/home/bob:/bin/sh\n";
        database.group += "\nstaff:x:1007:\n";
        assert_eq!(database.add_user("ann", "/bin/sh").uid, 1008);
        assert_eq!(database.add_user("eve", "/bin/sh").uid, 1009);
    }

    #[test]
    fn an_image_without_any_files_gets_them() {
        let mut database = Database::default();
        database.add_group("google-sudoers");
        database.add_user("ann", "/bin/sh");
        assert_eq!(database.passwd, "ann:*:1000:1000::/home/ann:/bin/sh\n");
        assert_eq!(database.group, "google-sudoers:x:999:\nann:x:1000:\n");
        assert_eq!(database.shadow, None);
    }

    #[test]
    fn a_group_is_left_and_joined_once() {
        let mut database = debian();
        database.join("ann", "adm");
        database.join("ann", "adm");
        assert!(database.group.contains("adm:x:4:syslog,ann\n"));
        database.leave("ann", "adm");
        assert!(database.group.contains("adm:x:4:syslog\n"));
        database.leave("ann", "adm");
        database.leave("syslog", "adm");
        assert!(database.group.contains("adm:x:4:\n"));
    }

    #[test]
    fn groups_are_found_by_their_members() {
        let mut database = debian();
        database.add_user("ann", "/bin/sh");
        database.join("ann", "adm");
        database.join("ann", "ssh");
        assert_eq!(database.groups("ann"), [4, 999]);
        assert!(database.groups("an").is_empty());
    }

    #[test]
    fn a_group_that_has_the_name_already_is_used() {
        let mut database = debian();
        database.group += "\nann:x:300:\n";
        assert_eq!(database.add_user("ann", "/bin/sh").gid, 300);
    }
}
