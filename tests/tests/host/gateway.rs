//! The gateway: routes, errors, request ids, batch, host names.

use fogbank_tests::guests::Plugins;
use fogbank_tests::{Client, Options, Server, raw};
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn f34_unknown_paths_and_methods_answer_json() {
    let server = Server::start();
    let client = server.client();
    for path in [
        "/storage/v1/nothing",
        "/storage/v1",
        "/upload/storage/v1/nothing",
        "/_fogbank/nothing",
        "/storage/v1/b/x/nothing/y",
    ] {
        let answer = client.get(path).await.expect(404).expect_google_form();
        assert!(
            answer.header("content-type").starts_with("application/json"),
            "{path}: {}",
            answer.header("content-type")
        );
    }
    for (method, path) in
        [(Method::PUT, "/storage/v1/b"), (Method::DELETE, "/storage/v1/b"), (Method::PATCH, "/storage/v1/b")]
    {
        let answer = client.send(client.request(method, path)).await.expect(405).expect_google_form();
        assert!(answer.header("allow").contains("GET"), "what is allowed is named: {:?}", answer.headers);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f34_what_is_not_implemented_says_so_by_name() {
    let server = Server::start();
    let client = server.client();
    let answer = client.post("/storage/v1/b/any/relocate", json!({})).await.expect_error(400, "notImplemented");
    assert_eq!(answer.json()["error"]["status"], "UNIMPLEMENTED");
    assert!(answer.text().contains("storage.buckets.relocate"), "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn f30_answers_carry_no_inside_and_the_log_has_it_under_the_same_request_id() {
    let server = Server::with(Options::new().plugins(&Plugins::of(&["misbehave"])));
    let answer = server.client().get("/misbehave/v1/panic").await.expect(500).expect_google_form();
    let id = answer.header("x-request-id").to_owned();
    assert!(!id.is_empty(), "{:?}", answer.headers);
    assert!(!answer.text().contains("shadow"), "{}", answer.text());
    assert!(answer.text().contains("misbehave"), "the service is named: {}", answer.text());
    let log = server.log_with("/etc/shadow");
    assert!(log.contains(&id), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_a_request_id_of_its_own() {
    let server = Server::start();
    let client = server.client();
    let mut seen = std::collections::BTreeSet::new();
    for path in ["/", "/nothing", "/_fogbank/health/live", "/storage/v1/b?project=p", "/storage/v1/nothing"] {
        let answer = client.get(path).await;
        let id = answer.header("x-request-id").to_owned();
        assert!(!id.is_empty() && seen.insert(id), "{path}: {:?}", answer.headers);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_without_tls_is_spoken() {
    let server = Server::start();
    let http = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().expect("a client");
    let answer = http.get(format!("{}/storage/v1/b?project=p", server.base())).send().await.expect("an answer");
    assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, 200));
}

/// A part of a batch.
fn part(id: usize, method: &str, path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "--b\r\ncontent-type: application/http\r\ncontent-id: <id-{id}>\r\n\r\n{method} {path} HTTP/1.1\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}\r\n"
    )
}

async fn batch(client: &Client, path: &str, parts: &[String]) -> fogbank_tests::Answer {
    let body = format!("{}--b--\r\n", parts.concat());
    let request = client.request(Method::POST, path).header("content-type", "multipart/mixed; boundary=b").body(body);
    client.send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_each_part_of_a_batch_has_its_own_status_and_can_be_tried_again() {
    let server = Server::start();
    for client in [server.client(), server.tenant("blue").await] {
        let parts = [
            part(1, "POST", "/storage/v1/b?project=p", "{\"name\": \"in-a-batch\"}"),
            part(2, "GET", "/storage/v1/b/missing", ""),
            part(3, "GET", "/nothing/at/all", ""),
            part(4, "DELETE", "/storage/v1/b/missing", ""),
            part(5, "POST", "/storage/v1/b?project=p", "{broken"),
        ];
        let answer = batch(&client, "/batch/storage/v1", &parts).await.expect(200);
        assert!(answer.header("content-type").starts_with("multipart/mixed"), "{:?}", answer.headers);
        let text = answer.text();
        let statuses: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)).collect();
        assert_eq!(statuses, ["200", "404", "404", "404", "400"], "{text}");
        for id in 1..=5 {
            assert!(text.to_lowercase().contains(&format!("response-id-{id}")), "{id}: {text}");
        }
        let again = batch(&client, "/batch", &parts[..1]).await.expect(200).text();
        assert!(again.contains("HTTP/1.1 409"), "tried again, it is there: {again}");
        client.get("/storage/v1/b/in-a-batch").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f35_a_batch_that_is_none_is_400() {
    let server = Server::start();
    let client = server.client();
    for (kind, body) in
        [("multipart/mixed", "--b--"), ("multipart/mixed; boundary=b", "no parts"), ("text/plain", "hello")]
    {
        let request = client.request(Method::POST, "/batch/storage/v1").header("content-type", kind).body(body);
        client.send(request).await.expect(400).expect_google_form();
    }
}

fn with_host(server: &Server, method: &str, path: &str, host: &str) -> (u16, String) {
    raw::exchange(server.base(), format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn f29_host_names_are_matched_whole() {
    let server = Server::start();
    let client = server.client();
    client.bucket("hosted").await;
    client.upload("hosted", "o.txt", "by host").await.expect(200);
    let (status, text) = with_host(&server, "GET", "/o.txt", "hosted.storage.googleapis.com");
    assert!(status == 200 && text.ends_with("by host"), "{text}");
    let (status, text) = with_host(&server, "GET", "/hosted/o.txt", "storage.googleapis.com");
    assert!(status == 200 && text.ends_with("by host"), "{text}");
    for host in
        ["hosted.evil-storage.googleapis.com", "hosted.storage.googleapis.com.evil", "hostedstorage.googleapis.com"]
    {
        let (status, text) = with_host(&server, "GET", "/o.txt", host);
        assert!(status == 404 && !text.contains("by host"), "{host}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_named_by_path_or_by_host() {
    let server = Server::start();
    let blue = server.tenant("blue").await;
    blue.bucket("of-blue").await;
    let port = server.base().rsplit(':').next().expect("a port").to_owned();
    let (status, text) = with_host(&server, "GET", "/storage/v1/b/of-blue", &format!("blue.localhost:{port}"));
    assert_eq!(status, 200, "{text}");
    assert!(
        text.contains(&format!("http://blue.localhost:{port}/storage/v1/b/of-blue")),
        "links keep the host: {text}"
    );
    let (status, _) = with_host(&server, "GET", "/storage/v1/b/of-blue", &format!("localhost:{port}"));
    assert_eq!(status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn f29_origins_are_matched_whole() {
    let origins = "http://good.example,http://localhost:*";
    let server = Server::with(Options::new().env("FOGBANK_CORS_ORIGINS", origins));
    let client = server.client();
    let allowed = |origin: &'static str| {
        let client = client.clone();
        async move {
            let request = client.request(Method::GET, "/storage/v1/b?project=p").header("origin", origin);
            client.send(request).await.header("access-control-allow-origin").to_owned()
        }
    };
    assert_eq!(allowed("http://good.example").await, "http://good.example");
    assert_eq!(allowed("http://localhost:4200").await, "http://localhost:4200");
    for origin in [
        "http://evil-good.example",
        "http://good.example.evil",
        "https://good.example",
        "http://localhost.evil:1",
        "null",
    ] {
        assert_eq!(allowed(origin).await, "", "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_at_its_limits_gets_429_in_googles_form() {
    let server = Server::with(Options::new().env("FOGBANK_QUOTAS_PER_SECOND", "5"));
    let client = server.client();
    let mut refused = None;
    for _ in 0..50 {
        let answer = client.get("/storage/v1/b?project=p").await;
        if answer.status == 429 {
            refused = Some(answer);
        }
    }
    refused.expect("one of them").expect_google_form();
    server.client().get("/_fogbank/health/live").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn f26_a_service_with_a_route_without_a_permission_is_refused() {
    let plugins = Plugins::of(&[]);
    plugins.put_changed("notes-v1", "notes", |toml| toml.replacen("permission = \"notes.notes.list\"\n", "", 1));
    let log = Server::try_with(Options::new().plugins(&plugins)).err().expect("refused");
    assert!(log.contains("notes.list") && log.contains("permission"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_services_with_one_route_are_refused_with_both_names() {
    let plugins = Plugins::of(&["notes-v1"]);
    plugins.put_changed("notes-v1", "other", |toml| toml.replace("name = \"notes\"", "name = \"other\""));
    let log = Server::try_with(Options::new().plugins(&plugins)).err().expect("refused");
    assert!(log.contains("notes") && log.contains("other"), "{log}");
}
