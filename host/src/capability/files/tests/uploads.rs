//! Uploads that go on: over cut connections, holders, restarts.

use super::*;
use md5::Digest as _;

fn bytes(content: &[u8]) -> Source {
    Source::Bytes(Bytes::copy_from_slice(content))
}

#[tokio::test]
async fn an_upload_in_pieces_over_restarts_is_one_file() {
    let mut place = Place::new().await;
    let content = content(1_500_000);
    let upload = place.store.create_upload(60_000).await.expect("an upload");
    let id = upload.id().to_owned();
    drop(upload);
    let pieces = [0..1, 1..1, 1..262_145, 262_145..1_400_000, 1_400_000..1_500_000];
    for (turn, piece) in pieces.into_iter().enumerate() {
        if turn % 2 == 1 {
            place = place.reopen().await;
        }
        let mut upload = place.store.open_upload(&id).await.expect("the upload");
        assert_eq!(upload.size(), piece.start as u64);
        let source = stream(&content[piece.clone()], Some(Ok(())));
        assert_eq!(upload.append(piece.start as u64, source, None).await, Ok(piece.end as u64));
    }
    assert_eq!(place.usage.used(), 1_500_000);
    let mut upload = place.store.open_upload(&id).await.expect("the upload");
    let mut staged = upload.finish(true).await.expect("staged");
    assert_eq!(staged.digest().size, 1_500_000);
    assert_eq!(staged.digest().crc32c, crc_fast::crc32_iscsi(&content));
    assert_eq!(staged.digest().md5, Some(md5::Md5::digest(&content).into()));
    let file = staged.commit().await.expect("committed").to_string();
    assert_eq!(place.get(&file).await, content);
    assert_eq!((place.count("uploads"), place.usage.used()), (0, 1_500_000));
    assert_eq!(upload.append(1_500_000, bytes(b"more"), None).await, Err(FileError::NotFound));
    drop((upload, staged));
    assert_eq!(place.store.open_upload(&id).await.expect_err("gone"), FileError::NotFound);
}

#[tokio::test]
async fn what_a_cut_connection_delivered_is_kept() {
    let place = Place::new().await;
    let mut upload = place.store.create_upload(60_000).await.expect("an upload");
    for (turn, size) in [100u64, 2_000_000].into_iter().enumerate() {
        let before = upload.size();
        let cut = stream(&content(size as usize), Some(Err(BodyError::Incomplete)));
        let error = upload.append(before, cut, None).await.expect_err("it was cut");
        assert_eq!(error, FileError::Source(BodyError::Incomplete), "turn {turn}");
        assert_eq!(upload.size(), before + size);
        assert_eq!(place.usage.used(), before + size);
    }
    assert_eq!(upload.append(7, bytes(b"x"), None).await, Err(FileError::WrongOffset(2_000_100)));
    upload.truncate(2_000_000).await.expect("cut back");
    assert_eq!((upload.size(), place.usage.used()), (2_000_000, 2_000_000));
    assert_eq!(upload.truncate(2_000_001).await, Err(FileError::WrongOffset(2_000_000)));
    upload.append(2_000_000, bytes(b"end"), None).await.expect("appended");
    let expected = [&content(100)[..], &content(2_000_000)[..1_999_900], b"end"].concat();
    let staged = upload.finish(true).await.expect("staged");
    assert_eq!(staged.digest().crc32c, crc_fast::crc32_iscsi(&expected));
    assert_eq!(staged.digest().md5, Some(md5::Md5::digest(&expected).into()));
}

#[tokio::test]
async fn what_came_before_the_call_was_dropped_is_kept() {
    let place = Place::new().await;
    for size in [0u64, 100, 2_000_000] {
        let mut upload = place.store.create_upload(60_000).await.expect("an upload");
        let id = upload.id().to_owned();
        let append = upload.append(0, stream(&content(size as usize), None), None);
        assert!(tokio::time::timeout(Duration::from_millis(50), append).await.is_err());
        drop(upload);
        let mut upload = place.store.open_upload(&id).await.expect("the upload");
        assert_eq!(upload.size(), size);
        let staged = upload.finish(false).await.expect("staged");
        assert_eq!(staged.digest().crc32c, crc_fast::crc32_iscsi(&content(size as usize)));
    }
    assert_eq!(place.usage.used(), 2_000_100);
}

#[tokio::test]
async fn what_is_too_much_is_cut_off() {
    let place = Place::new().await;
    for size in [100u64, 1_000_000] {
        let content = content(size as usize);
        for source in [bytes(&content), stream(&content, Some(Ok(())))] {
            let mut upload = place.store.create_upload(60_000).await.expect("an upload");
            upload.append(0, bytes(b"begin"), Some(size)).await.expect("appended");
            assert_eq!(upload.append(5, source, Some(size)).await, Err(FileError::TooLarge(size)));
            assert_eq!(upload.size(), size);
            assert_eq!(upload.append(size, bytes(b""), Some(size)).await, Ok(size));
            let staged = upload.finish(false).await.expect("staged");
            assert_eq!(staged.read(0, 7).await.expect("bytes"), [b"begin", &content[..2]].concat());
        }
    }
}

#[tokio::test]
async fn f03_an_upload_keeps_to_the_quota() {
    let place = Place::with(Some(1_000_000), "", Disk::with(0, || Ok(u64::MAX))).await;
    let mut upload = place.store.create_upload(60_000).await.expect("an upload");
    upload.append(0, bytes(&content(900_000)), None).await.expect("appended");
    let full = Err(FileError::Quota(1_000_000));
    assert_eq!(upload.append(900_000, bytes(&content(100_001)), None).await, full);
    assert_eq!((upload.size(), place.usage.used()), (900_000, 900_000));
    assert_eq!(upload.append(900_000, stream(&content(2_000_000), Some(Ok(()))), None).await, full);
    let (size, id) = (upload.size(), upload.id().to_owned());
    assert!((900_000..=1_000_000).contains(&size));
    assert_eq!(place.usage.used(), size);
    drop(upload);
    place.store.remove_upload(&id).await.expect("removed");
    assert_eq!((place.count("uploads"), place.usage.used()), (0, 0));
    assert_eq!(place.store.remove_upload(&id).await, Err(FileError::NotFound));
}

#[tokio::test]
async fn staged_bytes_that_are_dropped_stay_an_upload() {
    let place = Place::new().await;
    let mut upload = place.store.create_upload(60_000).await.expect("an upload");
    upload.append(0, bytes(b"abc"), None).await.expect("appended");
    let staged = upload.finish(true).await.expect("staged");
    assert!(matches!(upload.append(3, bytes(b"d"), None).await, Err(FileError::Other(_))));
    assert!(matches!(upload.finish(true).await, Err(FileError::Other(_))));
    drop(staged);
    assert_eq!(upload.append(3, bytes(b"d"), None).await, Ok(4));
}

#[tokio::test]
async fn f15_a_commit_that_fails_leaves_the_upload() {
    let faults = "files.commit.renamed:fail:1";
    let place = Place::with(None, faults, Disk::with(0, || Ok(u64::MAX))).await;
    let mut upload = place.store.create_upload(60_000).await.expect("an upload");
    upload.append(0, bytes(b"abc"), None).await.expect("appended");
    let mut staged = upload.finish(false).await.expect("staged");
    assert!(staged.commit().await.is_err());
    drop(staged);
    assert_eq!((place.count("files"), place.count("uploads")), (0, 1));
    let file = upload.finish(false).await.expect("staged").commit().await.expect("committed").to_string();
    assert_eq!(place.get(&file).await, "abc");
    assert_eq!(place.usage.used(), 3);
}

#[tokio::test]
async fn bytes_that_are_not_durable_are_not_told() {
    let faults = "files.upload.written:fail:2";
    let place = Place::with(None, faults, Disk::with(0, || Ok(u64::MAX))).await;
    let mut upload = place.store.create_upload(60_000).await.expect("an upload");
    upload.append(0, bytes(b"abc"), None).await.expect("appended");
    assert!(upload.append(3, bytes(b"def"), None).await.is_err());
    assert_eq!((upload.size(), place.usage.used()), (3, 3));
    upload.append(3, bytes(b"xyz"), None).await.expect("appended");
    let staged = upload.finish(true).await.expect("staged");
    assert_eq!(staged.read(0, 9).await.expect("bytes"), "abcxyz");
    assert_eq!(staged.digest().crc32c, crc_fast::crc32_iscsi(b"abcxyz"));
}

#[tokio::test]
async fn one_holds_an_upload_at_a_time() {
    let place = Place::new().await;
    let upload = place.store.create_upload(60_000).await.expect("an upload");
    let id = upload.id().to_owned();
    assert_eq!(place.store.open_upload(&id).await.expect_err("held"), FileError::Timeout);
    assert_eq!(place.store.remove_upload(&id).await, Err(FileError::Timeout));
    let (store, other) = (place.store.clone(), id.clone());
    let waiting = tokio::spawn(async move { store.open_upload(&other).await.map(drop) });
    tokio::time::sleep(Duration::from_millis(20)).await;
    drop(upload);
    assert_eq!(waiting.await.expect("a task"), Ok(()));
}

#[tokio::test]
async fn an_upload_expires_behind_its_last_append() {
    let place = Place::new().await;
    let mut long = place.store.create_upload(3_600_000).await.expect("an upload");
    long.append(0, bytes(b"abc"), None).await.expect("appended");
    let long = long.id().to_owned();
    let mut held = place.store.create_upload(1).await.expect("an upload");
    held.append(0, bytes(b"defg"), None).await.expect("appended");
    tokio::time::sleep(Duration::from_millis(30)).await;
    place.store.sweep().expect("swept");
    assert_eq!((place.count("uploads"), place.usage.used()), (2, 7), "who is held lives");
    let short = held.id().to_owned();
    drop(held);
    place.store.sweep().expect("swept");
    assert_eq!((place.count("uploads"), place.usage.used()), (1, 3));
    assert_eq!(place.store.open_upload(&short).await.expect_err("expired"), FileError::NotFound);
    let place = place.reopen().await;
    assert_eq!(place.store.open_upload(&long).await.expect("it lives").size(), 3);
}
