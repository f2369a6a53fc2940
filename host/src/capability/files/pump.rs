//! Carries bytes from where they arrive to threads that may block: while a batch is written and hashed, the next one
//! is collected. That is the back-pressure, and no thread waits for a slow sender.

use super::disk::{detach, start, wait};
use super::error::FileError;
use super::rehash::SLICE;
use super::sink::Sink;
use super::stores::FilesLimits;
use bytes::Bytes;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Bytes that are handed over at once: large enough that the hand-over does not count.
const BATCH: usize = 512 << 10;
/// Chunks that are handed over at once, so that tiny ones do not add up to much memory (and the most that one system
/// call takes).
const CHUNKS: usize = 1024;

/// What bytes are pumped into.
pub(super) trait Target: Send + 'static {
    fn sink(&mut self) -> Result<&mut Sink, FileError>;

    /// All bytes are there.
    fn complete(&mut self) -> Result<(), FileError>;

    /// Nobody waits for the end any more; `pending` was not written yet. Runs where it may block.
    fn abandon(self: Box<Self>, pending: Vec<Bytes>);
}

type Job<T> = JoinHandle<(Box<T>, Result<(), FileError>)>;

pub(super) struct Pump<T: Target> {
    target: Option<Box<T>>,
    job: Option<Job<T>>,
    pending: Vec<Bytes>,
    pending_bytes: usize,
    pub limits: FilesLimits,
}

impl<T: Target> Pump<T> {
    pub(super) fn new(target: Box<T>, limits: FilesLimits) -> Self {
        Self { target: Some(target), job: None, pending: Vec::new(), pending_bytes: 0, limits }
    }

    pub(super) async fn push(&mut self, chunk: Bytes) -> Result<(), FileError> {
        self.pending_bytes += chunk.len();
        self.pending.push(chunk);
        if self.pending_bytes < BATCH && self.pending.len() < CHUNKS {
            return Ok(());
        }
        self.idle(self.limits.disk).await?;
        let batch = self.take_pending();
        self.start(move |target| target.sink()?.write(&batch))
    }

    /// Appends a range of a file.
    pub(super) async fn copy(&mut self, file: Arc<File>, mut offset: u64, mut length: u64) -> Result<(), FileError> {
        while length > 0 {
            self.idle(self.limits.disk).await?;
            let (file, size, batch) = (file.clone(), length.min(SLICE), self.take_pending());
            self.start(move |target| {
                target.sink()?.write(&batch)?;
                target.sink()?.copy(&file, offset, size)
            })?;
            offset += size;
            length -= size;
        }
        Ok(())
    }

    /// Writes what is pending and completes the target. The target comes back unless the disk hangs,
    /// also where something failed.
    pub(super) async fn finish(mut self) -> (Option<Box<T>>, Result<(), FileError>) {
        let outcome = self.complete().await;
        (self.target.take(), outcome)
    }

    /// Gives everything up, and comes back when it is cleaned up.
    pub(super) async fn discard(mut self) {
        // The first error is what counts; it is known to whoever calls this.
        let _ = self.idle(self.limits.disk).await;
        if let Some(target) = self.target.take() {
            let mut work = start(move || target.abandon(Vec::new()));
            let _ = wait(&mut work, self.limits.disk).await;
        }
    }

    async fn complete(&mut self) -> Result<(), FileError> {
        let before = self.idle(self.limits.disk).await;
        let batch = self.take_pending();
        self.start(move |target| {
            let written = before.and_then(|()| if batch.is_empty() { Ok(()) } else { target.sink()?.write(&batch) });
            // What arrived before a failure is completed too: an upload keeps it.
            let completed = target.complete();
            written.and(completed)
        })?;
        self.idle(self.limits.sync).await
    }

    /// Waits until nothing is being written.
    async fn idle(&mut self, limit: Duration) -> Result<(), FileError> {
        let Some(job) = &mut self.job else { return Ok(()) };
        let waited = wait(job, limit).await;
        self.job = None;
        let (target, outcome) = waited?;
        self.target = Some(target);
        outcome
    }

    fn start(&mut self, work: impl FnOnce(&mut T) -> Result<(), FileError> + Send + 'static) -> Result<(), FileError> {
        let Some(mut target) = self.target.take() else { return Err(FileError::Timeout) };
        self.job = Some(start(move || {
            let outcome = work(&mut target);
            (target, outcome)
        }));
        Ok(())
    }

    fn take_pending(&mut self) -> Vec<Bytes> {
        self.pending_bytes = 0;
        std::mem::take(&mut self.pending)
    }
}

impl<T: Target> Drop for Pump<T> {
    fn drop(&mut self) {
        let pending = self.take_pending();
        if let Some(target) = self.target.take() {
            detach(move || target.abandon(pending));
        } else if let Some(job) = self.job.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                if let Ok((target, _)) = job.await {
                    detach(move || target.abandon(pending));
                }
            });
        }
    }
}
