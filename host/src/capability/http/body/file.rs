//! A range of a file, read on a blocking thread with one chunk of read-ahead.

use std::fs::File;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use super::{BodyError, Source};

/// Large enough that the hand-over between threads does not count, small enough to stay in the processor's cache.
const CHUNK: u64 = 256 << 10;

pub(super) struct FileRange {
    file: Arc<File>,
    offset: u64,
    /// Bytes that were not given out.
    left: u64,
    /// Bytes that were not asked for.
    unasked: u64,
    next: Option<JoinHandle<io::Result<Bytes>>>,
}

impl FileRange {
    pub(super) fn new(file: Arc<File>, offset: u64, length: u64) -> Self {
        Self { file, offset, left: length, unasked: length, next: None }
    }

    fn ask(&mut self) {
        let length = self.unasked.min(CHUNK);
        if length == 0 {
            return;
        }
        let (file, offset) = (self.file.clone(), self.offset);
        self.offset += length;
        self.unasked -= length;
        self.next = Some(spawn_blocking(move || read_chunk(&file, offset, length)));
    }
}

impl Source for FileRange {
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        if self.next.is_none() {
            self.ask();
        }
        let Some(next) = &mut self.next else {
            return Poll::Ready(Ok(None));
        };
        let read = ready!(Pin::new(next).poll(cx));
        self.next = None;
        match read {
            Ok(Ok(chunk)) => {
                self.left -= chunk.len() as u64;
                self.ask();
                Poll::Ready(Ok(Some(chunk)))
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Err(BodyError::Incomplete)),
            Ok(Err(error)) => Poll::Ready(Err(BodyError::other(format!("reading a stored file: {error}")))),
            Err(error) => Poll::Ready(Err(BodyError::other(format!("reading a stored file: {error}")))),
        }
    }

    fn length(&self) -> Option<u64> {
        Some(self.left)
    }
}

/// Reads exactly `length` bytes at `offset` into `buffer`, which is emptied first and not cleared with zeros. Blocks.
pub(crate) fn read_at(file: &File, offset: u64, length: usize, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.clear();
    buffer.reserve_exact(length);
    while buffer.len() < length {
        let at = offset + buffer.len() as u64;
        match rustix::io::pread(file, rustix::buffer::spare_capacity(buffer), at) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    // A capacity may be larger than asked for.
    buffer.truncate(length);
    Ok(())
}

fn read_chunk(file: &File, offset: u64, length: u64) -> io::Result<Bytes> {
    let mut chunk = Vec::new();
    read_at(file, offset, length as usize, &mut chunk)?;
    Ok(chunk.into())
}
