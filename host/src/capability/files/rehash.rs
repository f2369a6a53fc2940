//! Hashing what is in a file already.

use super::disk::{charged, run};
use super::error::FileError;
use super::hashing::Hasher;
use super::quota::TenantUsage;
use crate::capability::http::body::read_at;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

/// How much is read in one piece of work, so that each has an end within its limit on any disk.
pub(super) const SLICE: u64 = 64 << 20;
const BUFFER: usize = 1 << 20;

/// `hasher`, brought from where it is to `end` of `file`.
pub(super) async fn hash_to(
    file: &Arc<File>,
    mut hasher: Hasher,
    end: u64,
    usage: &Arc<TenantUsage>,
    limit: Duration,
) -> Result<Hasher, FileError> {
    while hasher.size() < end {
        let (file, usage) = (file.clone(), usage.clone());
        let slice_end = end.min(hasher.size() + SLICE);
        hasher = run(limit, move || charged(&usage, || hash_slice(&file, hasher, slice_end))).await?;
    }
    Ok(hasher)
}

fn hash_slice(file: &File, mut hasher: Hasher, end: u64) -> Result<Hasher, FileError> {
    let mut buffer = Vec::new();
    while hasher.size() < end {
        let length = (end - hasher.size()).min(BUFFER as u64) as usize;
        read_at(file, hasher.size(), length, &mut buffer)?;
        hasher.update(&buffer);
    }
    Ok(hasher)
}
