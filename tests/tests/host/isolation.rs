//! Tenants see nothing of each other. Driven by the list of the contract's functions: a function of `wit/` without a case here fails.

use fogbank_tests::guests::Plugins;
use fogbank_tests::{Client, Options, Server, stored, top, wait_for};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::time::Duration;

/// What tenant A stores, and B must never see.
const SECRET: &str = "secret-of-blue";

/// Two tenants that use the same service.
struct Pair {
    a: Client,
    b: Client,
    server: Server,
}

impl Pair {
    async fn new() -> Self {
        let plugins = Plugins::of(&["probe"]);
        let mut options = Options::new().plugins(&plugins);
        // Without an engine every one of these functions says so, to both.
        if let Ok(image) = std::env::var("FOGBANK_TEST_DOCKER") {
            options = options.arg("--set").arg(format!("docker.allow={image}"));
        }
        let server = Server::with(options);
        let (a, b) = (server.tenant("blue").await, server.tenant("green").await);
        Self { a, b, server }
    }

    /// Calls as A, which has to succeed.
    async fn a(&self, function: &str, arguments: Value) -> Value {
        call(&self.a, function, arguments).await.expect("A may")
    }

    /// Calls as B, which sees nothing of A's whatever comes.
    async fn b(&self, function: &str, arguments: Value) -> Result<Value, String> {
        let given = call(&self.b, function, arguments).await;
        let said = format!("{given:?}");
        assert!(!said.contains(SECRET), "{function}: B sees {said}");
        given
    }

    /// Calls as B, which has to be refused with `error`.
    async fn refused(&self, function: &str, arguments: Value, error: &str) {
        let given = self.b(function, arguments).await;
        assert!(given.as_ref().is_err_and(|name| name.contains(error)), "{function}: {given:?}");
    }

    async fn file(&self) -> String {
        text(self.a("files.staged.commit", json!({ "text": SECRET })).await)
    }

    async fn upload(&self) -> String {
        let id = text(self.a("files.create-upload", json!({})).await);
        self.a("files.upload.append", json!({ "id": id, "offset": 0, "text": SECRET })).await;
        id
    }

    /// An operation of A's that goes on until it is cancelled.
    async fn operation(&self) -> String {
        let new = json!({ "kind": "wait", "target": "shared", "text": SECRET });
        text(self.a("operations.start", new).await)
    }

    /// Makes a container, a network, a volume and an image as A, has B try `function` with the same names, and looks whether A has
    /// them still. Where the test run has no engine, B is told so.
    async fn docker(&self, function: &str, more: Value) -> Result<Value, String> {
        let Ok(image) = std::env::var("FOGBANK_TEST_DOCKER") else {
            return self.b(function, json!({ "name": "shared" })).await;
        };
        let new = json!({ "name": "shared", "image": image, "command": ["/bin/sh", "-c", format!("echo {SECRET}; sleep 1000")],
            "label": SECRET, "network": "shared", "volume": "shared" });
        self.a("docker.create-network", json!({ "name": "shared" })).await;
        self.a("docker.create-volume", json!({ "name": "shared" })).await;
        self.a("docker.import-image", json!({ "name": "shared", "files": { "/said": SECRET } })).await;
        self.a("docker.create-container", new).await;
        self.a("docker.start-container", json!({ "name": "shared" })).await;
        let before = self.a("docker.list-containers", json!({})).await;
        let mut arguments = json!({ "name": "shared", "image": "shared", "network": "shared", "signal": "SIGKILL", "ms": 1000,
            "command": ["/bin/cat", "/proc/1/cmdline"], "files": { "/stolen": "x" }, "prefix": "" });
        arguments.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let given = self.b(function, arguments).await;
        assert_eq!(self.a("docker.list-containers", json!({})).await, before, "{function}: A's container is as it was");
        assert!(self.a("docker.image-size", json!({ "name": "shared" })).await.is_number(), "{function}: A's image");
        assert_eq!(self.a("docker.list-volumes", json!({})).await, json!(["shared"]), "{function}: A's volume");
        self.a("docker.get-network", json!({ "name": "shared" })).await;
        given
    }

    /// As [`Pair::docker`], where B has to be told that there is nothing of the name.
    async fn docker_hidden(&self, function: &str) {
        let given = self.docker(function, json!({})).await;
        let hidden = |error: &String| {
            error.contains("NotFound") || error.contains("Unavailable") || error.contains("NotAllowed")
        };
        assert!(given.as_ref().is_err_and(hidden), "{function}: {given:?}");
    }

    /// As [`Pair::docker`], where B gets something of its own, or is told that there is nothing to be done.
    async fn docker_own(&self, function: &str) -> Value {
        match self.docker(function, json!({})).await {
            Ok(given) => given,
            Err(error) => {
                assert!(error.contains("Unavailable"), "{function}: {error}");
                Value::Null
            }
        }
    }

    /// Posts a body of more than 64 KiB to both at once; each gets its own.
    async fn bodies(&self, function: &str, encode: fn(String) -> Vec<u8>) -> (Value, Value) {
        let send = |client: &Client, name: &str| {
            let body = encode(format!("{name}\n{}", name.repeat(20_000)));
            let request = client.request(Method::POST, &format!("/probe/v1/body/{function}"));
            let client = client.clone();
            async move { client.send(request.body(body)).await.expect(200).json()["ok"].clone() }
        };
        let (a, b) = tokio::join!(send(&self.a, SECRET), send(&self.b, "green"));
        assert!(!b.to_string().contains(SECRET), "{function}: B sees A's body");
        (a, b)
    }
}

async fn call(client: &Client, function: &str, arguments: Value) -> Result<Value, String> {
    let answer = client.post(&format!("/probe/v1/call/{function}"), arguments).await.expect(200).json();
    match answer["error"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(answer["ok"].clone()),
    }
}

fn text(value: Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn plain(text: String) -> Vec<u8> {
    text.into_bytes()
}

/// Stored, not compressed: a gzip member whose length is more than 64 KiB.
fn gzip(text: String) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(text.as_bytes()).expect("in memory");
    encoder.finish().expect("in memory")
}

type Case = for<'p> fn(&'p Pair) -> Pin<Box<dyn Future<Output = ()> + 'p>>;

macro_rules! cases {
    ($($name:literal => |$pair:ident| $body:expr),* $(,)?) => {
        vec![$(($name, (|$pair| Box::pin(async move { $body; })) as Case)),*]
    };
}

const INSERT: &str = "INSERT INTO kept (said) VALUES ($1)";
const SELECT: &str = "SELECT said FROM kept";
const RESOURCE: &str = "//probe.test/things/shared";

fn policy() -> Value {
    let document = json!({ "version": 1, "bindings": [{ "role": "roles/owner", "members": [format!("user:{SECRET}@example.com")] }] });
    json!({ "resource": RESOURCE, "document": document.to_string() })
}

fn http_and_context() -> Vec<(&'static str, Case)> {
    cases! {
        "http/bodies.body.length" => |pair| {
            let (a, b) = pair.bodies("body.length", plain).await;
            assert!(a.as_u64() > b.as_u64());
        },
        "http/bodies.body.read" => |pair| assert!(text(pair.bodies("body.read", plain).await.1).starts_with("green")),
        "http/bodies.body.read-to-end" => |pair| assert!(text(pair.bodies("body.read-to-end", plain).await.1).ends_with("green")),
        "http/bodies.body.until" => |pair| assert_eq!(pair.bodies("body.until", plain).await.1, "green"),
        "http/bodies.body.gunzip" => |pair| assert!(text(pair.bodies("body.gunzip", gzip).await.1).starts_with("green\n")),
        "http/responses.start" => |pair| {
            let (a, b) = tokio::join!(pair.a.get("/probe/v1/answer"), pair.b.get("/probe/v1/answer"));
            assert_eq!((a.text().as_str(), b.text().as_str()), ("blue", "green"));
        },
        "http/responses.writer.write" => |pair| assert_eq!(pair.b.get("/probe/v1/answer").await.expect(200).text(), "green"),
        "context/context.tenant" => |pair| {
            assert_eq!(pair.a("context.tenant", json!({})).await, "blue");
            assert_eq!(pair.b("context.tenant", json!({})).await, Ok("green".into()));
        },
        "context/context.base-url" => |pair| {
            let base = text(pair.b("context.base-url", json!({})).await.expect("a URL"));
            assert_eq!(base, pair.b.base());
        },
        "context/context.request-id" => |pair| {
            let (a, b) = (pair.a("context.request-id", json!({})).await, pair.b("context.request-id", json!({})).await);
            assert_ne!(Ok(a), b);
        },
        "context/context.default-project" => |pair| assert!(!text(pair.b("context.default-project", json!({})).await.unwrap()).is_empty()),
        "context/context.now-ms" => |pair| assert!(pair.b("context.now-ms", json!({})).await.unwrap().as_u64() > Some(0)),
        "context/context.started-ms" => |pair| assert!(pair.b("context.started-ms", json!({})).await.unwrap().as_u64() > Some(0)),
        "context/context.setting" => |pair| assert_eq!(pair.b("context.setting", json!({ "name": "x" })).await, Ok(Value::Null)),
        "context/context.log" => |pair| {
            pair.b("context.log", json!({ "text": "a line of green's" })).await.unwrap();
            let log = pair.server.log_with("a line of green's");
            let line = log.lines().find(|line| line.contains("a line of green's")).expect("logged");
            assert!(line.contains("green") && line.contains("probe"), "{line}");
        },
        "context/context.reach" => |pair| pair.b("context.reach", json!({ "point": "nowhere" })).await.unwrap(),
    }
}

fn files() -> Vec<(&'static str, Case)> {
    cases! {
        "files/files.stage" => |pair| {
            let id = pair.file().await;
            pair.refused("files.stage", json!({ "file": id }), "NotFound").await;
        },
        "files/files.staged.digest" => |pair| {
            let id = pair.file().await;
            pair.refused("files.staged.digest", json!({ "file": id }), "NotFound").await;
        },
        "files/files.staged.read" => |pair| {
            let id = pair.file().await;
            pair.refused("files.staged.read", json!({ "file": id }), "NotFound").await;
            pair.refused("files.staged.read", json!({ "file": format!("../../../blue/probe/files/{id}") }), "").await;
        },
        "files/files.staged.commit" => |pair| {
            let id = pair.file().await;
            pair.refused("files.staged.commit", json!({ "file": id }), "NotFound").await;
        },
        "files/files.open" => |pair| {
            let id = pair.file().await;
            for id in [id.clone(), format!("../../../blue/probe/files/{id}"), format!("/{id}"), String::new(), "..".into()] {
                pair.refused("files.open", json!({ "id": id }), "").await;
            }
        },
        "files/files.file.size" => |pair| pair.refused("files.file.size", json!({ "id": pair.file().await }), "NotFound").await,
        "files/files.file.read" => |pair| pair.refused("files.file.read", json!({ "id": pair.file().await }), "NotFound").await,
        "files/files.file.body" => |pair| pair.refused("files.file.body", json!({ "id": pair.file().await }), "NotFound").await,
        "files/files.remove" => |pair| {
            let id = pair.file().await;
            for id in [id.clone(), format!("../../../blue/probe/files/{id}")] {
                pair.b("files.remove", json!({ "id": id })).await.unwrap();
            }
            assert_eq!(pair.a("files.file.read", json!({ "id": id })).await, SECRET, "it is still there");
        },
        "files/files.list" => |pair| {
            let id = pair.file().await;
            assert!(pair.a("files.list", json!({})).await.to_string().contains(&id));
            assert!(!pair.b("files.list", json!({})).await.unwrap().to_string().contains(&id));
        },
        "files/files.space" => |pair| {
            pair.file().await;
            let used = |space: Value| space["used"].as_u64().expect("a number");
            let before = used(pair.b("files.space", json!({})).await.unwrap());
            pair.file().await;
            assert_eq!(used(pair.b("files.space", json!({})).await.unwrap()), before);
        },
        "files/files.create-upload" => |pair| {
            let id = text(pair.b("files.create-upload", json!({})).await.unwrap());
            assert_ne!(id, pair.upload().await);
        },
        "files/files.upload.id" => |pair| pair.refused("files.upload.id", json!({ "id": pair.upload().await }), "NotFound").await,
        "files/files.upload.size" => |pair| pair.refused("files.upload.size", json!({ "id": pair.upload().await }), "NotFound").await,
        "files/files.upload.append" => |pair| {
            let id = pair.upload().await;
            let at_end = json!({ "id": id, "offset": SECRET.len(), "text": "more" });
            pair.refused("files.upload.append", at_end, "NotFound").await;
            pair.refused("files.upload.append", json!({ "offset": 0, "file": pair.file().await }), "NotFound").await;
            assert_eq!(pair.a("files.upload.finish", json!({ "id": id })).await, SECRET, "nothing was appended");
        },
        "files/files.upload.truncate" => |pair| {
            let id = pair.upload().await;
            pair.refused("files.upload.truncate", json!({ "id": id, "size": 0 }), "NotFound").await;
            assert_eq!(pair.a("files.upload.size", json!({ "id": id })).await, SECRET.len());
        },
        "files/files.upload.finish" => |pair| pair.refused("files.upload.finish", json!({ "id": pair.upload().await }), "NotFound").await,
        "files/files.open-upload" => |pair| pair.refused("files.open-upload", json!({ "id": pair.upload().await }), "NotFound").await,
        "files/files.remove-upload" => |pair| {
            let id = pair.upload().await;
            let _ = pair.b("files.remove-upload", json!({ "id": id })).await;
            assert_eq!(pair.a("files.upload.size", json!({ "id": id })).await, SECRET.len(), "it is still there");
        },
    }
}

fn database() -> Vec<(&'static str, Case)> {
    cases! {
        "database/database.backend" => |pair| assert_eq!(pair.b("database.backend", json!({})).await, Ok(pair.a("database.backend", json!({})).await)),
        "database/database.query" => |pair| {
            pair.a("database.execute", json!({ "sql": INSERT, "text": SECRET })).await;
            assert!(pair.a("database.query", json!({ "sql": SELECT })).await.to_string().contains(SECRET));
            pair.b("database.query", json!({ "sql": SELECT })).await.unwrap();
            for sql in elsewhere() {
                let _ = pair.b("database.query", json!({ "sql": sql })).await;
            }
        },
        "database/database.execute" => |pair| {
            pair.b("database.execute", json!({ "sql": INSERT, "text": "green" })).await.unwrap();
            assert!(!pair.a("database.query", json!({ "sql": SELECT })).await.to_string().contains("green"));
            for sql in elsewhere() {
                let _ = pair.b("database.execute", json!({ "sql": sql })).await;
            }
        },
        "database/database.begin" => |pair| pair.b("database.begin", json!({})).await.unwrap(),
        "database/database.transaction.query" => |pair| {
            pair.a("database.transaction.commit", json!({ "sql": INSERT, "text": SECRET })).await;
            pair.b("database.transaction.query", json!({ "sql": SELECT })).await.unwrap();
        },
        "database/database.transaction.execute" => |pair| {
            pair.b("database.transaction.execute", json!({ "sql": "DELETE FROM kept" })).await.unwrap();
            assert!(pair.a("database.query", json!({ "sql": SELECT })).await.to_string().contains(SECRET));
        },
        "database/database.transaction.commit" => |pair| {
            pair.b("database.transaction.commit", json!({ "sql": "DELETE FROM kept" })).await.unwrap();
            assert!(pair.a("database.query", json!({ "sql": SELECT })).await.to_string().contains(SECRET));
        },
    }
}

/// Statements that reach for other databases, schemas, files and roles. Whatever they give, it is nothing of A's.
fn elsewhere() -> Vec<String> {
    let sqlite = [
        "ATTACH DATABASE '../../blue/probe/db.sqlite' AS blue",
        "VACUUM INTO '/tmp/fogbank-stolen.sqlite'",
        "PRAGMA database_list",
    ];
    let postgres = [
        "SELECT schemaname || tablename FROM pg_tables WHERE tablename = 'kept'",
        "SELECT pg_read_file('PG_VERSION')",
        "COPY kept TO PROGRAM 'true'",
        "SET ROLE postgres",
        "RESET ROLE",
        "SET search_path TO blue_probe",
        "SELECT query FROM pg_stat_activity",
    ];
    sqlite.iter().chain(&postgres).map(|sql| (*sql).to_owned()).collect()
}

fn operations() -> Vec<(&'static str, Case)> {
    cases! {
        "operations/operations.start" => |pair| {
            // The same name in both is two operations.
            let new = |text: &str| json!({ "kind": "note", "target": "t", "id": "same-name", "text": text });
            pair.a("operations.start", new(SECRET)).await;
            pair.b("operations.start", new("green")).await.unwrap();
            let ran = || async { pair.b("database.query", json!({ "sql": "SELECT input FROM ran" })).await.unwrap().to_string() };
            wait_for(Duration::from_secs(20), "B's runs in B", || async { ran().await.contains("green") }).await;
        },
        "operations/operations.get" => |pair| pair.refused("operations.get", json!({ "id": pair.operation().await }), "NotFound").await,
        "operations/operations.list" => |pair| {
            let id = pair.operation().await;
            assert!(pair.a("operations.list", json!({ "target": "" })).await.to_string().contains(&id));
            assert!(!pair.b("operations.list", json!({ "target": "" })).await.unwrap().to_string().contains(&id));
        },
        "operations/operations.progress" => |pair| {
            let id = pair.operation().await;
            pair.refused("operations.progress", json!({ "id": id, "text": "\"stolen\"" }), "NotFound").await;
            assert!(!pair.a("operations.get", json!({ "id": id })).await.to_string().contains("stolen"));
        },
        "operations/operations.cancel" => |pair| {
            let id = pair.operation().await;
            pair.refused("operations.cancel", json!({ "id": id }), "NotFound").await;
            assert!(pair.a("operations.get", json!({ "id": id })).await.to_string().contains("cancel-requested: false"));
        },
        "operations/operations.delete" => |pair| {
            let id = pair.operation().await;
            let _ = pair.b("operations.delete", json!({ "id": id })).await;
            pair.a("operations.get", json!({ "id": id })).await;
        },
        "operations/runner.run" => |pair| {
            let new = json!({ "kind": "note", "target": "t", "text": SECRET });
            pair.a("operations.start", new).await;
            let ran = || async { pair.a("database.query", json!({ "sql": "SELECT input FROM ran" })).await.to_string() };
            wait_for(Duration::from_secs(20), "A's runs in A", || async { ran().await.contains(SECRET) }).await;
            pair.b("database.query", json!({ "sql": "SELECT input FROM ran" })).await.unwrap();
        },
    }
}

fn identity_and_peers() -> Vec<(&'static str, Case)> {
    cases! {
        "identity/identity.caller" => |pair| pair.b("identity.caller", json!({})).await.unwrap(),
        "identity/identity.require" => |pair| pair.b("identity.require", json!({ "resource": RESOURCE, "permission": "p" })).await.unwrap(),
        "identity/identity.test-permissions" => |pair| {
            pair.b("identity.test-permissions", json!({ "resource": RESOURCE, "permission": "p" })).await.unwrap();
        },
        "identity/identity.allowed" => |pair| {
            pair.b("identity.allowed", json!({ "resource": RESOURCE, "permission": "p" })).await.unwrap();
        },
        "identity/identity.ancestry" => |pair| {
            pair.a("identity.set-policy", policy()).await;
            let below = json!({ "resource": format!("{RESOURCE}/below") });
            assert!(pair.a("identity.ancestry", below.clone()).await.to_string().contains(SECRET));
            pair.b("identity.ancestry", below).await.unwrap();
        },
        "identity/identity.changed" => |pair| pair.b("identity.changed", json!({})).await.unwrap(),
        "identity/signers.assume-signed" => |pair| {
            let account = json!({ "account": "nobody@example.com", "signature": "none" });
            pair.b("identity.assume-signed", account).await.unwrap();
        },
        "identity/authority.authenticate" => |pair| {
            let wanted = json!({ "user": format!("{SECRET}@example.com"), "project": "demo-project" });
            let token = text(pair.a.post("/auth/tokens", wanted).await.expect(200).json()["access_token"].clone());
            let path = format!("/oauth2/v3/tokeninfo?access_token={token}");
            assert!(pair.a.get(&path).await.expect(200).text().contains(SECRET));
            assert!(!pair.b.get(&path).await.expect(400).text().contains(SECRET), "a token of A's is none of B's");
        },
        "identity/authority.decide" => |pair| {
            pair.a("identity.set-policy", policy()).await;
            let explain = async |tenant: &str| {
                let principal = format!("user:{SECRET}@example.com");
                let query = format!("principal={principal}&permission=probe.functions.call&resource={RESOURCE}");
                let path = format!("/_fogbank/iam/explain?tenant={tenant}&{query}");
                pair.server.client().get(&path).await.expect(200).json()["allowed"] == true
            };
            assert!(explain("blue").await, "an owner may");
            assert!(!explain("green").await, "a policy of A's is none of B's");
        },
        "catalog/catalog.services" => |pair| {
            assert!(pair.b("catalog.services", json!({})).await.unwrap().to_string().contains("probe.functions.call"));
        },
        "catalog/catalog.revision" => |pair| pair.b("catalog.revision", json!({})).await.unwrap(),
        "identity/identity.get-policy" => |pair| {
            pair.a("identity.set-policy", policy()).await;
            assert!(pair.a("identity.get-policy", json!({ "resource": RESOURCE })).await.to_string().contains(SECRET));
            pair.b("identity.get-policy", json!({ "resource": RESOURCE })).await.unwrap();
        },
        "identity/identity.set-policy" => |pair| {
            pair.a("identity.set-policy", policy()).await;
            let empty = json!({ "resource": RESOURCE, "document": "{\"bindings\": []}" });
            pair.b("identity.set-policy", empty).await.unwrap();
            assert!(pair.a("identity.get-policy", json!({ "resource": RESOURCE })).await.to_string().contains(SECRET));
        },
        "identity/identity.set-parent" => |pair| {
            pair.b("identity.set-parent", json!({ "resource": RESOURCE, "parent": "//probe.test/folders/green" })).await.unwrap();
        },
        "identity/identity.forget" => |pair| {
            pair.a("identity.set-policy", policy()).await;
            pair.b("identity.forget", json!({ "resource": RESOURCE })).await.unwrap();
            assert!(pair.a("identity.get-policy", json!({ "resource": RESOURCE })).await.to_string().contains(SECRET));
        },
        "peers/peers.send" => |pair| {
            let ask = |url: &str| json!({ "url": url, "text": "{}" });
            let own = pair.b("peers.send", ask("http://probe.test/probe/v1/call/context.tenant")).await.unwrap();
            assert!(own.to_string().contains("green"), "a peer is of the same tenant: {own}");
            let other = pair.b("peers.send", ask("http://probe.test/_tenants/blue/probe/v1/call/context.tenant")).await;
            assert!(!format!("{other:?}").contains("blue\\\""), "a prefix leads nowhere: {other:?}");
            let other = pair.b("peers.send", ask("http://blue.localhost/probe/v1/call/context.tenant")).await;
            assert!(!format!("{other:?}").contains("\\\"blue\\\""), "a host name leads nowhere: {other:?}");
        },
    }
}

fn docker_things() -> Vec<(&'static str, Case)> {
    cases! {
        "docker/docker.get-backend" => |pair| pair.b("docker.get-backend", json!({})).await.unwrap(),
        "docker/docker.available" => |pair| pair.docker_own("docker.available").await,
        "docker/docker.ensure-image" => |pair| pair.docker_hidden("docker.ensure-image").await,
        "docker/docker.import-image" => |pair| {
            pair.docker_own("docker.import-image").await;
            pair.docker_own("docker.remove-image").await;
        },
        "docker/docker.commit" => |pair| pair.docker_hidden("docker.commit").await,
        "docker/docker.image-size" => |pair| assert!(pair.docker_own("docker.image-size").await.is_null()),
        "docker/docker.remove-image" => |pair| pair.docker_own("docker.remove-image").await,
        "docker/docker.create-network" => |pair| {
            pair.docker_own("docker.create-network").await;
            pair.docker_own("docker.remove-network").await;
        },
        "docker/docker.get-network" => |pair| pair.docker_hidden("docker.get-network").await,
        "docker/docker.remove-network" => |pair| pair.docker_own("docker.remove-network").await,
        "docker/docker.connect" => |pair| pair.docker_hidden("docker.connect").await,
        "docker/docker.disconnect" => |pair| pair.docker_hidden("docker.disconnect").await,
        "docker/docker.create-volume" => |pair| {
            pair.docker_own("docker.create-volume").await;
            pair.docker_own("docker.remove-volume").await;
        },
        "docker/docker.remove-volume" => |pair| pair.docker_own("docker.remove-volume").await,
        "docker/docker.list-volumes" => |pair| assert!(!pair.docker_own("docker.list-volumes").await.to_string().contains("shared")),
        "docker/docker.create-container" => |pair| {
            let stolen = [json!({ "own": "shared" }), json!({ "join": "shared", "network": "" }), json!({ "volume": "shared" })];
            for more in stolen {
                let mut more = more;
                // An image that B may use, so that it is the other thing that is refused.
                more["image"] = std::env::var("FOGBANK_TEST_DOCKER").unwrap_or_default().into();
                let given = pair.docker("docker.create-container", more.clone()).await;
                assert!(given.is_err(), "{more}: {given:?}");
            }
        },
        "docker/docker.start-container" => |pair| pair.docker_hidden("docker.start-container").await,
        "docker/docker.stop-container" => |pair| pair.docker_hidden("docker.stop-container").await,
        "docker/docker.kill-container" => |pair| pair.docker_hidden("docker.kill-container").await,
        "docker/docker.pause-container" => |pair| pair.docker_hidden("docker.pause-container").await,
        "docker/docker.unpause-container" => |pair| pair.docker_hidden("docker.unpause-container").await,
        "docker/docker.remove-container" => |pair| pair.docker_own("docker.remove-container").await,
        "docker/docker.wait-container" => |pair| pair.docker_hidden("docker.wait-container").await,
        "docker/docker.set-limits" => |pair| pair.docker_hidden("docker.set-limits").await,
        "docker/docker.states" => |pair| assert!(pair.docker_own("docker.states").await[0].is_null()),
        "docker/docker.list-containers" => |pair| {
            let listed = pair.docker_own("docker.list-containers").await;
            assert!(listed.is_null() || listed == json!([]), "{listed}");
        },
        "docker/docker.put-files" => |pair| pair.docker_hidden("docker.put-files").await,
        "docker/docker.exec" => |pair| pair.docker_hidden("docker.exec").await,
        "docker/docker.logs" => |pair| pair.docker_hidden("docker.logs").await,
        "docker/docker.set-forwards" => |pair| pair.docker_hidden("docker.set-forwards").await,
        "docker/docker.get-endpoint" => |pair| pair.docker_hidden("docker.get-endpoint").await,
        "docker/docker.calling-container" => |pair| assert_eq!(pair.b("docker.calling-container", json!({})).await, Ok(Value::Null)),
    }
}

fn all_cases() -> BTreeMap<&'static str, Case> {
    [http_and_context(), files(), database(), operations(), identity_and_peers(), docker_things()]
        .into_iter()
        .flatten()
        .collect()
}

/// `package/interface.function` and `package/interface.resource.method` of every WIT file that services import, and the runner.
pub(crate) fn functions_of_the_contract() -> BTreeSet<String> {
    let mut functions = BTreeSet::new();
    for package in std::fs::read_dir(top().join("wit/0.1/deps")).expect("wit/0.1/deps").flatten() {
        let package = package.path();
        let name = package.file_name().expect("a name").to_string_lossy().into_owned();
        for file in std::fs::read_dir(&package).expect("a folder").flatten() {
            collect(&name, &std::fs::read_to_string(file.path()).expect("a WIT file"), &mut functions);
        }
    }
    functions
}

fn collect(package: &str, wit: &str, functions: &mut BTreeSet<String>) {
    let (mut interface, mut resource) = (String::new(), String::new());
    for line in wit.lines().map(str::trim) {
        let after = |word: &str| line.strip_prefix(word).map(|rest| rest.trim_end_matches('{').trim().to_owned());
        if let Some(name) = after("interface ") {
            interface = name;
        } else if let Some(name) = after("resource ") {
            resource = format!("{name}.");
        } else if line == "}" {
            resource.clear();
        } else if let Some((name, _)) = line.split_once(": func(") {
            functions.insert(format!("{package}/{interface}.{resource}{}", name.trim_start_matches('%')));
        }
    }
}

#[test]
fn every_function_of_the_contract_has_a_case() {
    let cases: BTreeSet<String> = all_cases().keys().map(|name| (*name).to_owned()).collect();
    let functions = functions_of_the_contract();
    assert!(functions.len() > 50, "{functions:?}");
    let without: Vec<_> = functions.difference(&cases).collect();
    assert!(without.is_empty(), "no case for {without:?}");
    let unknown: Vec<_> = cases.difference(&functions).collect();
    assert!(unknown.is_empty(), "no such function: {unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_function_shows_one_tenant_what_is_anothers() {
    let pair = Pair::new().await;
    for (name, case) in all_cases() {
        eprintln!("{name}");
        case(&pair).await;
    }
    let theirs = pair.server.data().join("tenants/green");
    assert_eq!(
        stored::files_with(&theirs, SECRET.as_bytes()),
        Vec::<std::path::PathBuf>::new(),
        "nothing of A's in B's folder"
    );
    for tenant in ["blue", "green"] {
        pair.server.tenant_reset(tenant).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_one_tenant_are_not_anothers() {
    let server = Server::start();
    let (a, b) = (server.tenant("blue").await, server.tenant("green").await);
    a.bucket("same-name").await;
    a.upload("same-name", "o", SECRET).await.expect(200);
    b.get("/storage/v1/b/same-name").await.expect(404);
    b.bucket("same-name").await;
    assert_eq!(b.names("same-name", "").await, Vec::<String>::new());
    b.download("same-name", "o").await.expect(404);
    b.upload("same-name", "o", "green").await.expect(200);
    assert_eq!(a.download("same-name", "o").await.expect(200).text(), SECRET);
    let link = a.object("same-name", "o").await.expect(200).json()["mediaLink"].as_str().unwrap_or_default().to_owned();
    assert!(link.starts_with(a.base()), "links lead back to the tenant: {link}");
    server.client().get("/storage/v1/b/same-name").await.expect(404);
}
