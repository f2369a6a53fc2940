//! Resumable uploads: in pieces, of unknown length, interrupted, gone on with after a restart.

use fogbank_tests::content::{bytes, crc32c, md5};
use fogbank_tests::{Answer, Client, Options, Server, raw, stored};
use reqwest::Method;
use serde_json::json;

const CHUNK: usize = 256 << 10;

/// Begins an upload and gives its URL, as a path below the client's base.
async fn begin(client: &Client, name: &str, query: &str) -> String {
    let path = format!("/upload/storage/v1/b/box/o?uploadType=resumable&name={name}{query}");
    let begun = client
        .send(client.request(Method::POST, &path).json(&json!({ "contentType": "text/plain" })))
        .await
        .expect(200);
    let location = begun.header("location").to_owned();
    assert!(location.contains("upload_id="), "{location}");
    location.strip_prefix(client.base()).unwrap_or_else(|| panic!("{location}")).to_owned()
}

async fn put(client: &Client, session: &str, range: &str, body: Vec<u8>) -> Answer {
    client.send(client.request(Method::PUT, session).header("content-range", range).body(body)).await
}

async fn status(client: &Client, session: &str) -> Answer {
    put(client, session, "bytes */*", vec![]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_an_upload_in_pieces_is_whole() {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    let content = bytes(2 * CHUNK + 1000, 1);
    for (name, total) in [("known", content.len().to_string()), ("unknown", "*".to_owned())] {
        let session = begin(&client, name, "").await;
        let fresh = status(&client, &session).await.expect(308);
        assert_eq!(fresh.header("range"), "", "nothing has arrived");
        for (index, piece) in content[..2 * CHUNK].chunks(CHUNK).enumerate() {
            let (from, to) = (index * CHUNK, (index + 1) * CHUNK - 1);
            let answer =
                put(&client, &session, &format!("bytes {from}-{to}/{total}"), piece.to_vec()).await.expect(308);
            assert_eq!(answer.header("range"), format!("bytes=0-{to}"));
        }
        assert_eq!(status(&client, &session).await.expect(308).header("range"), format!("bytes=0-{}", 2 * CHUNK - 1));
        client.object("box", name).await.expect(404);
        let range = format!("bytes {}-{}/{}", 2 * CHUNK, content.len() - 1, content.len());
        let object = put(&client, &session, &range, content[2 * CHUNK..].to_vec()).await.expect(200).json();
        assert_eq!(
            (&object["md5Hash"], &object["crc32c"]),
            (&json!(md5(&content)), &json!(crc32c(&content))),
            "{name}"
        );
        assert_eq!(object["contentType"], "text/plain");
        assert!(client.download("box", name).await.expect(200).body == content, "{name}");
        let again = status(&client, &session).await.expect(200).json();
        assert_eq!(again["generation"], object["generation"], "a client that missed the answer gets it again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_an_upload_in_one_piece_and_an_empty_one() {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    for content in [bytes(1 << 20, 2), vec![], b"x".to_vec()] {
        let session = begin(&client, "o", "").await;
        let answer = client.send(client.request(Method::PUT, &session).body(content.clone())).await.expect(200);
        assert_eq!(answer.json()["md5Hash"], md5(&content));
        assert!(client.download("box", "o").await.expect(200).body == content);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_an_upload_goes_on_after_a_crash_of_the_host() {
    let data = tempfile::tempdir().expect("a folder");
    let options = Options::new().data(data.path());
    let mut server = Server::with(options.clone());
    let client = server.client();
    client.bucket("box").await;
    let content = bytes(3 * CHUNK, 3);
    let session = begin(&client, "o", "").await;
    put(&client, &session, &format!("bytes 0-{}/{}", CHUNK - 1, content.len()), content[..CHUNK].to_vec())
        .await
        .expect(308);
    server.kill();

    let server = Server::with(options);
    let client = server.client();
    assert_eq!(status(&client, &session).await.expect(308).header("range"), format!("bytes=0-{}", CHUNK - 1));
    let range = format!("bytes {CHUNK}-{}/{}", content.len() - 1, content.len());
    put(&client, &session, &range, content[CHUNK..].to_vec()).await.expect(200);
    assert!(client.download("box", "o").await.expect(200).body == content);
}

#[tokio::test(flavor = "multi_thread")]
async fn f16_what_a_cut_connection_delivered_is_kept_for_the_next() {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    let content = bytes(4 * CHUNK, 4);
    let session = begin(&client, "o", "").await;
    let mut connection = raw::Connection::open(server.base());
    let head = format!(
        "PUT {session} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\ncontent-range: bytes 0-{}/{}\r\n\r\n",
        content.len(),
        content.len() - 1,
        content.len()
    );
    connection.send(head).send(&content[..2 * CHUNK + 77]);
    std::thread::sleep(std::time::Duration::from_millis(300));
    drop(connection);
    let mut kept = 0;
    fogbank_tests::wait_for(std::time::Duration::from_secs(10), "bytes are kept", || {
        let (client, session) = (client.clone(), session.clone());
        async move { !status(&client, &session).await.header("range").is_empty() }
    })
    .await;
    let range = status(&client, &session).await.expect(308).header("range").to_owned();
    if let Some(last) = range.strip_prefix("bytes=0-") {
        kept = last.parse::<usize>().expect("a number") + 1;
    }
    assert!(kept > 0 && kept <= 2 * CHUNK + 77, "{range}");
    let rest = format!("bytes {kept}-{}/{}", content.len() - 1, content.len());
    put(&client, &session, &rest, content[kept..].to_vec()).await.expect(200);
    assert!(client.download("box", "o").await.expect(200).body == content);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_upload_is_gone() {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    let session = begin(&client, "o", "").await;
    put(&client, &session, &format!("bytes 0-{}/*", CHUNK - 1), bytes(CHUNK, 5)).await.expect(308);
    assert_eq!(client.send(client.request(Method::DELETE, &session).body("")).await.status, 499);
    let after = status(&client, &session).await;
    assert!(matches!(after.status, 404 | 410 | 499), "{}", after.text());
    assert!(stored::content_of(server.data(), "default", "storage").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn f35_pieces_that_do_not_fit_are_refused() {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    let session = begin(&client, "o", "").await;
    for range in ["bytes x-y/z", "bytes 5-1/10", "lines 0-9/10", "bytes 0-9/5"] {
        let answer = put(&client, &session, range, vec![1; 10]).await;
        assert_eq!(answer.status, 400, "{range}: {}", answer.text());
        answer.expect_google_form();
    }
    put(&client, &session, &format!("bytes 0-{}/*", CHUNK - 1), bytes(CHUNK, 6)).await.expect(308);
    let gap = put(&client, &session, &format!("bytes {}-{}/*", 2 * CHUNK, 3 * CHUNK - 1), bytes(CHUNK, 7)).await;
    assert!((400..600).contains(&gap.status), "a gap: {}", gap.status);
    assert_eq!(status(&client, &session).await.expect(308).header("range"), format!("bytes=0-{}", CHUNK - 1));
    let unknown =
        put(&client, "/upload/storage/v1/b/box/o?uploadType=resumable&upload_id=nonsense", "bytes */*", vec![]).await;
    assert!(matches!(unknown.status, 404 | 410), "{}", unknown.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn preconditions_and_checksums_hold_at_the_end_of_an_upload() {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    let session = begin(&client, "o", "&ifGenerationMatch=0").await;
    client.upload("box", "o", "first").await.expect(200);
    client.send(client.request(Method::PUT, &session).body("second")).await.expect(412).expect_google_form();
    assert_eq!(client.download("box", "o").await.expect(200).text(), "first");

    let path = "/upload/storage/v1/b/box/o?uploadType=resumable&name=sum";
    let begun =
        client.send(client.request(Method::POST, path).json(&json!({ "crc32c": crc32c(b"other") }))).await.expect(200);
    let session = begun.header("location").strip_prefix(client.base()).expect("ours").to_owned();
    client.send(client.request(Method::PUT, &session).body("content")).await.expect(400).expect_google_form();
    client.object("box", "sum").await.expect(404);
}
