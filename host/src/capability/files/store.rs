//! One folder of files: commit, list, remove, and what it all adds up to.

use super::disk::run;
use super::error::FileError;
use super::id::{FileId, Ids, is_shard};
use super::quota::TenantUsage;
use super::space::Disk;
use super::staged::Committed;
use super::stores::FilesLimits;
use super::uploads::Held;
use super::{folder, sync};
use crate::faults::Faults;
use cap_std::fs::Dir;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The files of one tenant and one service. See the module.
pub struct FileStore {
    pub(super) files: Dir,
    pub(super) staging: Dir,
    pub(super) uploads: Dir,
    pub(super) ids: Ids,
    pub(super) usage: Arc<TenantUsage>,
    pub(super) disk: Disk,
    pub(super) limits: FilesLimits,
    pub(super) faults: Faults,
    pub(super) held: Held,
    /// Names in `staging/` that could not be removed yet.
    pub(super) litter: Mutex<Vec<String>>,
    /// Folders below `files/` that are known to be durable.
    shards: Mutex<HashMap<String, Arc<Dir>>>,
    /// The last file that was there when the store was opened.
    leftover: Option<FileId>,
    /// Files committed by calls that did not end well, and when those ended.
    doubtful: Mutex<BTreeMap<FileId, Instant>>,
}

/// A committed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: FileId,
    /// Bytes.
    pub size: u64,
}

/// See `fogbank:files/files.usage`, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    pub used: u64,
    pub quota: Option<u64>,
    pub available: u64,
}

/// The most entries of one list.
const MAX_LIST: usize = 10_000;
/// Folders of shards that are kept open.
const OPEN_SHARDS: usize = 4;

impl FileStore {
    /// Opens the store in `root`, removes what a crash left in `staging/`, and counts what is there. Blocks.
    pub(super) fn open_in(
        root: &Dir,
        usage: Arc<TenantUsage>,
        disk: Disk,
        limits: FilesLimits,
        faults: Faults,
    ) -> Result<Self, FileError> {
        let (files, _) = folder::ensure(root, "files")?;
        let (staging, _) = folder::ensure(root, "staging")?;
        let (uploads, _) = folder::ensure(root, "uploads")?;
        sync::folder(root)?;
        let (bytes, leftover) = count(&files)?;
        let store = Self {
            ids: Ids::behind(leftover),
            files,
            staging,
            uploads,
            usage,
            disk,
            limits,
            faults,
            held: Held::default(),
            litter: Mutex::default(),
            shards: Mutex::default(),
            leftover,
            doubtful: Mutex::default(),
        };
        folder::names(&store.staging)?.into_iter().for_each(|name| store.remove_staged(name));
        store.usage.add(bytes + store.count_uploads()?);
        Ok(store)
    }

    /// Removes files and frees their bytes. Gives the ids of those that are still there.
    pub async fn remove(self: &Arc<Self>, ids: Vec<String>) -> Result<Vec<String>, FileError> {
        let store = self.clone();
        run(self.limits.sync, move || {
            let failed = |id: &String| FileId::parse(id).is_some_and(|id| store.remove_one(id).is_err());
            Ok(ids.into_iter().filter(failed).collect())
        })
        .await
    }

    /// Files in order of id, behind `after`; with `leftover` only those that were there when the process started, or
    /// that a call committed which did not end well.
    pub async fn list(
        self: &Arc<Self>,
        after: Option<&str>,
        limit: u32,
        leftover: bool,
    ) -> Result<Vec<Entry>, FileError> {
        let after = match after {
            None => None,
            Some(text) => Some(FileId::parse(text).ok_or_else(|| FileError::other("not an id of a file"))?),
        };
        let store = self.clone();
        run(self.limits.sync, move || store.list_blocking(after, MAX_LIST.min(limit as usize), leftover)).await
    }

    /// What the tenant uses, and what the disk has.
    pub async fn space(self: &Arc<Self>) -> Result<Space, FileError> {
        let store = self.clone();
        run(self.limits.disk, move || {
            let available = store.disk.available()?;
            Ok(Space { used: store.usage.used(), quota: store.usage.quota(), available })
        })
        .await
    }

    /// Nobody knows whether the records name `id`: its call did not end well. `list` gives it among the left over,
    /// after a while: a transaction may still be on its way.
    pub fn doubt(&self, id: FileId) {
        self.doubtful.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Instant::now());
    }

    fn doubtful(&self) -> Vec<FileId> {
        let doubtful = self.doubtful.lock().unwrap_or_else(PoisonError::into_inner);
        doubtful.iter().filter(|(_, since)| since.elapsed() >= self.limits.doubt).map(|(id, _)| *id).collect()
    }

    /// Makes `name` in `from` a file, durably. On failure it is not one. Blocks.
    pub(super) fn commit(self: &Arc<Self>, from: &Dir, name: &str) -> Result<Committed, FileError> {
        self.faults.reach_blocking("files.commit.begin").map_err(FileError::Other)?;
        let id = self.ids.next();
        let shard = self.shard(id.shard())?;
        from.rename(name, &shard, id.to_string())?;
        let durable = self
            .faults
            .reach_blocking("files.commit.renamed")
            .map_err(FileError::Other)
            .and_then(|()| Ok(sync::folder(&shard)?))
            .and_then(|()| self.faults.reach_blocking("files.commit.dir_synced").map_err(FileError::Other));
        if let Err(error) = durable {
            if let Err(second) = shard.rename(id.to_string(), from, name) {
                sync::cleanup_failed("an uncommitted file", &id.to_string(), &second);
                self.doubt(id);
            }
            return Err(error);
        }
        Ok(Committed::new(self.clone(), id))
    }

    /// Removes a file that may not be there. Blocks.
    pub(super) fn remove_one(&self, id: FileId) -> io::Result<()> {
        let removed = self.unlink(id);
        match &removed {
            Err(error) => sync::cleanup_failed("a file", &id.to_string(), error),
            Ok(()) => {
                self.doubtful.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
            }
        }
        removed
    }

    fn unlink(&self, id: FileId) -> io::Result<()> {
        let path = id.path();
        let absent = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        let size = match self.files.symlink_metadata(&path) {
            Err(error) if absent(&error) => return Ok(()),
            metadata => metadata?.len(),
        };
        self.faults.reach_blocking("files.remove.begin").map_err(io::Error::other)?;
        match self.files.remove_file(&path) {
            // Somebody else was faster, and has given the bytes back.
            Err(error) if absent(&error) => return Ok(()),
            removed => removed?,
        }
        self.usage.release(size);
        self.faults.reach_blocking("files.remove.unlinked").map_err(io::Error::other)
    }

    /// The folder of a shard. Its name is durable: a process before this one may have made it and died.
    fn shard(&self, name: String) -> Result<Arc<Dir>, FileError> {
        let mut shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shard) = shards.get(&name) {
            return Ok(shard.clone());
        }
        let (shard, _) = folder::ensure(&self.files, &name)?;
        sync::folder(&self.files)?;
        if shards.len() >= OPEN_SHARDS {
            shards.clear();
        }
        Ok(shards.entry(name).or_insert(Arc::new(shard)).clone())
    }

    fn list_blocking(&self, after: Option<FileId>, limit: usize, leftover: bool) -> Result<Vec<Entry>, FileError> {
        let doubtful = self.doubtful();
        let wanted = |id: &FileId| {
            after.is_none_or(|after| *id > after) && (!leftover || Some(*id) <= self.leftover || doubtful.contains(id))
        };
        let first = after.map(FileId::shard);
        let mut entries = Vec::new();
        for shard in shards(&self.files)?.into_iter().filter(|shard| first.as_ref().is_none_or(|first| shard >= first))
        {
            if entries.len() >= limit {
                break;
            }
            let ids = ids(&self.files, &shard)?.into_iter().filter(wanted);
            entries.extend(ids.filter_map(|id| self.entry(id).transpose()).take(limit - entries.len()));
        }
        entries.into_iter().collect()
    }

    /// None where it was removed meanwhile.
    fn entry(&self, id: FileId) -> Result<Option<Entry>, FileError> {
        match self.files.symlink_metadata(id.path()) {
            Ok(metadata) => Ok(Some(Entry { id, size: metadata.len() })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl std::fmt::Debug for FileStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileStore").field("usage", &self.usage).finish_non_exhaustive()
    }
}

/// The folders of `files`, in order.
fn shards(files: &Dir) -> io::Result<Vec<String>> {
    let mut shards = folder::names(files)?;
    shards.retain(|name| is_shard(name));
    shards.sort_unstable();
    Ok(shards)
}

/// The ids in a shard, in order.
fn ids(files: &Dir, shard: &str) -> io::Result<Vec<FileId>> {
    let names = match files.open_dir(shard) {
        Ok(folder) => folder::names(&folder)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let mut ids: Vec<FileId> = names.iter().filter_map(|name| FileId::parse(name)).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// The bytes in all files, and the last id. Removes folders that have become empty.
fn count(files: &Dir) -> io::Result<(u64, Option<FileId>)> {
    let (mut bytes, mut last) = (0, None);
    for shard in shards(files)? {
        let folder = files.open_dir(&shard)?;
        let mut empty = true;
        for entry in folder.entries()? {
            let entry = entry?;
            empty = false;
            let Some(id) = entry.file_name().to_str().and_then(FileId::parse) else { continue };
            bytes += entry.metadata()?.len();
            last = last.max(Some(id));
        }
        if empty {
            files.remove_dir(&shard)?;
        }
    }
    Ok((bytes, last))
}
