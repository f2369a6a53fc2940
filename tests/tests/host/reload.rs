//! Hot reload: a changed service takes the place of the old one under load, and a broken one does not.

use fogbank_tests::guests::Plugins;
use fogbank_tests::{Client, Options, Server, wait_for, wait_until};
use reqwest::{Body, Method};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinHandle;

const LIMIT: Duration = Duration::from_secs(60);

fn watching(plugins: &Plugins) -> Server {
    Server::with(Options::new().plugins(plugins).arg("--watch"))
}

fn notes() -> (Plugins, Server) {
    let plugins = Plugins::of(&[]);
    plugins.put("notes-v1", "notes");
    let server = watching(&plugins);
    (plugins, server)
}

async fn version(client: &Client) -> u64 {
    client.get("/notes/v1/notes").await.expect(200).json()["version"].as_u64().expect("a version")
}

async fn reached(client: &Client, wanted: u64) {
    wait_for(LIMIT, "the new version serves", || async { version(client).await == wanted }).await;
}

/// Asks without a pause until it is stopped; any answer but 200 fails it.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<()>>,
}

impl Load {
    fn on(client: &Client) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let tasks =
            (0..4).map(|_| tokio::spawn(ask(client.clone(), Arc::clone(&stop), Arc::clone(&answered)))).collect();
        Self { stop, answered, tasks }
    }

    /// How many answers there were.
    async fn stop(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.expect("no request failed");
        }
        self.answered.load(Ordering::Relaxed)
    }
}

async fn ask(client: Client, stop: Arc<AtomicBool>, answered: Arc<AtomicUsize>) {
    while !stop.load(Ordering::Relaxed) {
        client.get("/notes/v1/notes").await.expect(200);
        answered.fetch_add(1, Ordering::Relaxed);
    }
}

/// Sends the first half of a body; the second when the returned half of a pipe gets it and is closed.
fn half_sent(client: &Client) -> (tokio::io::DuplexStream, JoinHandle<fogbank_tests::Answer>) {
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    let body = Body::wrap_stream(tokio_util::io::ReaderStream::new(theirs));
    let (client, request) = (client.clone(), client.request(Method::POST, "/notes/v1/count").body(body));
    (ours, tokio::spawn(async move { client.send(request).await }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_with_a_migration_takes_over_under_load_with_a_body_in_flight() {
    let (plugins, server) = notes();
    let client = server.client();
    client.post("/notes/v1/notes", json!({ "words": "first" })).await.expect(200);
    let load = Load::on(&client);
    let (mut body, counted) = half_sent(&client);
    body.write_all(&[1; 100_000]).await.expect("the first half");
    tokio::time::sleep(Duration::from_millis(300)).await;

    plugins.put("notes-v2", "notes");
    reached(&client, 2).await;

    body.write_all(&[2; 100_000]).await.expect("the second half");
    drop(body);
    let counted = counted.await.expect("an answer").expect(200).json();
    assert_eq!(counted, json!({ "version": 1, "bytes": 200_000 }), "the old version finishes what it began");
    assert!(load.stop().await > 20);
    let notes = client.get("/notes/v1/notes").await.expect(200).json();
    assert_eq!(notes["notes"][0], "first 3", "the row from before has the new column");
}

/// Something done to the folder of the service, and a word that the log has to say about it.
type Breakage = (&'static str, fn(&Plugins), &'static str);

const BREAKAGES: &[Breakage] = &[
    ("does not compile", |plugins| plugins.write("notes", "notes.wasm", b"\0asm nonsense"), "notes"),
    ("is no TOML", |plugins| plugins.write("notes", "plugin.toml", "name = "), "TOML"),
    (
        "does not link: the capability is not asked for",
        |plugins| plugins.put_changed("notes-v2", "notes", |toml| toml.replace("database = true", "files = true")),
        "database",
    ),
    (
        "does not migrate",
        |plugins| {
            plugins.put("notes-v2", "notes");
            for backend in ["sqlite", "postgres"] {
                plugins.write(
                    "notes",
                    &format!("migrations/{backend}/0003_broken.sql"),
                    "ALTER TABLE nothing ADD x BIGINT",
                );
            }
        },
        "0003",
    ),
    (
        "does not route: the path is another service's",
        |plugins| {
            plugins.put_changed("notes-v2", "notes", |toml| {
                toml.replacen("\"/notes/v1/notes\"", "\"/storage/v1/b/{bucket}\"", 1)
            })
        },
        "storage",
    ),
    (
        "has a route without a permission",
        |plugins| {
            plugins.put_changed("notes-v2", "notes", |toml| toml.replacen("permission = \"notes.notes.list\"", "", 1))
        },
        "permission",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_compile_link_migrate_or_route_leaves_the_old_version_serving_and_says_why() {
    for (what, break_it, word) in BREAKAGES {
        let (plugins, server) = notes();
        let client = server.client();
        client.post("/notes/v1/notes", json!({ "words": "first" })).await.expect(200);
        let said = server.log().len();
        break_it(&plugins);
        wait_until(LIMIT, what, || {
            server.log()[said..].lines().any(|line| line.contains("ERROR") && line.contains(word))
        });
        assert_eq!(version(&client).await, 1, "{what}");
        let health = client.get("/_fogbank/health/ready").await.expect(503);
        assert!(health.json()["not-loaded"].to_string().contains("notes"), "{what}: {}", health.text());
        // Mended, it takes over.
        for backend in ["sqlite", "postgres"] {
            let _ = std::fs::remove_file(plugins.path().join(format!("notes/migrations/{backend}/0003_broken.sql")));
        }
        plugins.put("notes-v2", "notes");
        reached(&client, 2).await;
        client.get("/_fogbank/health/ready").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_comes_and_goes_with_its_folder() {
    let plugins = Plugins::of(&[]);
    let server = watching(&plugins);
    let client = server.client();
    client.get("/notes/v1/notes").await.expect(404);
    plugins.put("notes-v1", "notes");
    wait_for(LIMIT, "the service is there", || async { client.get("/notes/v1/notes").await.status == 200 }).await;
    std::fs::remove_dir_all(plugins.path().join("notes")).expect("removed");
    wait_for(LIMIT, "the service is gone", || async { client.get("/notes/v1/notes").await.status == 404 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f23_an_older_version_is_refused_on_newer_records() {
    let plugins = Plugins::of(&[]);
    plugins.put("notes-v2", "notes");
    let data = tempfile::tempdir().expect("a folder");
    let options = Options::new().plugins(&plugins).data(data.path());
    let server = Server::with(options.clone());
    server.client().post("/notes/v1/notes", json!({ "words": "new" })).await.expect(200);
    drop(server);

    std::fs::remove_dir_all(plugins.path().join("notes")).expect("removed");
    plugins.put("notes-v1", "notes");
    match Server::try_with(options.clone()) {
        Ok(server) => {
            let answer = server.client().get("/notes/v1/notes").await;
            assert!(answer.status >= 400, "{}", answer.text());
            server.log_with("newer");
        }
        Err(log) => assert!(log.contains("newer"), "{log}"),
    }

    plugins.put("notes-v2", "notes");
    let server = Server::with(options);
    let notes = server.client().get("/notes/v1/notes").await.expect(200).json();
    assert_eq!(notes["notes"], json!(["new 3"]), "untouched");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_included_file_is_a_new_version() {
    let route = |path: &str| {
        format!(
            "[[route]]\nid = \"notes.list\"\nmethod = \"GET\"\npath = \"{path}\"\npermission = \"notes.notes.list\"\n"
        )
    };
    let plugins = Plugins::of(&[]);
    plugins.write("notes", "more/routes.toml", route("/notes/v1/first"));
    plugins.put_changed("notes-v1", "notes", |manifest| format!("include = [\"more/routes.toml\"]\n{manifest}"));
    let server = watching(&plugins);
    let client = server.client();
    client.get("/notes/v1/first").await.expect(200);
    plugins.write("notes", "more/routes.toml", route("/notes/v1/second"));
    wait_for(LIMIT, "the new route", || async { client.get("/notes/v1/second").await.status == 200 }).await;
    client.get("/notes/v1/first").await.expect(404);
    client.get("/notes/v1/notes").await.expect(200);
    plugins.write("notes", "more/routes.toml", "[[route]]\nid = \"notes.broken\"\n");
    wait_until(LIMIT, "the log names the file", || server.log().contains("more/routes.toml"));
    client.get("/notes/v1/second").await.expect(200);
}
