//! The process dies at each point of a write. This test starts its own program again, as the process that dies.

use super::*;
use std::process::Command;

const DATA: &str = "FOGBANK_TEST_CRASH_DATA";

const POINTS: [&str; 10] = [
    "files.stage.written:kill",
    "files.stage.synced:kill",
    "files.commit.begin:kill",
    "files.commit.renamed:kill",
    "files.commit.dir_synced:kill",
    "files.upload.written:kill:2",
    "files.upload.synced:kill:2",
    "files.remove.begin:kill",
    "files.remove.unlinked:kill",
    "files.commit.renamed:kill:2",
];

/// The process that dies: writes a file, uploads one in two pieces, removes the first.
#[tokio::test]
async fn f15_child() {
    let Ok(data) = std::env::var(DATA) else { return };
    let stores = FileStores::new(super::super::FilesConfig::new(data)).expect("stores");
    let store = stores.open("default", "storage", stores.usage("default", None, |_| {})).await.expect("a store");
    let sources = vec![stream(&content(700_000), Some(Ok(())))];
    let first = store.stage(sources, StageOptions::default()).await.expect("staged").commit().await.expect("committed");
    let mut upload = store.create_upload(60_000).await.expect("an upload");
    for at in [0usize, 400_000] {
        let piece = stream(&content(700_000)[at..(at + 400_000).min(700_000)], Some(Ok(())));
        upload.append(at as u64, piece, None).await.expect("appended");
    }
    upload.finish(true).await.expect("staged").commit().await.expect("committed");
    store.remove(vec![first.to_string()]).await.expect("removed");
    panic!("it should have died");
}

#[tokio::test]
async fn f15_a_process_that_is_killed_leaves_whole_files_and_nothing_half() {
    for point in POINTS {
        let data = tempfile::tempdir().expect("a folder");
        let child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "capability::files::tests::crash::f15_child"])
            .env(DATA, data.path())
            .env(crate::faults::VARIABLE, point)
            .output()
            .expect("a process");
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&child.status), Some(9), "{point}: {child:?}");
        let place = Place::open(data, None, "", Disk::with(0, || Ok(u64::MAX))).await;
        assert_eq!(place.count("staging"), 0, "{point}");
        let left = place.store.list(None, 10, true).await.expect("a list");
        for entry in &left {
            assert_eq!(place.get(&entry.id.to_string()).await, content(700_000), "{point}");
        }
        let uploads = std::fs::read_dir(place.folder("uploads")).expect("a folder");
        for name in uploads.map(|entry| entry.expect("an entry").file_name().into_string().expect("text")) {
            let mut upload = place.store.open_upload(&name).await.expect(point);
            let size = upload.size() as usize;
            assert!(size >= if point.contains(":2") { 400_000 } else { 0 }, "{point}: what was safe is there");
            let staged = upload.finish(false).await.expect("staged");
            assert_eq!(staged.digest().crc32c, crc_fast::crc32_iscsi(&content(700_000)[..size]), "{point}");
            drop((staged, upload));
            place.store.remove_upload(&name).await.expect("removed");
        }
        let ids = left.iter().map(|entry| entry.id.to_string()).collect();
        assert_eq!(place.store.remove(ids).await, Ok(vec![]), "{point}");
        assert_eq!((place.count("files"), place.count("uploads"), place.usage.used()), (0, 0, 0), "{point}");
    }
}
