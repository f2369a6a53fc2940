//! The agent's keys in `~/.ssh/authorized_keys`. Each stands below a line of comment, as Google's agent writes them, so that
//! the user's own keys can be told apart and stay.

use super::database::User;
use super::home::within;
use super::replacement::replace;
use std::fs::{DirBuilder, Permissions};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, lchown};
use std::path::Path;

const MARK: &str = "# Added by Google";

/// Makes `keys` the agent's keys of a user. True if the file changed.
///
/// # Errors
/// The file cannot be written, or somebody put a link in its way.
pub fn write(root: &Path, user: &User, keys: &[String]) -> Result<bool> {
    let directory = within(root, &user.home).join(".ssh");
    let path = directory.join("authorized_keys");
    let old = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        result => result?,
    };
    let new = edit(&old, keys);
    if new == old {
        return Ok(false);
    }
    make_directory(&directory, user)?;
    replace(&path, new.as_bytes(), 0o600)?;
    lchown(&path, Some(user.uid), Some(user.gid))?;
    Ok(true)
}

/// The directory belongs to the user, who could make it a link to elsewhere: the agent does not follow that.
fn make_directory(directory: &Path, user: &User) -> Result<()> {
    match std::fs::symlink_metadata(directory) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(Error::new(ErrorKind::NotADirectory, format!("{} is no directory", directory.display()))),
        Err(_) => {
            DirBuilder::new().mode(0o700).create(directory)?;
            std::fs::set_permissions(directory, Permissions::from_mode(0o700))?;
            lchown(directory, Some(user.uid), Some(user.gid))
        }
    }
}

/// The text of the file with other keys of the agent's.
fn edit(text: &str, keys: &[String]) -> String {
    let mut lines: Vec<&str> = Vec::new();
    let mut old = text.lines();
    while let Some(line) = old.next() {
        if line == MARK {
            old.next();
        } else {
            lines.push(line);
        }
    }
    for key in keys {
        lines.extend([MARK, key]);
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_keys_are_replaced_and_the_users_stay() {
        let before = "ssh-rsa MINE me@home\n# Added by Google\nssh-rsa OLD\n# mine too\nssh-rsa ALSO";
        let after = edit(before, &["ssh-rsa NEW".to_owned()]);
        assert_eq!(after, "ssh-rsa MINE me@home\n# mine too\nssh-rsa ALSO\n# Added by Google\nssh-rsa NEW\n");
        assert_eq!(edit(&after, &[]), "ssh-rsa MINE me@home\n# mine too\nssh-rsa ALSO\n");
        assert_eq!(edit("", &[]), "");
    }
}
