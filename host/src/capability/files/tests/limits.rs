//! Sizes, quotas, and the disk's reserve.

use super::*;
use std::sync::atomic::{AtomicU64, Ordering};

async fn stage(place: &Place, source: Source, max: Option<u64>, exact: Option<u64>) -> Result<Staged, FileError> {
    place.store.stage(vec![source], StageOptions { max_size: max, exact_size: exact, md5: false }).await
}

#[tokio::test]
async fn f06_a_greatest_size_holds_for_declared_and_undeclared_sizes() {
    let place = Place::new().await;
    for size in [100, 3_000_000] {
        let content = content(size as usize);
        let bytes = || Source::Bytes(content.clone().into());
        let chunks = || stream(&content, Some(Ok(())));
        assert!(stage(&place, bytes(), Some(size), None).await.is_ok());
        assert!(stage(&place, chunks(), Some(size), None).await.is_ok());
        for source in [bytes(), chunks()] {
            let error = stage(&place, source, Some(size - 1), None).await.expect_err("too large");
            assert_eq!(error, FileError::TooLarge(size - 1));
        }
        place.until_nothing_is_left().await;
    }
}

#[tokio::test]
async fn an_exact_size_is_neither_passed_nor_missed() {
    let place = Place::new().await;
    let content = content(70_000);
    for source in [Source::Bytes(content.clone().into()), stream(&content, Some(Ok(())))] {
        assert_eq!(stage(&place, source, None, Some(70_000)).await.expect("exact").digest().size, 70_000);
    }
    for source in [Source::Bytes(content.clone().into()), stream(&content, Some(Ok(())))] {
        let error = stage(&place, source, None, Some(70_001)).await.expect_err("short");
        assert_eq!(error, FileError::Source(BodyError::Incomplete));
    }
    for source in [Source::Bytes(content.clone().into()), stream(&content, Some(Ok(())))] {
        let error = stage(&place, source, None, Some(69_999)).await.expect_err("long");
        assert_eq!(error, FileError::TooLarge(69_999));
    }
    place.until_nothing_is_left().await;
}

#[tokio::test]
async fn f03_a_quota_is_kept_before_and_while_bytes_arrive() {
    let place = Place::with(Some(10_000_000), "", Disk::with(0, || Ok(u64::MAX))).await;
    let id = place.put(&content(4_000_000)).await;
    let whole = || Source::File { id: id.clone(), offset: 0, length: None };
    let part = || Source::File { id: id.clone(), offset: 1, length: None };
    let error = place.stage(Source::Bytes(content(6_000_001).into())).await.expect_err("declared");
    assert_eq!(error, FileError::Quota(10_000_000));
    let error = place.stage(stream(&content(6_000_001), Some(Ok(())))).await.expect_err("undeclared");
    assert_eq!(error, FileError::Quota(10_000_000));
    assert_eq!((place.count("staging"), place.usage.used()), (0, 4_000_000));
    let staged = place.stage(stream(&content(6_000_000), Some(Ok(())))).await.expect("to the last byte");
    assert_eq!(place.usage.used(), 10_000_000);
    for source in [whole(), part(), Source::Bytes(Bytes::from_static(b"a"))] {
        assert_eq!(place.stage(source).await.expect_err("full"), FileError::Quota(10_000_000));
    }
    drop(staged);
    place.until(|place| place.usage.used() == 4_000_000).await;
    place.store.remove(vec![id]).await.expect("removed");
    assert_eq!(place.usage.used(), 0);
}

#[tokio::test]
async fn f03_the_disks_reserve_is_kept_before_and_while_bytes_arrive() {
    let free = Arc::new(AtomicU64::new(100 << 20));
    let looked = free.clone();
    let disk = Disk::with(40 << 20, move || Ok(looked.load(Ordering::Relaxed)));
    let place = Place::with(None, "", disk).await;
    assert_eq!(place.store.space().await.expect("space").available, 60 << 20);
    assert!(place.stage(Source::Bytes(content(1 << 20).into())).await.is_ok());
    free.store(41 << 20, Ordering::Relaxed);
    let error = place.stage(Source::Bytes(content((1 << 20) + 1).into())).await.expect_err("declared");
    assert_eq!(error, FileError::NoSpace);
    assert!(place.stage(stream(&content(1000), Some(Ok(())))).await.is_ok());
    free.store(40 << 20, Ordering::Relaxed);
    assert_eq!(place.stage(stream(b"", Some(Ok(())))).await.expect_err("no room at all"), FileError::NoSpace);
    place.until_nothing_is_left().await;
}

/// A body that fills the disk as it is read.
struct Filling(u64, Arc<AtomicU64>);

impl body::Source for Filling {
    fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        if self.0 == 0 {
            return Poll::Ready(Ok(None));
        }
        self.0 -= 1;
        self.1.fetch_sub(1 << 20, Ordering::Relaxed);
        Poll::Ready(Ok(Some(vec![1; 1 << 20].into())))
    }

    fn length(&self) -> Option<u64> {
        None
    }
}

#[tokio::test]
async fn f03_the_reserve_is_looked_at_all_along() {
    let free = Arc::new(AtomicU64::new(100 << 20));
    let looked = free.clone();
    let place = Place::with(None, "", Disk::with(50 << 20, move || Ok(looked.load(Ordering::Relaxed)))).await;
    let filling = Source::Body(Body::from_source(Filling(90, free.clone())));
    assert_eq!(place.stage(filling).await.expect_err("full"), FileError::NoSpace);
    assert!(free.load(Ordering::Relaxed) >= 30 << 20, "it was noticed late");
    assert_eq!((place.count("staging"), place.usage.used()), (0, 0));
}

#[tokio::test]
async fn hashing_is_charged_to_the_tenant() {
    let spent = Arc::new(AtomicU64::new(0));
    let sum = spent.clone();
    let data = tempfile::tempdir().expect("a folder");
    let stores = FileStores::new(super::super::FilesConfig::new(data.path())).expect("stores");
    let usage = stores.usage("default", None, move |nanoseconds| {
        sum.fetch_add(nanoseconds, Ordering::Relaxed);
    });
    let store = stores.open("default", "storage", usage).await.expect("a store");
    let source = Source::Bytes(content(8 << 20).into());
    store.stage(vec![source], StageOptions { md5: true, ..StageOptions::default() }).await.expect("staged");
    assert!(spent.load(Ordering::Relaxed) > 1_000_000, "8 MiB take more than a millisecond");
}

#[tokio::test]
async fn f19_a_source_that_is_silent_is_given_up() {
    let mut place = Place::new().await;
    let store = Arc::get_mut(&mut place.store).expect("nobody else has it");
    store.limits.source = Duration::from_millis(50);
    let error = place.stage(stream(&content(100), None)).await.expect_err("silent");
    assert_eq!(error, FileError::Source(BodyError::Timeout));
    place.until_nothing_is_left().await;
}
