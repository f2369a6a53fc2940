//! A file opened for reading.

use super::disk::run;
use super::error::FileError;
use super::folder;
use super::id::FileId;
use super::store::FileStore;
use crate::capability::http::Body;
use crate::capability::http::body::{MAX_READ, read_at};
use bytes::Bytes;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

/// Files up to this size are read as they are opened: one hand-over between threads less.
const SMALL: u64 = 64 << 10;

/// See `fogbank:files/files.file`. It stays readable when the file is removed meanwhile.
#[derive(Debug)]
pub struct OpenFile {
    size: u64,
    content: Content,
    limit: Duration,
}

#[derive(Debug)]
enum Content {
    Small(Bytes),
    Large(Arc<File>),
}

impl FileStore {
    /// Opens the committed file `id`.
    pub async fn open(self: &Arc<Self>, id: &str) -> Result<OpenFile, FileError> {
        let (store, id, limit) = (self.clone(), id.to_owned(), self.limits.disk);
        run(limit, move || {
            let (file, size) = open(&store, &id)?;
            Ok(OpenFile { size, content: Content::of(file, size)?, limit })
        })
        .await
    }
}

impl Content {
    fn of(file: File, size: u64) -> Result<Self, FileError> {
        if size > SMALL {
            return Ok(Self::Large(Arc::new(file)));
        }
        let mut content = Vec::new();
        read_at(&file, 0, size as usize, &mut content)?;
        Ok(Self::Small(content.into()))
    }
}

impl OpenFile {
    /// Bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Up to `max` bytes (at most 1 MiB) from `offset`.
    pub async fn read(&self, offset: u64, max: u32) -> Result<Bytes, FileError> {
        match &self.content {
            Content::Small(content) => {
                let (start, length) = clamp(self.size, offset, u64::from(max));
                Ok(content.slice(start as usize..(start + length) as usize))
            }
            Content::Large(file) => read_part(file, self.size, offset, max, self.limit).await,
        }
    }

    /// A range as a body, cut at the end of the file.
    pub fn body(&self, offset: u64, length: Option<u64>) -> Body {
        let (start, length) = clamp(self.size, offset, length.unwrap_or(u64::MAX));
        match &self.content {
            Content::Small(content) => Body::from_bytes(content.slice(start as usize..(start + length) as usize)),
            Content::Large(file) => Body::from_file(file.clone(), start, length),
        }
    }
}

/// The range within a file of `size` bytes.
fn clamp(size: u64, offset: u64, length: u64) -> (u64, u64) {
    let start = offset.min(size);
    (start, length.min(size - start))
}

/// Up to `max` bytes (at most 1 MiB) of `file`, whose size is `size`, from `offset`.
pub(super) async fn read_part(
    file: &Arc<File>,
    size: u64,
    offset: u64,
    max: u32,
    limit: Duration,
) -> Result<Bytes, FileError> {
    let (start, length) = clamp(size, offset, u64::from(max).min(MAX_READ as u64));
    let file = file.clone();
    run(limit, move || {
        let mut part = Vec::new();
        read_at(&file, start, length as usize, &mut part)?;
        Ok(part.into())
    })
    .await
}

/// The committed file `id` and its size. Blocks.
pub(super) fn open(store: &FileStore, id: &str) -> Result<(File, u64), FileError> {
    let id = FileId::parse(id).ok_or(FileError::NotFound)?;
    let file = folder::open(&store.files, &id.path())?;
    let size = file.metadata()?.len();
    Ok((file, size))
}
