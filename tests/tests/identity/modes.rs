//! `--auth off | optional | required | audit`.

use fogbank_tests::{Options, Server};
use serde_json::json;

fn server(mode: &str) -> Server {
    Server::with(Options::new().arg("--auth").arg(mode))
}

/// Grants `role` on the project to `member`.
async fn grant(server: &Server, role: &str, member: &str) {
    let policy = json!({ "policy": { "bindings": [{ "role": role, "members": [member] }] } });
    server.operator().post("/v1/projects/demo-project:setIamPolicy", policy).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn f26_required_decides_by_the_policies_that_were_set() {
    let server = server("required");
    let ann = server.as_user("user:ann@example.com").await;
    let bucket = json!({ "name": "box" });
    ann.post("/storage/v1/b?project=demo-project", bucket.clone()).await.expect(403).expect_google_form();
    grant(&server, "roles/storage.admin", "user:ann@example.com").await;
    ann.post("/storage/v1/b?project=demo-project", bucket).await.expect(200);
    ann.upload("box", "o", "content").await.expect(200);
    assert_eq!(ann.download("box", "o").await.expect(200).text(), "content");
    let bob = server.as_user("user:bob@example.com").await;
    bob.download("box", "o").await.expect(403).expect_google_form();
    bob.anonymous().download("box", "o").await.expect(401).expect_google_form();
    let readers =
        json!({ "bindings": [{ "role": "roles/storage.objectViewer", "members": ["user:bob@example.com"] }] });
    ann.put("/storage/v1/b/box/iam", readers).await.expect(200);
    assert_eq!(bob.download("box", "o").await.expect(200).text(), "content");
    bob.delete("/storage/v1/b/box/o/o").await.expect(403);
    bob.anonymous().download("box", "o").await.expect(401);
    let all = json!({ "bindings": [{ "role": "roles/storage.objectViewer", "members": ["allUsers"] }] });
    ann.put("/storage/v1/b/box/iam", all).await.expect(200);
    assert_eq!(bob.anonymous().download("box", "o").await.expect(200).text(), "content");
    grant(&server, "roles/viewer", "user:carl@example.com").await;
    ann.get("/storage/v1/b?project=demo-project").await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn off_takes_any_credential() {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    for token in ["nonsense", "a.b.c", ""] {
        client.with_token(token).get("/storage/v1/b/box").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn optional_asks_only_who_says_who_they_are() {
    let server = server("optional");
    let client = server.client();
    client.bucket("box").await;
    client.get("/storage/v1/b/box").await.expect(200);
    client.with_token("nonsense").get("/storage/v1/b/box").await.expect(401).expect_google_form();
    server.as_user("user:ann@example.com").await.get("/storage/v1/b/box").await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_allows_everything_and_says_what_it_would_refuse() {
    let server = server("audit");
    let client = server.client();
    client.bucket("box").await;
    client.upload("box", "o", "content").await.expect(200);
    client.with_token("nonsense").get("/storage/v1/b/box").await.expect(200);
    server.log_with("would have been refused");
    let metrics = server.operator().get("/_fogbank/metrics").await.expect(200).text();
    let line = metrics.lines().find(|line| line.starts_with("fogbank_audit_refusals_total ")).expect("a counter");
    let count: u64 = line.rsplit(' ').next().expect("a number").parse().expect("a number");
    assert!(count >= 3, "{line}");
}
