//! Copies what a file has beside its contents: owner, mode, extended attributes, times.

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, XattrFlags};
use rustix::io::Errno;
use std::fs::{Metadata, Permissions};
use std::io::Result;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::Path;

/// Copies the attributes of a file of any kind.
///
/// # Errors
/// Any cannot be set, but for extended attributes that the target's file system or this container's rights do not allow.
pub fn copy(from: &Path, to: &Path, metadata: &Metadata) -> Result<()> {
    lchown(to, Some(metadata.uid()), Some(metadata.gid()))?;
    // After the owner, since a change of owner takes away set-user-id.
    if !metadata.is_symlink() {
        std::fs::set_permissions(to, Permissions::from_mode(metadata.mode() & 0o7777))?;
    }
    extended(from, to)?;
    let times = Timestamps {
        last_access: Timespec { tv_sec: metadata.atime(), tv_nsec: metadata.atime_nsec() },
        last_modification: Timespec { tv_sec: metadata.mtime(), tv_nsec: metadata.mtime_nsec() },
    };
    rustix::fs::utimensat(CWD, to, &times, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(())
}

fn extended(from: &Path, to: &Path) -> Result<()> {
    // The kernel's limits: 64 KiB for the names, and for each value.
    let mut names = vec![0; 1 << 16];
    let length = match rustix::fs::llistxattr(from, &mut names[..]) {
        Ok(0) | Err(Errno::NOTSUP | Errno::NOENT) => return Ok(()),
        result => result?,
    };
    let mut value = vec![0; 1 << 16];
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let set = rustix::fs::lgetxattr(from, name, &mut value[..])
            .and_then(|length| rustix::fs::lsetxattr(to, name, &value[..length], XattrFlags::empty()));
        match set {
            Ok(()) | Err(Errno::NOTSUP | Errno::PERM | Errno::ACCESS | Errno::NODATA) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
