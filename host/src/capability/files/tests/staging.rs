//! Bytes on their way to a file.

use super::*;
use md5::Digest as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

const SIZES: [usize; 9] = [0, 1, 65_535, 65_536, 65_537, 524_288, 524_289, 1_048_583, 20_000_003];

#[tokio::test]
async fn f01_bytes_come_back_exactly_with_their_checksums() {
    let place = Place::new().await;
    for size in SIZES {
        let content = content(size);
        for source in [Source::Bytes(content.clone().into()), stream(&content, Some(Ok(())))] {
            let mut staged = place.stage(source).await.expect("staged");
            let digest = staged.digest();
            assert_eq!(digest.size, size as u64);
            assert_eq!(digest.crc32c, crc_fast::crc32_iscsi(&content), "{size} bytes");
            assert_eq!(digest.md5, Some(md5::Md5::digest(&content).into()), "{size} bytes");
            let id = staged.commit().await.expect("committed").to_string();
            assert_eq!(place.get(&id).await, content);
        }
    }
    assert_eq!(place.usage.used(), 2 * SIZES.iter().sum::<usize>() as u64);
    assert_eq!(place.count("staging"), 0);
    assert_eq!(place.count("files"), 2 * SIZES.len());
}

#[tokio::test]
async fn md5_is_computed_only_where_it_is_asked_for() {
    let place = Place::new().await;
    let source = Source::Bytes(Bytes::from_static(b"123456789"));
    let staged = place.store.stage(vec![source], StageOptions::default()).await.expect("staged");
    assert_eq!((staged.digest().crc32c, staged.digest().md5), (0xE306_9283, None));
}

#[tokio::test]
async fn f16_staged_bytes_that_are_dropped_are_removed() {
    let place = Place::new().await;
    let staged = place.stage(stream(&content(2_000_000), Some(Ok(())))).await.expect("staged");
    assert_eq!((place.count("staging"), place.usage.used()), (1, 2_000_000));
    assert_eq!(staged.read(1_999_990, 100).await.expect("bytes"), content(2_000_000)[1_999_990..]);
    drop(staged);
    place.until_nothing_is_left().await;
}

#[tokio::test]
async fn f16_a_client_that_disappears_leaves_nothing() {
    let place = Place::new().await;
    for size in [0, 100, 3_000_000] {
        let staging = place.stage(stream(&content(size), None));
        assert!(tokio::time::timeout(Duration::from_millis(50), staging).await.is_err(), "it waits for ever");
        place.until_nothing_is_left().await;
    }
}

#[tokio::test]
async fn a_source_that_is_cut_is_said_to_be_and_leaves_nothing() {
    let place = Place::new().await;
    for size in [0, 100, 3_000_000] {
        let cut = stream(&content(size), Some(Err(BodyError::Incomplete)));
        let error = place.stage(cut).await.expect_err("it was cut");
        assert_eq!(error, FileError::Source(BodyError::Incomplete));
        assert_eq!((place.count("staging"), place.usage.used()), (0, 0));
    }
}

#[tokio::test]
async fn sources_are_joined_in_their_order() {
    let place = Place::new().await;
    let content = content(3_000_000);
    let id = place.put(&content).await;
    let range = |offset, length| Source::File { id: id.clone(), offset, length };
    let sources = vec![
        range(2_999_999, None),
        Source::Bytes(Bytes::from_static(b"between")),
        range(5, Some(2_500_000)),
        range(3_000_000, None),
        stream(&content[..10_000], Some(Ok(()))),
        range(9, Some(0)),
    ];
    let expected = [&content[2_999_999..], b"between", &content[5..2_500_005], &content[..10_000]].concat();
    let mut staged = place.store.stage(sources, StageOptions::default()).await.expect("staged");
    assert_eq!(staged.digest().crc32c, crc_fast::crc32_iscsi(&expected));
    let joined = staged.commit().await.expect("committed").to_string();
    assert_eq!(place.get(&joined).await, expected);
    let beyond = place.stage(range(1, Some(3_000_000))).await.expect_err("beyond the end");
    assert_eq!(beyond, FileError::Source(BodyError::Incomplete));
}

#[tokio::test]
async fn a_whole_file_is_linked_and_outlives_its_first_name() {
    let place = Place::new().await;
    let content = content(1_000_000);
    let id = place.put(&content).await;
    let inode = |id: &str| std::fs::metadata(place.folder("files").join(&id[..7]).join(id)).expect("a file").ino();
    for length in [None, Some(1_000_000)] {
        let source = Source::File { id: id.clone(), offset: 0, length };
        let mut staged = place.stage(source).await.expect("staged");
        assert_eq!(staged.digest().md5, Some(md5::Md5::digest(&content).into()));
        let copy = staged.commit().await.expect("committed").to_string();
        assert_eq!(inode(&copy), inode(&id));
    }
    assert_eq!(place.usage.used(), 3_000_000, "each name counts");
    place.store.remove(vec![id]).await.expect("removed");
    assert_eq!(place.usage.used(), 2_000_000);
}

#[tokio::test]
async fn bytes_are_committed_once() {
    let place = Place::new().await;
    let mut staged = place.stage(Source::Bytes(Bytes::from_static(b"a"))).await.expect("staged");
    staged.commit().await.expect("committed");
    assert!(matches!(staged.commit().await, Err(FileError::Other(_))));
    drop(staged);
    assert_eq!((place.count("files"), place.usage.used()), (1, 1));
}

#[tokio::test]
async fn f28_files_and_folders_are_private() {
    let place = Place::new().await;
    let id = place.put(b"secret").await;
    let mode = |path: PathBuf| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(place.folder("files")), 0o700);
    assert_eq!(mode(place.data.path().join("tenants")), 0o700);
    assert_eq!(mode(place.folder("files").join(&id[..7]).join(&id)), 0o600);
}
