//! Files that are there, and names that are not ours.

use super::*;
use crate::capability::files::{CommittedFiles, counts};
use std::os::unix::fs::symlink;

#[tokio::test]
async fn ranges_are_cut_at_the_end() {
    let place = Place::new().await;
    for size in [10usize, 300_000] {
        let content = content(size);
        let id = place.put(&content).await;
        let file = place.store.open(&id).await.expect("a file");
        assert_eq!(file.size(), size as u64);
        let ranges = [(0, None), (3, Some(4)), (size - 1, Some(9)), (size, None), (size + 9, Some(1)), (0, Some(0))];
        for (offset, length) in ranges {
            let end = length.map_or(size, |length| size.min(offset + length));
            let expected = content.get(offset..end).unwrap_or_default();
            let mut body = file.body(offset as u64, length.map(|length| length as u64));
            assert_eq!(body.length(), Some(expected.len() as u64));
            assert_eq!(body.read_to_end(1 << 20).await.expect("content"), expected);
            let max = length.unwrap_or(1 << 20) as u32;
            assert_eq!(file.read(offset as u64, max).await.expect("content"), expected);
        }
    }
}

#[tokio::test]
async fn f05_removal_frees_bytes_and_readers_go_on() {
    let place = Place::new().await;
    let content = content(3_000_000);
    let id = place.put(&content).await;
    let file = place.store.open(&id).await.expect("a file");
    let mut body = file.body(0, None);
    assert!(body.chunk().await.is_ok());
    let twice = vec![id.clone(), "nothing".into(), id.clone()];
    assert_eq!(place.store.remove(twice).await, Ok(vec![]));
    assert_eq!((place.usage.used(), place.count("files")), (0, 0));
    assert_eq!(place.store.open(&id).await.expect_err("gone"), FileError::NotFound);
    assert_eq!(file.read(2_999_999, 9).await.expect("still there"), content[2_999_999..]);
    assert!(body.read_to_end(1 << 30).await.is_ok());
}

#[tokio::test]
async fn f04_names_reach_nothing_outside() {
    let place = Place::new().await;
    let outside = place.data.path().join("outside");
    std::fs::write(&outside, "secret").expect("a file");
    let real = place.put(b"mine").await;
    let shard = place.folder("files").join(&real[..7]);
    let planted = format!("{}{}", &real[..31], if real.ends_with('0') { "1" } else { "0" });
    symlink(&outside, shard.join(&planted)).expect("a link");
    let inner = format!("{}{}", &real[..31], if real.ends_with('2') { "3" } else { "2" });
    symlink(&real, shard.join(&inner)).expect("a link");
    let elsewhere = "000000000000000000000000000000aa";
    symlink(place.data.path(), place.folder("files").join("0000000")).expect("a link");
    std::fs::write(place.data.path().join(elsewhere), "secret").expect("a file");
    let upload = format!("{real}ff");
    symlink(&outside, place.folder("uploads").join(&upload)).expect("a link");
    let names =
        [&planted, &inner, elsewhere, "../../../outside", "/etc/passwd", "a\0b", "", "..", &format!("../{real}")];
    for name in names {
        assert_eq!(place.store.open(name).await.expect_err(name), FileError::NotFound, "{name:?}");
        let source = Source::File { id: name.to_owned(), offset: 0, length: None };
        assert_eq!(place.stage(source).await.expect_err(name), FileError::NotFound, "{name:?}");
        assert!(place.store.open_upload(name).await.is_err(), "{name:?}");
        assert_eq!(place.store.remove_upload(name).await, Err(FileError::NotFound), "{name:?}");
        place.store.remove(vec![name.to_owned()]).await.expect("an answer");
    }
    assert!(place.store.open_upload(&upload).await.is_err());
    assert_eq!(std::fs::read(&outside).expect("untouched"), b"secret");
    assert!(place.data.path().join(elsewhere).exists());
    assert_eq!(place.get(&real).await, "mine");
}

#[tokio::test]
async fn f04_tenants_and_services_are_one_folder_each() {
    let data = tempfile::tempdir().expect("a folder");
    let stores = FileStores::new(super::super::FilesConfig::new(data.path())).expect("stores");
    for name in ["", ".", "..", "../other", "/abs", "a/b", "a\\b", "a\0b"] {
        let usage = stores.usage("x", None, |_| {});
        assert!(stores.open(name, "storage", usage.clone()).await.is_err(), "{name:?}");
        assert!(stores.open("x", name, usage).await.is_err(), "{name:?}");
    }
}

#[tokio::test]
async fn f20_a_removal_that_fails_is_named_counted_and_can_be_repeated() {
    let place = Place::new().await;
    let (good, bad) = (place.put(b"good").await, place.put(b"bad").await);
    let path = place.folder("files").join(&bad[..7]).join(&bad);
    std::fs::remove_file(&path).expect("a file");
    std::fs::create_dir_all(path.join("in the way")).expect("a folder");
    let before = counts().failed_cleanups;
    assert_eq!(place.store.remove(vec![bad.clone(), good]).await, Ok(vec![bad.clone()]));
    assert!(counts().failed_cleanups > before);
    std::fs::remove_dir_all(&path).expect("a folder");
    std::fs::write(&path, "bad").expect("a file");
    assert_eq!(place.store.remove(vec![bad]).await, Ok(vec![]));
    assert_eq!(place.usage.used(), 0);
}

#[tokio::test]
async fn files_are_listed_in_order_of_commit_page_by_page() {
    let place = Place::new().await;
    let mut ids = Vec::new();
    for size in 0..25 {
        ids.push(place.put(&content(size)).await);
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = place.store.list(after.as_deref(), 10, false).await.expect("a page");
        let Some(last) = page.last() else { break };
        after = Some(last.id.to_string());
        found.extend(page);
    }
    assert_eq!(found.iter().map(|entry| entry.id.to_string()).collect::<Vec<_>>(), ids);
    assert!(found.iter().enumerate().all(|(size, entry)| entry.size == size as u64));
    assert_eq!(place.store.list(None, 0, false).await, Ok(vec![]));
    assert!(place.store.list(Some("../.."), 9, false).await.is_err());
}

#[tokio::test]
async fn left_over_is_what_an_earlier_process_or_a_broken_call_committed() {
    let place = Place::new().await;
    let old = place.put(b"old").await;
    assert_eq!(place.store.list(None, 9, true).await, Ok(vec![]));
    let place = place.reopen().await;
    let new = place.put(b"new").await;
    let names = |entries: Vec<super::super::Entry>| entries.iter().map(|e| e.id.to_string()).collect::<Vec<_>>();
    assert_eq!(names(place.store.list(None, 9, true).await.expect("a list")), std::slice::from_ref(&old));
    let id = super::super::FileId::parse(&new).expect("an id");
    let mut committed = CommittedFiles::default();
    committed.add(&place.store, id);
    committed.settle();
    drop(committed);
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(names(place.store.list(None, 9, true).await.expect("a list")), std::slice::from_ref(&old));
    let mut committed = CommittedFiles::default();
    committed.add(&place.store, id);
    drop(committed);
    assert_eq!(place.store.list(None, 9, true).await.expect("a list").len(), 1, "not at once");
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(names(place.store.list(None, 9, true).await.expect("a list")), [old, new]);
}

#[tokio::test]
async fn a_tenant_pays_for_all_its_services() {
    let data = tempfile::tempdir().expect("a folder");
    let config = super::super::FilesConfig::new(data.path());
    for expected in [0, 5] {
        let stores = FileStores::new(config.clone()).expect("stores");
        let usage = stores.usage("blue", Some(5), |_| {});
        let first = stores.open("blue", "first", usage.clone()).await.expect("a store");
        assert_eq!(usage.used(), expected, "the other service's bytes are known at once");
        let second = stores.open("blue", "second", usage.clone()).await.expect("a store");
        let stage = |store: Arc<FileStore>, bytes: &'static [u8]| async move {
            store.stage(vec![Source::Bytes(Bytes::from_static(bytes))], StageOptions::default()).await
        };
        if expected == 0 {
            stage(second, b"12345").await.expect("staged").commit().await.expect("committed");
        }
        assert_eq!(stage(first, b"6").await.expect_err("full"), FileError::Quota(5));
        let other = stores.usage("green", Some(5), |_| {});
        let other = stores.open("green", "first", other).await.expect("a store");
        assert!(stage(other, b"12345").await.is_ok(), "another tenant is not affected");
    }
}
