//! Names reach nothing outside of their folder; those that are legal are stored and read back exactly (F04).

use fogbank_tests::{Server, encode, raw, stored};
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeSet;

fn legal() -> Vec<String> {
    let mut names: Vec<String> = [
        "a/../b",
        "a//b",
        "/lead",
        "trail/",
        "../../../etc/passwd",
        "..%2f",
        "%2e%2e%2f",
        "%252e%252e%252fetc",
        "C:\\windows",
        "a\\..\\b",
        " ",
        " lead and trail ",
        "a b+c&d=e?f#g",
        "🎉/ß/世界",
        "%",
        "%00",
        "a\u{1}b",
        "\"quoted\"",
        "'; DROP TABLE objects; --",
        "*?[]{}",
        "a/./b",
        "...",
        "~",
        "con",
        "nul.txt",
        "\u{202e}right to left",
        "e\u{301}",
        "\u{e9}",
    ]
    .map(str::to_owned)
    .into();
    names.push("ü".repeat(512));
    names.push("x".repeat(1024));
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_legal_names_are_stored_and_read_back_exactly() {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    for name in legal() {
        let made = client.upload("box", &name, name.clone()).await.expect(200).json();
        assert_eq!(made["name"], name);
    }
    let listed: BTreeSet<String> = client.names("box", "maxResults=3").await.into_iter().collect();
    assert_eq!(listed, legal().into_iter().collect());
    for name in legal() {
        assert_eq!(client.object("box", &name).await.expect(200).json()["name"], name);
        assert_eq!(client.download("box", &name).await.expect(200).text(), name);
    }
    for name in legal() {
        client.delete(&fogbank_tests::client::object("box", &name)).await.expect(204);
    }
    assert_eq!(client.names("box", "").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_names_that_are_not_legal_are_400() {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    for name in [
        "x".repeat(1025),
        "ü".repeat(513),
        ".".into(),
        "..".into(),
        "a\nb".into(),
        "a\rb".into(),
        ".well-known/acme-challenge/x".into(),
    ] {
        client.upload("box", &name, "x").await.expect(400).expect_google_form();
    }
    let no_name = client.request(Method::POST, "/upload/storage/v1/b/box/o?uploadType=media").body("x");
    client.send(no_name).await.expect(400).expect_google_form();
    let not_utf8 = client.request(Method::POST, "/upload/storage/v1/b/box/o?uploadType=media&name=%ff%fe").body("x");
    client.send(not_utf8).await.expect(400).expect_google_form();
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_buckets_follow_the_rules_of_names() {
    let server = Server::start();
    let client = server.client();
    let bad = [
        "ab",
        "Upper",
        "under..dots",
        "-lead",
        "trail-",
        "192.168.0.1",
        "goog-x",
        "has space",
        "../x",
        "a/b",
        "google-x",
        "x\u{0}y",
        "",
    ];
    for name in bad {
        client.post("/storage/v1/b?project=p", json!({ "name": name })).await.expect(400).expect_google_form();
    }
    client.post("/storage/v1/b?project=p", json!({ "name": "x".repeat(64) })).await.expect(400).expect_google_form();
    for name in ["abc", "with-dash", "with_under", "1digit", &"x".repeat(63)] {
        client.post("/storage/v1/b?project=p", json!({ "name": name })).await.expect(200);
    }
}

const WAYS_OUT: [&str; 12] = [
    "..",
    "../..",
    "..%2f..",
    "..%252f..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e",
    "..\\..",
    "/etc",
    "//etc",
    "%00",
    "....//....//",
    "..;/..",
];

#[tokio::test(flavor = "multi_thread")]
async fn f04_no_name_of_bucket_project_or_tenant_leads_out() {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    for out in WAYS_OUT {
        for path in [
            format!("/storage/v1/b/{out}"),
            format!("/storage/v1/b/{out}/o"),
            format!("/storage/v1/b/{out}/o/passwd?alt=media"),
            format!("/storage/v1/b/box/o/{out}%2fetc%2fpasswd?alt=media"),
            format!("/storage/v1/b?project={out}"),
            format!("/storage/v1/projects/{out}/serviceAccount"),
            format!("/_tenants/{out}/storage/v1/b"),
            format!("/_tenants/default/{out}/_fogbank/metrics"),
            format!("/{out}/{out}/{out}/etc/passwd"),
        ] {
            let (status, text) =
                raw::exchange(server.base(), format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
            assert!(status < 500, "{path}: {text}");
            assert!(!text.contains("root:"), "{path}: {text}");
        }
        let made = client.post("/_fogbank/tenants", json!({ "name": out })).await;
        assert!((400..500).contains(&made.status), "tenant {out}: {}", made.text());
        let upload = client
            .request(Method::POST, &format!("/upload/storage/v1/b/{}/o?uploadType=media&name=x", encode(out)))
            .body("x");
        let upload = client.send(upload).await;
        assert!((400..500).contains(&upload.status), "bucket {out}: {}", upload.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_a_link_in_the_folder_of_files_is_not_followed() {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    client.upload("box", "o", "content").await.expect(200);
    let (file, _) = stored::objects(server.data()).into_iter().next().expect("one file");
    std::fs::remove_file(&file).expect("removed");
    std::os::unix::fs::symlink("/etc/passwd", &file).expect("linked");
    let answer = client.try_send(client.request(Method::GET, "/storage/v1/b/box/o/o?alt=media")).await;
    if let Ok(answer) = answer {
        assert!(!answer.text().contains("root:"), "{}", answer.text());
        assert!(answer.status >= 400, "{}", answer.text());
    }
}
