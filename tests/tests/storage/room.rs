//! No room, quotas, limits (F03, F06).

use fogbank_tests::content::bytes;
use fogbank_tests::{Client, Options, Server, stored};
use reqwest::{Body, Method};

/// A body of unknown length.
fn stream(pieces: usize) -> Body {
    let pieces = (0..pieces).map(|_| Ok::<_, std::io::Error>(vec![3_u8; 64 << 10]));
    Body::wrap_stream(futures_util::stream::iter(pieces))
}

async fn kinds(client: &Client) -> Vec<fogbank_tests::Answer> {
    let declared = client.upload("box", "declared", bytes(400_000, 1)).await;
    let undeclared = client.send(client.media("box", "undeclared").body(stream(8))).await;
    let json = "--x\r\ncontent-type: application/json\r\n\r\n{\"name\": \"multipart\"}\r\n--x\r\ncontent-type: text/plain\r\n\r\n";
    let body = [json.as_bytes(), &bytes(400_000, 2), b"\r\n--x--\r\n"].concat();
    let request = client.request(Method::POST, "/upload/storage/v1/b/box/o?uploadType=multipart");
    let multipart = client.send(request.header("content-type", "multipart/related; boundary=x").body(body)).await;
    vec![declared, undeclared, multipart]
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_a_disk_at_its_reserve_is_507_and_leaves_nothing() {
    let server = Server::with(Options::new().env("FOGBANK_DISK_RESERVE", "1000TiB"));
    let client = server.client();
    client.bucket("box").await;
    for answer in kinds(&client).await {
        answer.expect(507).expect_google_form();
    }
    assert!(stored::content_of(server.data(), "default", "storage").is_empty());
    assert_eq!(client.names("box", "").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_a_quota_is_429_and_other_tenants_are_not_affected() {
    let server = Server::with(Options::new().env("FOGBANK_QUOTAS_BYTES", "300000"));
    let client = server.client();
    client.bucket("box").await;
    client.upload("box", "fits", bytes(200_000, 1)).await.expect(200);
    for answer in kinds(&client).await {
        answer.expect(429).expect_google_form();
    }
    assert_eq!(client.names("box", "").await, ["fits"]);
    assert_eq!(stored::content_of(server.data(), "default", "storage").len(), 1);
    let blue = server.tenant("blue").await;
    blue.bucket("box").await;
    blue.upload("box", "fits", bytes(200_000, 1)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_kept_bytes_count_and_freed_bytes_do_not() {
    let server = Server::with(Options::new().env("FOGBANK_QUOTAS_BYTES", "300000"));
    let client = server.client();
    client.bucket("soft").await;
    client.upload("soft", "o", bytes(200_000, 1)).await.expect(200);
    client.delete("/storage/v1/b/soft/o/o").await.expect(204);
    client.upload("soft", "o", bytes(200_000, 2)).await.expect(429);

    let blue = server.tenant("blue").await;
    let hard = serde_json::json!({ "name": "hard", "softDeletePolicy": { "retentionDurationSeconds": "0" } });
    blue.post("/storage/v1/b?project=p", hard).await.expect(200);
    for turn in 0..5 {
        blue.upload("hard", "o", bytes(200_000, turn)).await.expect(200);
        blue.delete("/storage/v1/b/hard/o/o").await.expect(204);
    }
}

/// Kilobytes of memory that are the process's own.
fn memory(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("Linux says so");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_memory_stays_flat_during_a_large_upload_and_download() {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    client.upload("box", "warm", bytes(1 << 20, 1)).await.expect(200);
    let before = memory(&server);
    client.send(client.media("box", "large").body(stream(6 * 1024))).await.expect(200);
    let after = memory(&server);
    assert!(after < before + 64 * 1024, "{before} kB, then {after} kB after 384 MiB");
    let mut download =
        client.request(Method::GET, "/storage/v1/b/box/o/large?alt=media").send().await.expect("an answer");
    let (mut read, mut most) = (0, 0);
    while let Some(piece) = download.chunk().await.expect("bytes") {
        read += piece.len();
        if read % (8 << 20) < piece.len() {
            most = most.max(memory(&server));
        }
    }
    assert_eq!(read, 384 << 20);
    assert!(most < before + 64 * 1024, "{before} kB, at most {most} kB while downloading");
}

#[tokio::test(flavor = "multi_thread")]
async fn f06_a_tenants_limit_of_a_body_is_413_at_once_or_on_the_way() {
    let server = Server::with(Options::new().env("FOGBANK_QUOTAS_BODY", "100KiB"));
    let client = server.client();
    client.bucket("box").await;
    client.upload("box", "fits", bytes(100 << 10, 1)).await.expect(200);
    for answer in kinds(&client).await {
        answer.expect(413).expect_google_form();
    }
    assert_eq!(client.names("box", "").await, ["fits"]);
    assert_eq!(stored::content_of(server.data(), "default", "storage").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f19_an_upload_that_stands_still_ends_with_an_error_and_leaves_nothing() {
    let server = Server::with(Options::new().env("FOGBANK_LIMITS_IDLE", "1s"));
    server.client().bucket("box").await;
    let mut connection = fogbank_tests::raw::Connection::open(server.base());
    connection.send("POST /upload/storage/v1/b/box/o?uploadType=media&name=slow HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\nconnection: close\r\n\r\nfirst");
    let (status, text) = connection.answer();
    assert!(matches!(status, 0 | 400 | 408 | 504), "{status}: {text}");
    fogbank_tests::wait_until(std::time::Duration::from_secs(10), "nothing is left", || {
        stored::content_of(server.data(), "default", "storage").is_empty()
    });
    server.client().object("box", "slow").await.expect(404);
}
