//! Room on the disk, and the part of it that is never given out.

use super::error::FileError;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// A disk and its reserve. Shared by all tenants.
#[derive(Clone)]
pub struct Disk {
    reserve: u64,
    free: Arc<dyn Fn() -> io::Result<u64> + Send + Sync>,
}

impl Disk {
    /// The disk that `folder` is on, of which `reserve` bytes stay free.
    pub fn of(folder: File, reserve: u64) -> Self {
        Self::with(reserve, move || {
            let stat = rustix::fs::fstatvfs(&folder)?;
            Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
        })
    }

    /// A disk whose free bytes `free` knows.
    pub fn with(reserve: u64, free: impl Fn() -> io::Result<u64> + Send + Sync + 'static) -> Self {
        Self { reserve, free: Arc::new(free) }
    }

    /// Bytes free above the reserve.
    pub fn available(&self) -> io::Result<u64> {
        Ok((self.free)()?.saturating_sub(self.reserve))
    }

    /// Whether `bytes` more fit.
    pub(super) fn check(&self, bytes: u64) -> Result<(), FileError> {
        if self.available()? < bytes.max(1) { Err(FileError::NoSpace) } else { Ok(()) }
    }
}
