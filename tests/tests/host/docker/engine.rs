//! An engine that is away, goes, hangs and comes back (F07).

use super::{Cloud, LONG, call, call_of, options};
use fogbank_tests::docker::{OwnTenant, image};
use fogbank_tests::guests::Plugins;
use fogbank_tests::{Options, Server, wait_for};
use serde_json::json;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What stands between the host and the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// Connections come about, and nothing is said.
    Silent,
    /// Connections end.
    Cut,
}

/// A socket that leads to the engine, or does not.
struct Between {
    way: watch::Sender<Way>,
    folder: TempDir,
    accepting: JoinHandle<()>,
}

impl Between {
    fn new() -> Self {
        let folder = TempDir::with_prefix("fogbank-docker-").expect("folder");
        let listener = UnixListener::bind(folder.path().join("docker.sock")).expect("a socket");
        let (way, seen) = watch::channel(Way::Open);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, seen.clone()));
            }
        });
        Self { way, folder, accepting }
    }

    fn host(&self) -> String {
        format!("unix://{}", self.folder.path().join("docker.sock").display())
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Carries bytes as long as the way is open.
async fn carry(mut client: UnixStream, mut seen: watch::Receiver<Way>) {
    let socket = std::env::var("DOCKER_HOST").ok().and_then(|host| host.strip_prefix("unix://").map(str::to_owned));
    let Ok(mut engine) = UnixStream::connect(socket.as_deref().unwrap_or("/var/run/docker.sock")).await else { return };
    loop {
        let way = *seen.borrow_and_update();
        match way {
            Way::Cut => return,
            Way::Silent => drop(seen.changed().await),
            // Bytes between the two are lost when it is shut, which is what happens to them.
            Way::Open => tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut client, &mut engine) => return,
                _ = seen.changed() => {}
            },
        }
    }
}

/// A server with the probe, whose engine is at `host`.
async fn at(host: &str) -> (Server, Plugins) {
    let plugins = Plugins::of(&["probe"]);
    let options = Options::new().plugins(&plugins).env("DOCKER_HOST", host);
    (Server::with(options), plugins)
}

/// Every function that needs the engine says so at once, and the rest works.
async fn assert_away(server: &Server, says: &str) {
    let client = server.client();
    let named =
        json!({ "name": "busybox", "image": "busybox", "network": "n", "command": ["x"], "files": { "/x": "y" } });
    let functions = [
        "available",
        "ensure-image",
        "import-image",
        "commit",
        "image-size",
        "remove-image",
        "create-network",
        "get-network",
        "remove-network",
        "connect",
        "disconnect",
        "create-volume",
        "remove-volume",
        "list-volumes",
        "create-container",
        "start-container",
        "stop-container",
        "kill-container",
        "pause-container",
        "unpause-container",
        "remove-container",
        "wait-container",
        "set-limits",
        "states",
        "list-containers",
        "put-files",
        "exec",
        "logs",
        "set-forwards",
        "get-endpoint",
    ];
    for function in functions {
        let began = Instant::now();
        let error = call(&client, function, named.clone()).await.expect_err(function);
        assert!(error.contains("Unavailable") && error.contains(says), "{function}: {error}");
        assert!(began.elapsed() < Duration::from_millis(1500), "{function}: {:?}", began.elapsed());
    }
    call_of(&client, "context.tenant", json!({})).await.expect("it needs no engine");
    let health = client.get("/_fogbank/health/ready").await.expect(200).json();
    assert_eq!((&health["status"], &health["docker"]), (&json!("ready"), &json!("unavailable")));
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_without_docker_everything_else_works() {
    let (server, _plugins) = at("unix:///nowhere/docker.sock").await;
    assert_away(&server, "/nowhere/docker.sock").await;
    let tenant = server.tenant("blue").await;
    assert!(call(&tenant, "get-backend", json!({})).await.expect("known").to_string().contains("Engine"));
    assert!(call(&tenant, "calling-container", json!({})).await.expect("known").is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_a_docker_that_says_nothing_is_away_within_a_second() {
    let folder = TempDir::with_prefix("fogbank-docker-").expect("folder");
    let path = folder.path().join("docker.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
    let (server, _plugins) = at(&format!("unix://{}", path.display())).await;
    assert_away(&server, "docker.sock").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_kept_only_where_somebody_says_so() {
    let plugins = Plugins::of(&["probe"]);
    let server = Server::with(Options::new().plugins(&plugins).arg("--compute").arg("metadata"));
    let client = server.client();
    assert!(call(&client, "get-backend", json!({})).await.expect("known").to_string().contains("Records"));
    let error = call(&client, "create-volume", json!({ "name": "v" })).await.expect_err("there is no engine");
    assert!(error.contains("Unavailable") && error.contains("records"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_docker_may_go_hang_and_come_back() {
    if image().is_none() {
        return;
    }
    let between = Between::new();
    let host = between.host();
    let Some(cloud) = Cloud::with(|options| options.env("DOCKER_HOST", host)).await else { return };
    cloud.sleeper("a", json!({})).await;
    let alls = async || cloud.heard().await.iter().filter(|names| *names == "*").count();
    let mut before = alls().await;
    for way in [Way::Cut, Way::Silent] {
        // Calls that are under way when it happens end as well.
        let waiting = cloud.call("wait-container", json!({ "name": "a", "ms": 60_000 }));
        let long = json!({ "name": "a", "command": ["/bin/sleep", "60"], "ms": 60_000 });
        let (waiting, running, ended) = tokio::join!(waiting, cloud.call("exec", long), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            between.way.send_replace(way);
            let began = Instant::now();
            let refused = cloud.call("create-volume", json!({ "name": "v" })).await;
            (refused, began.elapsed())
        });
        for outcome in [waiting, running, ended.0] {
            assert!(outcome.as_ref().is_err_and(|error| error.contains("Unavailable")), "{way:?}: {outcome:?}");
        }
        assert!(ended.1 < Duration::from_millis(1500), "{way:?}: {:?}", ended.1);
        let began = Instant::now();
        cloud.refused("states", json!({ "name": "a" }), "Unavailable").await;
        cloud.refused("create-volume", json!({ "name": "v" }), "Unavailable").await;
        assert!(began.elapsed() < Duration::from_millis(500), "{way:?}: {:?}", began.elapsed());

        between.way.send_replace(Way::Open);
        wait_for(LONG, "the engine", || async { cloud.call("available", json!({})).await.is_ok() }).await;
        assert_eq!(cloud.state("a").await["state"], "State::Running");
        wait_for(LONG, "news of all", || async { alls().await > before }).await;
        before = alls().await;
        cloud.ok("create-volume", json!({ "name": "v" })).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f21_a_slow_call_holds_up_no_other() {
    let Some(cloud) = Cloud::new().await else { return };
    cloud.sleeper("a", json!({})).await;
    let slow = cloud.ok("exec", json!({ "name": "a", "command": ["/bin/sleep", "2"], "ms": 20_000 }));
    let others = async {
        let began = Instant::now();
        for _ in 0..10 {
            cloud.state("a").await;
            call_of(&cloud.client, "context.tenant", json!({})).await.expect("it needs no engine");
        }
        assert_eq!(cloud.run("a", "echo quick").await, "quick");
        began.elapsed()
    };
    let (_, took) = tokio::join!(slow, others);
    assert!(took < Duration::from_millis(1500), "{took:?}");
    let late = cloud.call("exec", json!({ "name": "a", "command": ["/bin/sleep", "60"], "ms": 200 })).await;
    assert!(late.is_err_and(|error| error.contains("Timeout")), "a limit of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn f32_data_that_does_not_stay_leaves_no_containers() {
    let Some(image) = image() else { return };
    let (plugins, tenant) = (Plugins::of(&["probe"]), OwnTenant::new("gone"));
    let mut server = Server::ephemeral(options(&plugins, &image));
    let client = server.tenant(&tenant.0).await;
    for _ in 0..2 {
        call(&client, "create-network", json!({ "name": "n" })).await.expect("made");
        let new = json!({ "name": "a", "image": image, "network": "n", "command": ["/bin/sleep", "1000"] });
        call(&client, "create-container", new).await.expect("made");
        call(&client, "start-container", json!({ "name": "a" })).await.expect("started");
        server.tenant_reset(&tenant.0).await;
        assert!(tenant.left().iter().all(Vec::is_empty), "a reset leaves nothing");
    }
    call(&client, "create-volume", json!({ "name": "v" })).await.expect("made");
    server.terminate();
    assert!(server.ended_within(LONG).is_some_and(|status| status.success()));
    assert!(tenant.left().iter().all(Vec::is_empty), "the end leaves nothing");
}
