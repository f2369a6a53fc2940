//! The one place that makes bytes durable, and counts it.

use cap_std::fs::Dir;
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};

static FILES: AtomicU64 = AtomicU64::new(0);
static FOLDERS: AtomicU64 = AtomicU64::new(0);
static FAILED_CLEANUPS: AtomicU64 = AtomicU64::new(0);

/// What happened to files since the process started, for the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// `fogbank_fsync_total{kind="file"}`
    pub file_syncs: u64,
    /// `fogbank_fsync_total{kind="folder"}`
    pub folder_syncs: u64,
    /// Files that could not be removed when they should have been.
    pub failed_cleanups: u64,
}

pub fn counts() -> Counts {
    Counts {
        file_syncs: FILES.load(Ordering::Relaxed),
        folder_syncs: FOLDERS.load(Ordering::Relaxed),
        failed_cleanups: FAILED_CLEANUPS.load(Ordering::Relaxed),
    }
}

/// The bytes of `file` and what is needed to find them (its length, not its times).
pub(super) fn file(file: &File) -> io::Result<()> {
    rustix::fs::fdatasync(file)?;
    FILES.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// The names in `folder`.
pub(super) fn folder(folder: &Dir) -> io::Result<()> {
    // cap-std holds folders with O_PATH, which cannot be synced.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::fsync(rustix::fs::openat(folder.as_fd(), ".", flags, Mode::empty())?)?;
    FOLDERS.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Says that a clean-up failed. It never hides the error that led to it.
pub(super) fn cleanup_failed(what: &str, name: &str, error: &io::Error) {
    FAILED_CLEANUPS.fetch_add(1, Ordering::Relaxed);
    tracing::warn!(what, name, %error, "a file could not be removed; it will be tried again");
}
