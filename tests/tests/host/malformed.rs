//! Malformed requests are 4xx in Google's error form, whichever byte is broken (F35).

use fogbank_tests::{Answer, Client, Options, Server, raw};
use reqwest::Method;
use serde_json::json;

async fn server() -> (Server, Client) {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    client.upload("box", "o", "0123456789").await.expect(200);
    (server, client)
}

/// 4xx in Google's form, or a success: never a 5xx.
#[track_caller]
fn fine(answer: Answer) {
    match answer.status {
        200..=399 => {}
        400..=499 => drop(answer.expect_google_form()),
        _ => panic!("{}: {}\n{}", answer.what, answer.status, answer.text()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f35_bodies_that_are_not_what_they_should_be_are_400() {
    let (_server, client) = server().await;
    for body in [
        "{",
        "",
        "[]",
        "null",
        "\"text\"",
        "{\"name\": 5}",
        "{\"name\": null}",
        "{\"name\": \"ok-name\", \"labels\": 7}",
        "{\"name\":\"ok-name\"}x",
    ] {
        let request = client
            .request(Method::POST, "/storage/v1/b?project=p")
            .header("content-type", "application/json")
            .body(body);
        client.send(request).await.expect(400).expect_google_form();
    }
    let not_utf8 = client.request(Method::POST, "/storage/v1/b?project=p").body(vec![b'{', 0xff, b'}']);
    client.send(not_utf8).await.expect(400).expect_google_form();
    let deep = client.request(Method::POST, "/storage/v1/b?project=p").body("[".repeat(60_000));
    client.send(deep).await.expect(400).expect_google_form();
}

#[tokio::test(flavor = "multi_thread")]
async fn f35_bad_values_in_queries_are_400() {
    let (_server, client) = server().await;
    for query in [
        "maxResults=many",
        "maxResults=-1",
        "pageToken=nonsense",
        "pageToken=%00%ff",
        "versions=maybe",
        "projection=everything",
        "fields=items(",
        "matchGlob=%5B",
    ] {
        client.get(&format!("/storage/v1/b/box/o?{query}")).await.expect(400).expect_google_form();
    }
    for query in ["generation=x", "ifGenerationMatch=1.5", "ifMetagenerationNotMatch=%20"] {
        client.get(&format!("/storage/v1/b/box/o/o?{query}")).await.expect(400).expect_google_form();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f35_a_page_token_with_any_byte_changed_is_400_or_another_place() {
    let (_server, client) = server().await;
    client.upload("box", "p", "1").await.expect(200);
    let page = client.get("/storage/v1/b/box/o?maxResults=1").await.expect(200).json();
    let token = page["nextPageToken"].as_str().expect("a token").to_owned();
    for at in 0..token.len() {
        let mut broken = token.clone().into_bytes();
        broken[at] = if broken[at] == b'A' { b'B' } else { b'A' };
        let broken = String::from_utf8(broken).expect("ASCII");
        fine(
            client.get(&format!("/storage/v1/b/box/o?maxResults=1&pageToken={}", fogbank_tests::encode(&broken))).await,
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f35_ranges() {
    let (_server, client) = server().await;
    for (range, status, body) in [
        ("bytes=0-3", 206, "0123"),
        ("bytes=-3", 206, "789"),
        ("bytes=8-", 206, "89"),
        ("bytes=8-99", 206, "89"),
        ("bytes=5-2", 200, "0123456789"),
        ("bytes=x-y", 200, "0123456789"),
        ("lines=1-2", 200, "0123456789"),
    ] {
        let request = client.request(Method::GET, "/storage/v1/b/box/o/o?alt=media").header("range", range);
        let answer = client.send(request).await.expect(status);
        assert_eq!(answer.text(), body, "{range}");
    }
    let beyond = client.request(Method::GET, "/storage/v1/b/box/o/o?alt=media").header("range", "bytes=10-");
    let beyond = client.send(beyond).await.expect(416);
    assert_eq!(beyond.header("content-range"), "bytes */10");
}

const MULTIPART: &str = "--frontier\r\nContent-Type: application/json\r\n\r\n{\"name\": \"m\", \"metadata\": {\"k\": \"v\"}}\r\n\
                         --frontier\r\nContent-Type: text/plain\r\n\r\nthe content\r\n--frontier--\r\n";

async fn multipart(client: &Client, body: Vec<u8>) -> Answer {
    let path = "/upload/storage/v1/b/box/o?uploadType=multipart";
    client
        .send(
            client
                .request(Method::POST, path)
                .header("content-type", "multipart/related; boundary=frontier")
                .body(body),
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn f35_a_multipart_upload_with_any_byte_broken_or_missing_is_never_a_5xx() {
    let (_server, client) = server().await;
    multipart(&client, MULTIPART.into()).await.expect(200);
    assert_eq!(client.download("box", "m").await.expect(200).text(), "the content");
    for at in 0..MULTIPART.len() {
        let mut broken = MULTIPART.as_bytes().to_vec();
        broken[at] ^= 0x55;
        fine(multipart(&client, broken).await);
    }
    let parts_end = MULTIPART.find("--frontier--").expect("the end");
    for length in 0..parts_end {
        let answer = multipart(&client, MULTIPART.as_bytes()[..length].to_vec()).await;
        assert_eq!(answer.status, 400, "cut at {length}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f35_a_request_line_with_any_byte_broken_is_never_a_5xx() {
    let (server, _client) = server().await;
    let request =
        "GET /storage/v1/b/box/o/o?alt=json&fields=name HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    for at in 0..request.len() - 4 {
        for byte in [0x00, 0xff, b'%', b' ', b'\n'] {
            let mut broken = request.as_bytes().to_vec();
            broken[at] = byte;
            let (status, text) = {
                let mut connection = raw::Connection::open(server.base());
                connection.send(&broken).finish().answer()
            };
            assert!(status < 500, "byte {at} is {byte}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f35_heads_that_are_too_large_are_4xx() {
    let (server, client) = server().await;
    let big = "x".repeat(1 << 20);
    let (status, text) =
        raw::exchange(server.base(), format!("GET / HTTP/1.1\r\nhost: x\r\nx-big: {big}\r\nconnection: close\r\n\r\n"));
    assert!(matches!(status, 400 | 413 | 431), "{status}: {}", &text[..text.len().min(300)]);
    let (status, _) =
        raw::exchange(server.base(), format!("GET /{big} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
    assert!(matches!(status, 400 | 414 | 431), "{status}");
    client.get("/_fogbank/health/live").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn f35_a_head_that_never_ends_is_closed() {
    let options = Options::new().env("FOGBANK_LIMITS_HEADER_TIMEOUT", "1s");
    let server = Server::with(options);
    let mut connection = raw::Connection::open(server.base());
    connection.send("GET / HTTP/1.1\r\nhost: x\r\nx-slow: ");
    let began = std::time::Instant::now();
    connection.read_to_end();
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn f35_a_gzip_body_that_is_none_is_400_and_a_good_one_is_read() {
    let (_server, client) = server().await;
    let json = json!({ "name": "from-gzip" }).to_string();
    let gzip = |text: &str| {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).expect("in memory");
        encoder.finish().expect("in memory")
    };
    let insert = |body: Vec<u8>| {
        let request =
            client.request(Method::POST, "/storage/v1/b?project=p").header("content-encoding", "gzip").body(body);
        client.send(request)
    };
    insert(gzip(&json)).await.expect(200);
    let mut cut = gzip(&json);
    cut.truncate(cut.len() / 2);
    insert(cut).await.expect(400).expect_google_form();
    insert(json.into_bytes()).await.expect(400).expect_google_form();
}
