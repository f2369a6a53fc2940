//! A new account's home directory, with what `/etc/skel` holds.

use super::database::User;
use std::fs::{DirBuilder, Permissions};
use std::io::{ErrorKind, Result};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, lchown};
use std::path::Path;

/// Makes the home directory of a user. One that is there already is left as it is, as useradd(8) does.
///
/// # Errors
/// It cannot be made.
pub fn make(root: &Path, user: &User) -> Result<()> {
    let home = within(root, &user.home);
    if let Some(parent) = home.parent() {
        DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(&home) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(error),
    }
    copy(&root.join("etc/skel"), &home, user)?;
    lchown(&home, Some(user.uid), Some(user.gid))?;
    std::fs::set_permissions(&home, Permissions::from_mode(0o755))
}

/// A path of the machine below a root directory.
pub fn within(root: &Path, path: &Path) -> std::path::PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// Copies what is in a directory and makes it the user's. No directory: nothing to copy.
fn copy(from: &Path, to: &Path, user: &User) -> Result<()> {
    let entries = match std::fs::read_dir(from) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let (source, target, kind) = (entry.path(), to.join(entry.file_name()), entry.file_type()?);
        if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(&source)?, &target)?;
        } else if kind.is_dir() {
            std::fs::create_dir(&target)?;
            std::fs::set_permissions(&target, std::fs::metadata(&source)?.permissions())?;
            copy(&source, &target, user)?;
        } else if kind.is_file() {
            std::fs::copy(&source, &target)?;
        } else {
            continue;
        }
        lchown(&target, Some(user.uid), Some(user.gid))?;
    }
    Ok(())
}
