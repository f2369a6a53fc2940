//! Docker goes and comes back: the server's way to it is a socket of the test's own, which can be closed.

use crate::cloud::{Cloud, ZONE};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::net::{UnixListener, UnixStream};

/// A socket that leads to the engine's while it is open.
struct Way {
    path: PathBuf,
    open: Arc<AtomicBool>,
    _folder: tempfile::TempDir,
}

impl Way {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("docker.sock");
        let open = Arc::new(AtomicBool::new(true));
        let listener = UnixListener::bind(&path).expect("a socket");
        let door = Arc::clone(&open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(lead(client, Arc::clone(&door)));
            }
        });
        Self { path, open, _folder: folder }
    }

    fn set(&self, open: bool) {
        self.open.store(open, Ordering::Relaxed);
    }
}

async fn lead(mut client: UnixStream, open: Arc<AtomicBool>) {
    if !open.load(Ordering::Relaxed) {
        return;
    }
    let Ok(mut engine) = UnixStream::connect(engine()).await else { return };
    let closed = async {
        while open.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut engine) => {}
        () = closed => {}
    }
}

fn engine() -> PathBuf {
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    host.strip_prefix("unix://").map_or_else(|| Path::new("/var/run/docker.sock").to_path_buf(), PathBuf::from)
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_without_docker_machines_are_refused_at_once_and_all_else_goes_on() {
    let way = Way::new();
    let socket = format!("unix://{}", way.path.display());
    let Some(cloud) = Cloud::with(|options| options.env("DOCKER_HOST", socket)).await else { return };
    cloud.launch(Cloud::machine("w1", "")).await;
    way.set(false);
    fogbank_tests::wait_for(Duration::from_secs(10), "the server knows", || async {
        let began = Instant::now();
        let answer =
            cloud.client.post(&Cloud::path(&format!("zones/{ZONE}/instances")), Cloud::machine("w2", "")).await;
        assert!(began.elapsed() < Duration::from_secs(3), "an answer came after {:?}", began.elapsed());
        answer.status == 503
            && answer.reason() == "backendError"
            && answer.text().contains("container engine is not available")
    })
    .await;
    cloud.client.post("/storage/v1/b?project=demo-project", json!({"name": "f07-box"})).await.expect(200);
    cloud.get("global/networks").await;
    assert_eq!(cloud.instance("w1").await["name"], "w1");
    way.set(true);
    fogbank_tests::wait_for(Duration::from_secs(30), "Docker is back", || async {
        cloud.client.post(&Cloud::path(&format!("zones/{ZONE}/instances")), Cloud::machine("w3", "")).await.status
            == 200
    })
    .await;
    fogbank_tests::wait_for(Duration::from_secs(60), "it runs", || async { cloud.status("w3").await == "RUNNING" })
        .await;
    cloud.delete("w1").await;
    cloud.delete("w3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_work_in_hand_goes_on_when_docker_is_back() {
    let way = Way::new();
    let socket = format!("unix://{}", way.path.display());
    let Some(cloud) = Cloud::with(|options| options.env("DOCKER_HOST", socket)).await else { return };
    cloud.launch(Cloud::machine("w1", "")).await;
    let operation = cloud.begin("POST", &format!("zones/{ZONE}/instances"), Cloud::machine("w2", "")).await;
    way.set(false);
    tokio::time::sleep(Duration::from_secs(2)).await;
    way.set(true);
    let operation = cloud.wait(&operation).await;
    assert!(operation.get("error").is_none(), "{operation:#}");
    assert_eq!(cloud.status("w2").await, "RUNNING");
    cloud.delete("w1").await;
    cloud.delete("w2").await;
    cloud.expect_nothing_left();
}
