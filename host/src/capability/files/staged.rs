//! Bytes that are on the disk and not yet a file.

use super::disk::{detach, run};
use super::error::FileError;
use super::hashing::Digest;
use super::id::FileId;
use super::open::read_part;
use super::quota::Reservation;
use super::store::FileStore;
use super::sync;
use super::upload::Finished;
use bytes::Bytes;
use cap_std::fs::Dir;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// See `fogbank:files/files.staged`. Dropped without [`Staged::commit`], the bytes are removed; those of an upload
/// stay with it.
#[derive(Debug)]
pub struct Staged {
    digest: Digest,
    file: Arc<File>,
    store: Arc<FileStore>,
    /// Absent once committed.
    origin: Option<Origin>,
}

#[derive(Debug)]
enum Origin {
    New { name: StagedName, reserved: Reservation },
    Upload(Finished),
}

impl Staged {
    pub(super) fn new(digest: Digest, file: Arc<File>, name: StagedName, reserved: Reservation) -> Self {
        let store = name.store.clone();
        Self { digest, file, store, origin: Some(Origin::New { name, reserved }) }
    }

    pub(super) fn of_upload(digest: Digest, file: Arc<File>, store: Arc<FileStore>, upload: Finished) -> Self {
        Self { digest, file, store, origin: Some(Origin::Upload(upload)) }
    }

    pub fn digest(&self) -> Digest {
        self.digest
    }

    pub(super) fn store(&self) -> &Arc<FileStore> {
        &self.store
    }

    /// Up to `max` bytes (at most 1 MiB) from `offset`.
    pub async fn read(&self, offset: u64, max: u32) -> Result<Bytes, FileError> {
        read_part(&self.file, self.digest.size, offset, max, self.store.limits.disk).await
    }

    /// Makes it a file, durable together with its folder, and gives its id.
    pub async fn commit(&mut self) -> Result<FileId, FileError> {
        let origin = self.origin.take().ok_or_else(|| FileError::other("these bytes were committed before"))?;
        let (store, size) = (self.store.clone(), self.digest.size);
        let committed = run(store.limits.sync, move || origin.commit(size)).await?;
        Ok(committed.keep())
    }
}

impl Origin {
    fn commit(mut self, size: u64) -> Result<Committed, FileError> {
        match &mut self {
            Origin::New { name, reserved } => {
                let committed = name.store.commit(&name.store.staging, &name.name)?;
                name.made = false;
                reserved.settle(size);
                Ok(committed)
            }
            Origin::Upload(upload) => upload.commit(),
        }
    }
}

/// A file that was just committed. Removed again where nobody is there to hear of it.
pub(super) struct Committed {
    store: Arc<FileStore>,
    id: FileId,
    kept: bool,
}

impl Committed {
    pub(super) fn new(store: Arc<FileStore>, id: FileId) -> Self {
        Self { store, id, kept: false }
    }

    fn keep(mut self) -> FileId {
        self.kept = true;
        self.id
    }
}

impl Drop for Committed {
    fn drop(&mut self) {
        if !self.kept {
            let (store, id) = (self.store.clone(), self.id);
            detach(move || drop(store.remove_one(id)));
        }
    }
}

/// A name in `staging/`; what it names is removed when this is dropped.
#[derive(Debug)]
pub(super) struct StagedName {
    store: Arc<FileStore>,
    name: String,
    made: bool,
}

impl StagedName {
    pub(super) fn new(store: Arc<FileStore>) -> Self {
        let name = store.ids.next().to_string();
        Self { store, name, made: false }
    }

    /// Another name for a committed file.
    pub(super) fn link(store: Arc<FileStore>, id: &str) -> Result<Self, FileError> {
        let from = FileId::parse(id).ok_or(FileError::NotFound)?.path();
        let mut new = Self::new(store);
        new.store.files.hard_link(from, &new.store.staging, &new.name)?;
        new.made = true;
        Ok(new)
    }

    pub(super) fn create(&mut self, create: impl FnOnce(&Dir, &str) -> io::Result<File>) -> io::Result<File> {
        let file = create(&self.store.staging, &self.name)?;
        self.made = true;
        Ok(file)
    }

    /// Removes what it names, here and now.
    pub(super) fn remove(mut self) {
        if std::mem::take(&mut self.made) {
            self.store.remove_staged(std::mem::take(&mut self.name));
        }
    }

    pub(super) fn store(&self) -> &Arc<FileStore> {
        &self.store
    }
}

impl Drop for StagedName {
    fn drop(&mut self) {
        if self.made {
            let (store, name) = (self.store.clone(), std::mem::take(&mut self.name));
            detach(move || store.remove_staged(name));
        }
    }
}

impl FileStore {
    /// Removes a name in `staging/`; what fails is tried again by the next sweep.
    pub(super) fn remove_staged(&self, name: String) {
        match self.staging.remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                sync::cleanup_failed("staged bytes", &name, &error);
                self.litter.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(name);
            }
            _ => {}
        }
    }
}
