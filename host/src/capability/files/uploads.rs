//! The durable uploads of a store: making, opening, expiring them.

use super::disk::run;
use super::error::FileError;
use super::hashing::Hasher;
use super::id::FileId;
use super::quota::Reservation;
use super::sink::Sink;
use super::store::FileStore;
use super::upload::{HeldUpload, Upload};
use super::{folder, sync};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::{Mutex as Lock, OwnedMutexGuard};

/// The name of an upload: an id, and how long it lives behind its last append (hexadecimal milliseconds), so that no
/// second file has to say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct UploadId {
    id: FileId,
    ttl_ms: u64,
}

impl UploadId {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (id, ttl) = text.split_at_checked(32)?;
        let parsed = Self { id: FileId::parse(id)?, ttl_ms: u64::from_str_radix(ttl, 16).ok()? };
        // One spelling only.
        (parsed.to_string() == text).then_some(parsed)
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:x}", self.id, self.ttl_ms)
    }
}

/// What the process knows of an upload while nobody holds it.
#[derive(Default)]
pub(super) struct Known {
    /// The digest of its content, or of none of it.
    pub hasher: Option<Hasher>,
    /// Bytes that are durable for sure.
    pub synced: Option<u64>,
}

pub(super) type Hold = OwnedMutexGuard<Known>;

/// Who holds which upload.
#[derive(Default)]
pub(super) struct Held(Mutex<HashMap<UploadId, Arc<Lock<Known>>>>);

impl Held {
    fn lock(&self, id: UploadId) -> Arc<Lock<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default().clone()
    }

    /// The upload is gone.
    pub(super) fn forget(&self, id: UploadId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

impl FileStore {
    /// A new upload, which is removed `ttl_ms` after its last append.
    pub async fn create_upload(self: &Arc<Self>, ttl_ms: u64) -> Result<Upload, FileError> {
        let id = UploadId { id: self.ids.next(), ttl_ms };
        let hold = self.hold(id).await?;
        let store = self.clone();
        run(self.limits.sync, move || {
            folder::create(&store.uploads, &id.to_string())?;
            sync::folder(&store.uploads)?;
            store.open_held(id, hold)
        })
        .await
    }

    /// The upload `id`, for one holder at a time; others wait for a short while.
    pub async fn open_upload(self: &Arc<Self>, id: &str) -> Result<Upload, FileError> {
        let id = UploadId::parse(id).ok_or(FileError::NotFound)?;
        let hold = self.hold(id).await?;
        let store = self.clone();
        run(self.limits.sync, move || store.open_held(id, hold)).await
    }

    /// Removes an upload that nobody holds, and frees its bytes.
    pub async fn remove_upload(self: &Arc<Self>, id: &str) -> Result<(), FileError> {
        let id = UploadId::parse(id).ok_or(FileError::NotFound)?;
        let hold = self.hold(id).await?;
        let store = self.clone();
        run(self.limits.disk, move || Ok(store.remove_held(id, hold)?)).await
    }

    async fn hold(&self, id: UploadId) -> Result<Hold, FileError> {
        let lock = self.held.lock(id).lock_owned();
        tokio::time::timeout(self.limits.upload_wait, lock).await.map_err(|_| FileError::Timeout)
    }

    /// Opens what is held. What a crash left is made durable before its size is told. Blocks.
    fn open_held(self: &Arc<Self>, id: UploadId, mut hold: Hold) -> Result<Upload, FileError> {
        let opened = folder::open_for_writing(&self.uploads, &id.to_string());
        let file = opened.inspect_err(|_| self.held.forget(id))?;
        let length = file.metadata()?.len();
        if hold.synced != Some(length) {
            sync::file(&file)?;
            hold.synced = Some(length);
        }
        let hasher = hold.hasher.take().filter(|hasher| hasher.size() <= length).unwrap_or_else(|| Hasher::new(true));
        let reserved = Reservation::new(self.usage.clone());
        let sink = Sink::new(file, length, hasher, reserved, self.usage.clone(), self.disk.clone());
        Ok(Upload::new(HeldUpload::new(self.clone(), id, hold, sink)))
    }

    fn remove_held(&self, id: UploadId, _hold: Hold) -> io::Result<()> {
        let name = id.to_string();
        let size = self.uploads.symlink_metadata(&name).inspect_err(|_| self.held.forget(id))?.len();
        self.uploads.remove_file(&name)?;
        self.held.forget(id);
        self.usage.release(size);
        Ok(())
    }

    /// The bytes in all uploads.
    pub(super) fn count_uploads(&self) -> io::Result<u64> {
        let mut bytes = 0;
        for entry in self.uploads.entries()? {
            bytes += entry?.metadata()?.len();
        }
        Ok(bytes)
    }

    /// Removes uploads whose time is over and that nobody holds, and tries again what could not be removed before.
    /// Blocks.
    pub(super) fn sweep(&self) -> io::Result<()> {
        let litter = std::mem::take(&mut *self.litter.lock().unwrap_or_else(PoisonError::into_inner));
        litter.into_iter().for_each(|name| self.remove_staged(name));
        for name in folder::names(&self.uploads)? {
            let Some(id) = UploadId::parse(&name) else { continue };
            if self.is_expired(id)
                && let Ok(hold) = self.held.lock(id).try_lock_owned()
                && self.is_expired(id)
                && let Err(error) = self.remove_held(id, hold)
            {
                sync::cleanup_failed("an expired upload", &name, &error);
            }
        }
        Ok(())
    }

    fn is_expired(&self, id: UploadId) -> bool {
        let modified = self.uploads.symlink_metadata(id.to_string()).and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|time| SystemTime::now().duration_since(time.into_std()).ok());
        age.is_some_and(|age| age > Duration::from_millis(id.ttl_ms))
    }
}
