//! From sources to staged bytes.

use super::disk::run;
use super::error::FileError;
use super::hashing::Hasher;
use super::pump::{Pump, Target};
use super::quota::Reservation;
use super::rehash::hash_to;
use super::sink::Sink;
use super::staged::{Staged, StagedName};
use super::store::FileStore;
use super::{folder, open};
use crate::capability::http::{Body, BodyError};
use bytes::Bytes;
use std::fs::File;
use std::sync::Arc;
use tokio::time::timeout;

/// Where bytes come from.
#[derive(Debug)]
pub enum Source {
    Bytes(Bytes),
    /// The rest of a body.
    Body(Body),
    /// A range of a committed file; to its end where there is no length.
    File {
        id: String,
        offset: u64,
        length: Option<u64>,
    },
}

/// See `fogbank:files/files.stage-options`.
#[derive(Clone, Copy, Debug, Default)]
pub struct StageOptions {
    pub max_size: Option<u64>,
    pub exact_size: Option<u64>,
    pub md5: bool,
}

/// A source whose file is open.
pub(super) enum Opened {
    Bytes(Bytes),
    Body(Body),
    File { id: String, file: Arc<File>, offset: u64, length: u64, whole: bool },
}

impl Opened {
    pub(super) fn length(&mut self) -> Option<u64> {
        match self {
            Opened::Bytes(bytes) => Some(bytes.len() as u64),
            Opened::Body(body) => body.length(),
            Opened::File { length, .. } => Some(*length),
        }
    }
}

impl FileStore {
    /// Writes the sources, one behind the other, hashes them and makes them durable. On failure nothing is left.
    pub async fn stage(self: &Arc<Self>, sources: Vec<Source>, options: StageOptions) -> Result<Staged, FileError> {
        let limit = [options.max_size, options.exact_size].into_iter().flatten().fold(self.limits.max_size, u64::min);
        let mut opened = Vec::with_capacity(sources.len());
        for source in sources {
            opened.push(self.open_source(source).await?);
        }
        let declared = total(&mut opened);
        check_declared(declared, limit, options.exact_size)?;
        let staged = match &*opened {
            [Opened::File { id, file, length, whole: true, .. }] => {
                self.link(id, file.clone(), *length, options.md5).await?
            }
            _ => self.write(opened, declared.or(options.exact_size), limit, options.md5).await?,
        };
        match options.exact_size {
            Some(exact) if staged.digest().size < exact => Err(BodyError::Incomplete.into()),
            _ => Ok(staged),
        }
    }

    pub(super) async fn open_source(self: &Arc<Self>, source: Source) -> Result<Opened, FileError> {
        let (id, offset, length) = match source {
            Source::Bytes(bytes) => return Ok(Opened::Bytes(bytes)),
            Source::Body(body) => return Ok(Opened::Body(body)),
            Source::File { id, offset, length } => (id, offset, length),
        };
        let store = self.clone();
        let name = id.clone();
        let (file, size) = run(self.limits.disk, move || open::open(&store, &name)).await?;
        let left = size.saturating_sub(offset);
        let length = length.unwrap_or(left);
        if length > left {
            return Err(BodyError::Incomplete.into());
        }
        Ok(Opened::File { id, file: Arc::new(file), offset, length, whole: length == size })
    }

    async fn write(
        self: &Arc<Self>,
        sources: Vec<Opened>,
        declared: Option<u64>,
        limit: u64,
        md5: bool,
    ) -> Result<Staged, FileError> {
        let new = NewFile::new(self.clone(), declared.unwrap_or(0), md5)?;
        let mut pump = Pump::new(Box::new(new), self.limits);
        if let Err(error) = feed(&mut pump, sources, limit).await {
            pump.discard().await;
            return Err(error);
        }
        let (new, outcome) = pump.finish().await;
        let new = new.ok_or(FileError::Timeout)?;
        if let Err(error) = outcome {
            Pump::new(new, self.limits).discard().await;
            return Err(error);
        }
        new.into_staged()
    }

    /// A second name for a whole file. Its content is read and hashed, not copied.
    async fn link(self: &Arc<Self>, id: &str, file: Arc<File>, size: u64, md5: bool) -> Result<Staged, FileError> {
        let mut reserved = Reservation::new(self.usage.clone());
        reserved.ensure(size, 0).map_err(|quota| FileError::Quota(quota.0))?;
        let (store, id) = (self.clone(), id.to_owned());
        let name = run(self.limits.disk, move || StagedName::link(store, &id)).await?;
        let hasher = hash_to(&file, Hasher::new(md5), size, &self.usage, self.limits.disk).await?;
        Ok(Staged::new(hasher.digest(md5), file, name, reserved))
    }
}

fn total(sources: &mut [Opened]) -> Option<u64> {
    sources.iter_mut().try_fold(0u64, |sum, source| sum.checked_add(source.length()?))
}

fn check_declared(declared: Option<u64>, limit: u64, exact: Option<u64>) -> Result<(), FileError> {
    match declared {
        Some(size) if size > limit => Err(FileError::TooLarge(limit)),
        Some(size) if exact.is_some_and(|exact| size < exact) => Err(BodyError::Incomplete.into()),
        _ => Ok(()),
    }
}

/// Pumps the sources' bytes, at most `limit` of them: what is behind that is left out, and the error says so.
pub(super) async fn feed<T: Target>(pump: &mut Pump<T>, sources: Vec<Opened>, limit: u64) -> Result<(), FileError> {
    let mut room = limit;
    for source in sources {
        match source {
            Opened::Bytes(bytes) => feed_chunk(pump, bytes, &mut room).await,
            Opened::Body(mut body) => feed_body(pump, &mut body, &mut room).await,
            Opened::File { file, offset, length, .. } => {
                let size = length.min(room);
                room -= size;
                pump.copy(file, offset, size).await?;
                if size < length { Err(FileError::TooLarge(0)) } else { Ok(()) }
            }
        }
        .map_err(|error| if matches!(error, FileError::TooLarge(_)) { FileError::TooLarge(limit) } else { error })?;
    }
    Ok(())
}

async fn feed_body<T: Target>(pump: &mut Pump<T>, body: &mut Body, room: &mut u64) -> Result<(), FileError> {
    loop {
        let chunk = timeout(pump.limits.source, body.chunk()).await.map_err(|_| BodyError::Timeout)?;
        let Some(chunk) = chunk? else { return Ok(()) };
        feed_chunk(pump, chunk, room).await?;
    }
}

async fn feed_chunk<T: Target>(pump: &mut Pump<T>, mut chunk: Bytes, room: &mut u64) -> Result<(), FileError> {
    let size = chunk.len() as u64;
    if size > *room {
        chunk.truncate(*room as usize);
        *room = 0;
        pump.push(chunk).await?;
        return Err(FileError::TooLarge(0));
    }
    *room -= size;
    pump.push(chunk).await
}

/// A file in `staging/` while it is written. It is made when its first bytes are there.
struct NewFile {
    name: StagedName,
    sink: Option<Sink>,
    reserved: Option<Reservation>,
    declared: u64,
    md5: bool,
}

impl NewFile {
    /// Refuses at once what the quota does not allow.
    fn new(store: Arc<FileStore>, declared: u64, md5: bool) -> Result<Self, FileError> {
        let mut reserved = Reservation::new(store.usage.clone());
        reserved.ensure(declared, 0).map_err(|quota| FileError::Quota(quota.0))?;
        Ok(Self { name: StagedName::new(store), sink: None, reserved: Some(reserved), declared, md5 })
    }

    fn into_staged(self) -> Result<Staged, FileError> {
        let Self { name, sink, md5, .. } = self;
        let sink = sink.ok_or_else(|| FileError::other("staged bytes without a file"))?;
        Ok(Staged::new(sink.hasher.digest(md5), sink.file.clone(), name, sink.into_reservation()))
    }
}

impl Target for NewFile {
    fn sink(&mut self) -> Result<&mut Sink, FileError> {
        if let Some(reserved) = self.reserved.take() {
            let store = self.name.store().clone();
            store.disk.check(self.declared)?;
            let file = self.name.create(folder::create)?;
            let hasher = Hasher::new(self.md5);
            self.sink = Some(Sink::new(file, 0, hasher, reserved, store.usage.clone(), store.disk.clone()));
        }
        self.sink.as_mut().ok_or_else(|| FileError::other("the file could not be made"))
    }

    fn complete(&mut self) -> Result<(), FileError> {
        let faults = self.name.store().faults.clone();
        let sink = self.sink()?;
        faults.reach_blocking("files.stage.written").map_err(FileError::Other)?;
        sink.sync()?;
        faults.reach_blocking("files.stage.synced").map_err(FileError::Other)
    }

    fn abandon(self: Box<Self>, _: Vec<Bytes>) {
        self.name.remove();
    }
}
