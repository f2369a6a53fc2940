//! The store as a service uses it, on a real folder.

mod crash;
mod durability;
mod limits;
mod reading;
mod staging;
mod uploads;

use super::{Disk, FileError, FileStore, FileStores, FilesLimits, Source, StageOptions, Staged, TenantUsage};
use crate::capability::http::body::{self, Body, BodyError};
use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tempfile::TempDir;

/// A data folder with one store open in it.
struct Place {
    data: TempDir,
    usage: Arc<TenantUsage>,
    store: Arc<FileStore>,
}

impl Place {
    async fn new() -> Self {
        Self::with(None, "", Disk::with(0, || Ok(u64::MAX))).await
    }

    async fn with(quota: Option<u64>, faults: &str, disk: Disk) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        Self::open(data, quota, faults, disk).await
    }

    async fn open(data: TempDir, quota: Option<u64>, faults: &str, disk: Disk) -> Self {
        let root = Dir::open_ambient_dir(data.path(), ambient_authority()).expect("the folder");
        let (upload_wait, doubt) = (Duration::from_millis(100), Duration::from_millis(50));
        let limits = FilesLimits { upload_wait, doubt, ..FilesLimits::default() };
        let stores = FileStores::on_disk(&root, disk, limits, faults.parse().expect("faults")).expect("stores");
        let usage = stores.usage("default", quota, |_| {});
        let store = stores.open("default", "storage", usage.clone()).await.expect("a store");
        Self { data, usage, store }
    }

    /// As after a restart of the host.
    async fn reopen(self) -> Self {
        let Self { data, store, .. } = self;
        drop(store);
        Self::open(data, None, "", Disk::with(0, || Ok(u64::MAX))).await
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.data.path().join("tenants/default/storage").join(name)
    }

    /// Regular files below a folder of the store.
    fn count(&self, name: &str) -> usize {
        count(&self.folder(name))
    }

    async fn stage(&self, source: Source) -> Result<Staged, FileError> {
        self.store.stage(vec![source], StageOptions { md5: true, ..StageOptions::default() }).await
    }

    /// A committed file.
    async fn put(&self, content: &[u8]) -> String {
        let mut staged = self.stage(Source::Bytes(Bytes::copy_from_slice(content))).await.expect("staged");
        staged.commit().await.expect("committed").to_string()
    }

    async fn get(&self, id: &str) -> Bytes {
        self.store.open(id).await.expect("a file").body(0, None).read_to_end(1 << 30).await.expect("content")
    }

    /// What is dropped is cleaned up in the background: waits until `settled`, or fails.
    async fn until(&self, settled: impl Fn(&Self) -> bool) {
        for _ in 0..500 {
            if settled(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it was not cleaned up");
    }

    /// Waits until nothing is left of what was staged.
    async fn until_nothing_is_left(&self) {
        self.until(|place| place.count("staging") == 0 && place.count("files") == 0 && place.usage.used() == 0).await;
    }
}

fn count(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}

/// Bytes that are not a pattern of any block size.
fn content(size: usize) -> Vec<u8> {
    (0..size as u64).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

/// Chunks as given, then the end, an error, or nothing for ever.
struct Script {
    chunks: VecDeque<Bytes>,
    end: Option<Result<(), BodyError>>,
}

impl body::Source for Script {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        match (self.chunks.pop_front(), &self.end) {
            (Some(chunk), _) => Poll::Ready(Ok(Some(chunk))),
            (None, Some(end)) => Poll::Ready(end.clone().map(|()| None)),
            (None, None) => Poll::Pending,
        }
    }

    fn length(&self) -> Option<u64> {
        None
    }
}

/// A body of unknown length, in chunks of a size that fits nothing.
fn stream(content: &[u8], end: Option<Result<(), BodyError>>) -> Source {
    let chunks = content.chunks(9973).map(Bytes::copy_from_slice).collect();
    Source::Body(Body::from_source(Script { chunks, end }))
}
