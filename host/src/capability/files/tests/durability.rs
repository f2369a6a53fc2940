//! What is on the disk when, and what a failure in between leaves.

use super::*;
use crate::capability::files::counts;

const AT_EACH_STEP: [&str; 5] = [
    "files.stage.written",
    "files.stage.synced",
    "files.commit.begin",
    "files.commit.renamed",
    "files.commit.dir_synced",
];

async fn write(place: &Place) -> Result<String, FileError> {
    let mut staged = place.stage(stream(&content(700_000), Some(Ok(())))).await?;
    Ok(staged.commit().await?.to_string())
}

#[tokio::test]
async fn f15_a_step_that_fails_leaves_nothing_and_the_next_try_works() {
    for point in AT_EACH_STEP {
        let place = Place::with(None, &format!("{point}:fail:1"), Disk::with(0, || Ok(u64::MAX))).await;
        assert!(matches!(write(&place).await, Err(FileError::Other(_))), "{point}");
        place.until_nothing_is_left().await;
        let id = write(&place).await.expect(point);
        assert_eq!(place.get(&id).await, content(700_000));
    }
}

#[tokio::test]
async fn f16_a_commit_that_nobody_waits_for_any_more_is_undone() {
    let place = Place::with(None, "files.commit.renamed:delay=200", Disk::with(0, || Ok(u64::MAX))).await;
    let mut staged = place.stage(Source::Bytes(content(1000).into())).await.expect("staged");
    assert!(tokio::time::timeout(Duration::from_millis(50), staged.commit()).await.is_err());
    drop(staged);
    place.until_nothing_is_left().await;
}

#[tokio::test]
async fn f15_each_file_and_its_folder_are_synced_before_it_is_told() {
    let place = Place::new().await;
    let before = counts();
    place.put(b"content").await;
    let after = counts();
    // Other tests sync too: at least is all that can be said here.
    assert!(after.file_syncs > before.file_syncs);
    assert!(after.folder_syncs > before.folder_syncs + 1, "the new folder's own name as well");
}

#[tokio::test]
async fn f15_a_restart_removes_what_was_staged_and_counts_what_is_there() {
    let place = Place::new().await;
    let id = place.put(&content(1000)).await;
    std::fs::write(place.folder("staging").join("left by a crash"), "half").expect("a file");
    std::fs::create_dir(place.folder("files").join("0123456")).expect("a folder");
    std::fs::write(place.folder("files").join("not ours"), "").expect("a file");
    let mut upload = place.store.create_upload(60_000).await.expect("an upload");
    upload.append(0, Source::Bytes(content(50).into()), None).await.expect("appended");
    drop(upload);
    let place = place.reopen().await;
    assert_eq!(place.usage.used(), 1050);
    assert_eq!(place.count("staging"), 0);
    assert!(!place.folder("files").join("0123456").exists(), "an empty folder of a shard is removed");
    assert_eq!(place.get(&id).await, content(1000));
}

#[tokio::test]
async fn f20_staged_bytes_that_cannot_be_removed_are_tried_again() {
    let place = Place::new().await;
    let staged = place.stage(Source::Bytes(content(10).into())).await.expect("staged");
    let name =
        std::fs::read_dir(place.folder("staging")).expect("a folder").next().expect("one").expect("entry").path();
    std::fs::remove_file(&name).expect("a file");
    std::fs::create_dir(&name).expect("a folder");
    let before = counts().failed_cleanups;
    drop(staged);
    place.until(|_| counts().failed_cleanups > before).await;
    std::fs::remove_dir(&name).expect("a folder");
    std::fs::write(&name, "again").expect("a file");
    place.until(|place| place.store.sweep().is_ok() && !name.exists()).await;
}
