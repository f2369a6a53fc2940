//! kill -9 at any moment (F15): after the restart each object is whole, old or new, its checksums match, no orphan file is left.

use fogbank_tests::content::{bytes, crc32c, md5};
use fogbank_tests::{Client, Options, Server, stored, top, wait_until};
use reqwest::Method;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// What an object may be: absent, or one of these contents.
type State = Option<Vec<u8>>;

/// A data folder that outlives its servers, and what has to be in it.
struct World {
    data: TempDir,
    /// What each object may be now; more than one where an answer is missing.
    may_be: BTreeMap<String, Vec<State>>,
    seed: u64,
}

/// What is done while the host dies.
const ACTS: [&str; 7] = ["create", "overwrite", "delete", "compose", "copy", "resumable", "multipart"];

impl World {
    async fn new() -> Self {
        let mut world = Self { data: tempfile::tempdir().expect("a folder"), may_be: BTreeMap::new(), seed: 1 };
        let server = world.server(None);
        let bucket = json!({ "name": "box", "softDeletePolicy": { "retentionDurationSeconds": "0" } });
        server.client().post("/storage/v1/b?project=p", bucket).await.expect(200);
        assert!(world.prepare(&server.client()).await);
        world
    }

    fn server(&self, fault: Option<String>) -> Server {
        let options = Options::new().data(self.data.path());
        Server::with(fault.into_iter().fold(options, |options, fault| options.env("FOGBANK_FAULT", fault)))
    }

    fn content(&mut self) -> Vec<u8> {
        self.seed += 1;
        bytes(100_000 + (self.seed as usize * 7919) % 50_000, self.seed)
    }

    /// Makes what the acts need to be there; false where the host died.
    async fn prepare(&mut self, client: &Client) -> bool {
        for name in ["overwrite", "delete", "one", "two"] {
            if self.known(name).is_none() {
                let content = self.content();
                if !self.upload(client, name, content).await {
                    return false;
                }
            }
        }
        true
    }

    /// The content of an object whose state is known.
    fn known(&self, name: &str) -> Option<Vec<u8>> {
        match self.may_be.get(name).map(Vec::as_slice) {
            Some([Some(content)]) => Some(content.clone()),
            _ => None,
        }
    }

    /// Notes that `name` may become `state`, and that it is if the answer says so.
    async fn change(&mut self, client: &Client, name: &str, state: State, request: reqwest::RequestBuilder) -> bool {
        let states = self.may_be.entry(name.to_owned()).or_insert_with(|| vec![None]);
        states.push(state.clone());
        let answer = client.try_send(request).await;
        let done = answer.as_ref().is_ok_and(|answer| (200..300).contains(&answer.status));
        if done {
            *states = vec![state];
        }
        done
    }

    async fn upload(&mut self, client: &Client, name: &str, content: Vec<u8>) -> bool {
        let request = client.media("box", name).body(content.clone());
        self.change(client, name, Some(content), request).await
    }

    /// One of [`ACTS`]; false where the host died.
    async fn act(&mut self, client: &Client, act: &str) -> bool {
        let content = self.content();
        let whole = [self.known("one").expect("prepared"), self.known("two").expect("prepared")];
        match act {
            "create" => self.upload(client, &format!("new-{}", self.seed), content).await,
            "overwrite" => self.upload(client, "overwrite", content).await,
            "delete" => {
                let request = client.request(Method::DELETE, "/storage/v1/b/box/o/delete");
                self.change(client, "delete", None, request).await
            }
            "compose" => {
                let sources = json!({ "sourceObjects": [{ "name": "one" }, { "name": "two" }] });
                let request = client.request(Method::POST, "/storage/v1/b/box/o/composed/compose").json(&sources);
                self.change(client, "composed", Some(whole.concat()), request).await
            }
            "copy" => {
                let request =
                    client.request(Method::POST, "/storage/v1/b/box/o/one/rewriteTo/b/box/o/copied").json(&json!({}));
                self.change(client, "copied", Some(whole[0].clone()), request).await
            }
            "resumable" => self.resumable(client, content).await,
            _ => {
                let path = "/upload/storage/v1/b/box/o?uploadType=multipart";
                let head = b"--x\r\ncontent-type: application/json\r\n\r\n{\"name\": \"multipart\"}\r\n--x\r\n\r\n";
                let body = [head, content.as_slice(), b"\r\n--x--"].concat();
                let request =
                    client.request(Method::POST, path).header("content-type", "multipart/related; boundary=x");
                self.change(client, "multipart", Some(content), request.body(body)).await
            }
        }
    }

    async fn resumable(&mut self, client: &Client, mut content: Vec<u8>) -> bool {
        content.resize((256 << 10) + 1000, 9);
        let path = "/upload/storage/v1/b/box/o?uploadType=resumable&name=resumable";
        let Ok(begun) = client.try_send(client.request(Method::POST, path)).await else { return false };
        let Some(session) = begun.header("location").strip_prefix(client.base()).map(str::to_owned) else {
            return false;
        };
        let (first, second) = content.split_at(256 << 10);
        let range = format!("bytes 0-{}/{}", first.len() - 1, content.len());
        let request = client.request(Method::PUT, &session).header("content-range", range).body(first.to_vec());
        if client.try_send(request).await.is_err() {
            return false;
        }
        let range = format!("bytes {}-{}/{}", first.len(), content.len() - 1, content.len());
        let request = client.request(Method::PUT, &session).header("content-range", range).body(second.to_vec());
        self.change(client, "resumable", Some(content), request).await
    }

    /// Starts a server that finds everything whole, and notes what it found.
    async fn check(&mut self, what: &str) -> Server {
        let server = self.server(None);
        let client = server.client();
        let mut there = BTreeSet::new();
        for (name, states) in &mut self.may_be {
            let found = read(&client, name).await;
            assert!(
                states.contains(&found),
                "{what}: {name} is neither old nor new: {:?} bytes",
                found.map(|found| found.len())
            );
            if found.is_some() {
                there.insert(name.clone());
            }
            *states = vec![found];
        }
        let listed: BTreeSet<_> = client.names("box", "versions=true").await.into_iter().collect();
        assert_eq!(listed, there, "{what}");
        let data = server.data().to_owned();
        wait_until(Duration::from_secs(40), &format!("{what}: no orphan file is left"), || {
            no_orphans(&data, there.len())
        });
        assert!(self.prepare(&client).await);
        server
    }
}

fn no_orphans(data: &Path, objects: usize) -> bool {
    let staged = stored::files_below(&data.join("tenants/default/storage/staging"));
    stored::objects(data).len() == objects && staged.is_empty()
}

/// The content of an object, checked against its checksums.
async fn read(client: &Client, name: &str) -> State {
    let object = client.object("box", name).await;
    if object.status == 404 {
        return None;
    }
    let object = object.expect(200).json();
    let content = client.download("box", name).await.expect(200).body.to_vec();
    assert_eq!(object["size"], content.len().to_string(), "{name}");
    assert_eq!(object["crc32c"], crc32c(&content), "{name}");
    if let Some(sum) = object.get("md5Hash") {
        assert_eq!(*sum, md5(&content), "{name}");
    }
    Some(content)
}

/// Every point that the files capability and the storage plugin name, from their sources.
fn points() -> BTreeSet<String> {
    let mut points = BTreeSet::new();
    for folder in ["host/src/capability", "plugins/storage/src"] {
        for (file, _) in stored::files_below(&top().join(folder)) {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            for call in text.split("reach").skip(1) {
                let name =
                    call.trim_start_matches("_blocking").strip_prefix("(\"").and_then(|rest| rest.split('"').next());
                points.extend(
                    name.filter(|name| name.starts_with("files.") || name.starts_with("storage.")).map(str::to_owned),
                );
            }
        }
    }
    points
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_kill_at_each_named_point_of_each_act() {
    let points = points();
    assert!(points.len() >= 10, "{points:?}");
    let mut world = World::new().await;
    let mut died = BTreeSet::new();
    for point in &points {
        for act in ACTS {
            let what = format!("{act}, killed at {point}");
            let mut server = world.server(Some(format!("{point}:kill")));
            if !world.act(&server.client(), act).await && server.ended_within(Duration::from_secs(5)).is_some() {
                died.insert(point.clone());
            }
            server.kill();
            drop(world.check(&what).await);
        }
    }
    assert_eq!(died, points, "each point was reached by some act");
}

/// How often the random loop kills.
fn kills() -> u64 {
    std::env::var("FOGBANK_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(30)
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_kill_at_random_moments() {
    let mut world = World::new().await;
    for turn in 0..kills() {
        let server = world.server(None);
        let client = server.client();
        let (pid, after) = (server.pid(), Duration::from_millis(rand::random_range(1..150)));
        let killer = std::thread::spawn(move || {
            std::thread::sleep(after);
            let pid = rustix::process::Pid::from_raw(pid as i32).expect("a process id");
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        });
        let mut acts = ACTS.iter().cycle().skip(turn as usize % ACTS.len());
        while let Some(act) = acts.next()
            && world.act(&client, act).await
            && world.prepare(&client).await
        {}
        killer.join().expect("killed");
        drop(server);
        drop(world.check(&format!("turn {turn}, killed after {after:?}")).await);
    }
}
