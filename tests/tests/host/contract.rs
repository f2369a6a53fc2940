//! What the contract promises a service: peers, durable work, WASI HTTP beside the own world.

use fogbank_tests::guests::Plugins;
use fogbank_tests::metrics::Reading;
use fogbank_tests::{Client, Options, Server, wait_for};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

fn peers() -> Server {
    let plugins = Plugins::of(&[]);
    plugins.put("peer", "peer-a");
    plugins
        .put_changed("peer", "peer-b", |toml| toml.replace("peer-a", "peer-b").replace("a.peers.test", "b.peers.test"));
    Server::with(Options::new().plugins(&plugins))
}

#[tokio::test(flavor = "multi_thread")]
async fn services_call_each_other_inside_the_tenant() {
    let server = peers();
    for client in [server.client(), server.tenant("blue").await] {
        let told = client.get("/peer-a/v1/ask").await.expect(200).json();
        assert_eq!(told["status"], 200);
        assert_eq!(told["said"]["service"], "peer-b");
        assert_eq!(told["said"]["asked-by"], "peer-a");
        assert_eq!(told["said"]["base"], client.base(), "links in a peer's answer are the client's");
        assert_eq!(told["said"]["request"], told["request"], "one request id through all of them");
        assert_eq!(client.get("/peer-b/v1/several").await.expect(200).json(), json!([200, 404, 200]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_between_services_have_a_depth() {
    let server = peers();
    let deep = server.client().get("/peer-a/v1/ping-pong").await.expect(200).json();
    assert!((2..=16).contains(&deep.as_u64().expect("a number")), "{deep}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f29_no_host_is_reached_that_nobody_claims() {
    let server = peers();
    let client = server.client();
    let own = server.base();
    let away = [
        "http://example.com/".to_owned(),
        "http://evil-b.peers.test/peer-b/v1/hello".to_owned(),
        "http://b.peers.test.evil/peer-b/v1/hello".to_owned(),
        "http://b.peers.test@example.com/".to_owned(),
        format!("{own}/peer-b/v1/hello"),
        "http://169.254.169.254/computeMetadata/v1/".to_owned(),
        "file:///etc/passwd".to_owned(),
        String::new(),
    ];
    for url in away {
        let path = format!("/peer-a/v1/away?url={}", fogbank_tests::encode(&url));
        let outcome = client.get(&path).await.expect(200).json().to_string();
        assert!(outcome.contains("Unreachable") || outcome.contains("Other"), "{url}: {outcome}");
    }
    let outcome = client.get("/peer-a/v1/away?url=http://b.peers.test/peer-b/v1/hello").await.expect(200).json();
    assert_eq!(outcome, "200");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unmodified_wasi_http_component_is_served_with_every_capability() {
    let server = Server::with(Options::new().plugins(&Plugins::of(&["wasi-hello"])));
    let client = server.client();
    let hello = client.get("/wasi-hello/v1/hello").await.expect(200);
    assert_eq!(hello.json()["message"], "hello");
    assert_eq!(hello.json()["get"], true);
    assert_eq!(hello.header("content-type"), "application/json");
    let big = fogbank_tests::content::bytes(1 << 20, 1);
    let echo = client.send(client.request(Method::POST, "/wasi-hello/v1/echo").body(big.clone())).await.expect(200);
    assert!(echo.body == big, "a body goes in and comes out whole");
    let expected = json!({
        "context": "default",
        "files": "kept",
        "database": 1,
        "operations": true,
        "identity": false,
        "signers": true,
        "catalog": true,
        "peers": 200,
    });
    assert_eq!(client.get("/wasi-hello/v1/capabilities").await.expect(200).json(), expected);
    client.get("/wasi-hello/v1/panic").await.expect(500).expect_google_form();
    client.get("/wasi-hello/v1/nothing").await.expect(404).expect_google_form();
}

async fn call(client: &Client, function: &str, arguments: Value) -> Value {
    client.post(&format!("/probe/v1/call/{function}"), arguments).await.expect(200).json()
}

async fn started(client: &Client, kind: &str) -> String {
    let new = json!({ "kind": kind, "target": "things/1", "text": "input" });
    let id = call(client, "operations.start", new).await;
    id["ok"].as_str().unwrap_or_else(|| panic!("{id}")).to_owned()
}

/// Waits until the operation's description contains `word`.
async fn until(client: &Client, id: &str, word: &str) -> String {
    let seen = || async { call(client, "operations.get", json!({ "id": id })).await["ok"].to_string() };
    wait_for(LIMIT, word, || async { seen().await.contains(word) }).await;
    seen().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_runs_to_its_end_also_after_a_trap() {
    let plugins = Plugins::of(&["probe"]);
    let server = Server::with(Options::new().plugins(&plugins));
    let client = server.client();
    for kind in ["note", "trap"] {
        let id = started(&client, kind).await;
        until(&client, &id, "Success").await;
        let rows = call(&client, "database.query", json!({ "sql": "SELECT id FROM ran" })).await.to_string();
        assert!(rows.contains(&id), "{kind}: {rows}");
        client_deletes(&client, &id).await;
    }
    let failed = started(&client, "fail").await;
    assert!(until(&client, &failed, "Failure").await.contains("It was to fail."));
}

async fn client_deletes(client: &Client, id: &str) {
    call(client, "operations.delete", json!({ "id": id })).await;
    let gone = call(client, "operations.get", json!({ "id": id })).await;
    assert!(gone["error"].to_string().contains("NotFound"), "{gone}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_is_cancelled_and_seen() {
    let plugins = Plugins::of(&["probe"]);
    let server = Server::with(Options::new().plugins(&plugins));
    let client = server.client();
    let id = started(&client, "wait").await;
    until(&client, &id, "Running").await;
    assert!(call(&client, "operations.list", json!({ "target": "things/" })).await.to_string().contains(&id));
    call(&client, "operations.progress", json!({ "id": id, "text": "\"half\"" })).await;
    assert!(until(&client, &id, "percent: 50").await.contains("half"));
    call(&client, "operations.cancel", json!({ "id": id })).await;
    until(&client, &id, "Success").await;
    let late = call(&client, "operations.progress", json!({ "id": id, "text": "" })).await;
    assert!(late["error"].to_string().contains("Ended"), "{late}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_work_in_hand_goes_on_after_a_crash() {
    let plugins = Plugins::of(&["probe"]);
    let data = tempfile::tempdir().expect("a folder");
    let options = Options::new().plugins(&plugins).data(data.path());
    let mut server = Server::with(options.clone());
    let id = started(&server.client(), "wait").await;
    until(&server.client(), &id, "Running").await;
    server.kill();

    let server = Server::with(options);
    let client = server.client();
    let ran = || async { Reading::of(&client).await.sum("fogbank_instantiations_total", &["plugin=\"probe\""]) > 0.0 };
    wait_for(LIMIT, "it runs before the service is asked anything", ran).await;
    call(&client, "operations.cancel", json!({ "id": id })).await;
    until(&client, &id, "Success").await;
}
