//! An upload that survives cut connections and restarts, as one holder has it.

use super::disk::run;
use super::error::FileError;
use super::pump::{Pump, Target};
use super::rehash::hash_to;
use super::sink::Sink;
use super::stage::{Opened, Source, feed};
use super::staged::{Committed, Staged};
use super::store::FileStore;
use super::uploads::{Hold, UploadId};
use bytes::Bytes;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// See `fogbank:files/files.upload`. Others can open it when this and the [`Staged`] made from it are dropped.
#[derive(Debug)]
pub struct Upload {
    id: String,
    size: u64,
    place: Place,
}

/// Where a held upload is while nothing is done with it; staged bytes take it from here, and bring it back.
type Place = Arc<Mutex<Presence>>;

#[derive(Debug)]
enum Presence {
    Here(Box<HeldUpload>),
    /// An append runs, or its bytes are staged.
    Away,
    Committed,
}

impl Upload {
    pub(super) fn new(held: HeldUpload) -> Self {
        let (id, size) = (held.id.to_string(), held.sink.length());
        Self { id, size, place: Arc::new(Mutex::new(Presence::Here(Box::new(held)))) }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// Bytes that are durable.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends `source` at `offset`, which has to be the present size; gives the new one. What arrived of a source
    /// that fails is kept, and what is beyond `max_size` bytes in the whole upload is cut off.
    pub async fn append(&mut self, offset: u64, source: Source, max_size: Option<u64>) -> Result<u64, FileError> {
        if offset != self.size {
            return Err(FileError::WrongOffset(self.size));
        }
        let held = self.take()?;
        let (store, place) = (held.store.clone(), self.place.clone());
        let limit = max_size.map_or(store.limits.max_size, |max| max.min(store.limits.max_size));
        let (held, outcome) = append(held, source, limit).await;
        if let Some(held) = held {
            self.size = held.sink.length();
            put_back(&place, held);
        }
        outcome.map(|()| self.size)
    }

    /// Cuts back to `size` bytes, which may not be more than there are.
    pub async fn truncate(&mut self, size: u64) -> Result<(), FileError> {
        if size > self.size {
            return Err(FileError::WrongOffset(self.size));
        }
        let mut held = self.take()?;
        let limit = held.store.limits.sync;
        let (held, outcome) = run(limit, move || {
            let outcome = held.sink.truncate(size);
            held.hold.synced = Some(held.sink.length());
            Ok((held, outcome))
        })
        .await?;
        self.size = held.sink.length();
        put_back(&self.place, held);
        outcome
    }

    /// The whole upload as staged bytes. It is gone when they are committed, and goes on when they are dropped.
    pub async fn finish(&mut self, md5: bool) -> Result<Staged, FileError> {
        let finished = Finished { held: Some(self.take()?), place: self.place.clone() };
        finished.into_staged(md5).await
    }

    fn take(&self) -> Result<Box<HeldUpload>, FileError> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *place, Presence::Away) {
            Presence::Here(held) => Ok(held),
            Presence::Away => Err(FileError::other("the upload is staged")),
            Presence::Committed => {
                *place = Presence::Committed;
                Err(FileError::NotFound)
            }
        }
    }
}

fn put_back(place: &Place, held: Box<HeldUpload>) {
    *place.lock().unwrap_or_else(PoisonError::into_inner) = Presence::Here(held);
}

async fn append(
    mut held: Box<HeldUpload>,
    source: Source,
    limit: u64,
) -> (Option<Box<HeldUpload>>, Result<(), FileError>) {
    let store = held.store.clone();
    let Some(room) = limit.checked_sub(held.sink.length()) else {
        return (Some(held), Err(FileError::TooLarge(limit)));
    };
    let source = match store.open_source(source).await.and_then(|source| held.expect(source, room)) {
        Ok(source) => source,
        Err(error) => return (Some(held), Err(error)),
    };
    let mut pump = Pump::new(held, store.limits);
    let fed = feed(&mut pump, vec![source], room).await.map_err(|error| match error {
        FileError::TooLarge(_) => FileError::TooLarge(limit),
        error => error,
    });
    let (held, finished) = pump.finish().await;
    (held, fed.and(finished))
}

/// An upload that is held: nobody else can open it until this is dropped.
pub(super) struct HeldUpload {
    store: Arc<FileStore>,
    id: UploadId,
    hold: Hold,
    sink: Sink,
}

impl HeldUpload {
    pub(super) fn new(store: Arc<FileStore>, id: UploadId, hold: Hold, sink: Sink) -> Self {
        Self { store, id, hold, sink }
    }

    /// Refuses a source of known length at once where it does not fit.
    fn expect(&mut self, mut source: Opened, room: u64) -> Result<Opened, FileError> {
        self.sink.expect(source.length().unwrap_or(0).min(room))?;
        Ok(source)
    }

    fn sync(&mut self) -> Result<(), FileError> {
        self.store.faults.reach_blocking("files.upload.written").map_err(FileError::Other)?;
        self.sink.sync()?;
        self.hold.synced = Some(self.sink.length());
        self.store.faults.reach_blocking("files.upload.synced").map_err(FileError::Other)
    }
}

impl Target for HeldUpload {
    fn sink(&mut self) -> Result<&mut Sink, FileError> {
        Ok(&mut self.sink)
    }

    fn complete(&mut self) -> Result<(), FileError> {
        self.sink.settle();
        let synced = self.sync();
        let durable = self.hold.synced.unwrap_or(0);
        if durable < self.sink.length()
            && let Err(error) = self.sink.truncate(durable)
        {
            tracing::warn!(id = %self.id, %error, "an upload could not be cut back to what is durable");
        }
        synced
    }

    fn abandon(mut self: Box<Self>, pending: Vec<Bytes>) {
        let written = self.sink.write(&pending);
        if let Err(error) = self.complete().and(written) {
            tracing::warn!(id = %self.id, %error, "what a client left of an upload could not be kept");
        }
    }
}

impl Drop for HeldUpload {
    fn drop(&mut self) {
        self.hold.hasher = Some(self.sink.hasher.clone());
    }
}

impl fmt::Debug for HeldUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeldUpload({})", self.id)
    }
}

/// A held upload whose bytes are staged. Brings it back to its place when they are dropped.
#[derive(Debug)]
pub(super) struct Finished {
    held: Option<Box<HeldUpload>>,
    place: Place,
}

impl Finished {
    async fn into_staged(mut self, md5: bool) -> Result<Staged, FileError> {
        let held = self.held.as_mut().ok_or(FileError::NotFound)?;
        let (file, store, length) = (held.sink.file.clone(), held.store.clone(), held.sink.length());
        let hasher = held.sink.hasher.clone();
        held.sink.hasher = hash_to(&file, hasher, length, &store.usage, store.limits.disk).await?;
        let digest = held.sink.hasher.digest(md5);
        Ok(Staged::of_upload(digest, file, store, self))
    }

    /// Makes the upload a file. On failure it stays an upload. Blocks.
    pub(super) fn commit(&mut self) -> Result<Committed, FileError> {
        let held = self.held.as_ref().ok_or(FileError::NotFound)?;
        let committed = held.store.commit(&held.store.uploads, &held.id.to_string())?;
        held.store.held.forget(held.id);
        self.held = None;
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Presence::Committed;
        Ok(committed)
    }
}

impl Drop for Finished {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            put_back(&self.place, held);
        }
    }
}
