//! Replaces files so that nobody ever reads half of one.

use std::fs::{OpenOptions, Permissions};
use std::io::{ErrorKind, Result, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

/// Replaces a file at once. A file that is there keeps its owner and mode; a new one gets `mode`. Where the file is mounted
/// by itself and cannot be replaced, it is written in place.
///
/// # Errors
/// It cannot be written.
pub fn replace(path: &Path, contents: &[u8], mode: u32) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    let old = std::fs::metadata(path).ok();
    let mode = old.as_ref().map_or(mode, |old| old.permissions().mode() & 0o7777);
    let written = write_new(&new, contents, mode, old.map(|old| (old.uid(), old.gid())));
    let renamed = written.and_then(|()| std::fs::rename(&new, path));
    if renamed.is_err() {
        drop(std::fs::remove_file(&new));
    }
    match renamed {
        Err(error) if error.kind() == ErrorKind::ResourceBusy => std::fs::write(path, contents),
        result => result,
    }
}

fn write_new(path: &Path, contents: &[u8], mode: u32, owner: Option<(u32, u32)>) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // `create_new` follows no link.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(contents)?;
    if let Some((uid, gid)) = owner {
        fchown(&file, Some(uid), Some(gid))?;
    }
    // Without the process's mask, which may be anything.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_with_its_mode() {
        let path = std::env::temp_dir().join(format!("agent-replace-{}", std::process::id()));
        replace(&path, b"one", 0o640).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        replace(&path, b"two", 0o644).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        std::fs::remove_file(&path).unwrap();
    }
}
