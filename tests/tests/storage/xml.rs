//! The XML API, the part that clients use.

use fogbank_tests::content::{bytes, crc32c, md5};
use fogbank_tests::{Answer, Client, Server, encode};
use reqwest::{Method, RequestBuilder};

fn request(client: &Client, method: Method, path: &str) -> RequestBuilder {
    client.request(method, path).header("host", "storage.googleapis.com")
}

async fn send(client: &Client, method: Method, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    client.send(request(client, method, path).body(body)).await
}

/// The text between `<tag>` and `</tag>`, every time.
fn all<'x>(xml: &'x str, tag: &str) -> Vec<&'x str> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    xml.split(&open).skip(1).filter_map(|rest| rest.split(&close).next()).collect()
}

async fn server() -> (Server, Client) {
    let server = Server::start();
    let client = server.client();
    client.bucket("xml-bucket").await;
    (server, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_put_read_copied_and_deleted() {
    let (_server, client) = server().await;
    let content = bytes(300_000, 1);
    let put = request(&client, Method::PUT, "/xml-bucket/a/b.bin")
        .header("content-type", "text/x")
        .header("x-goog-meta-k", "v");
    let put = client.send(put.body(content.clone())).await.expect(200);
    let etag = put.header("etag").to_owned();
    assert!(etag.starts_with('"'), "{:?}", put.headers);
    assert!(put.header("x-goog-generation").parse::<u64>().is_ok(), "{:?}", put.headers);
    let get = send(&client, Method::GET, "/xml-bucket/a/b.bin", "").await.expect(200);
    assert!(get.body == content);
    assert_eq!(
        (get.header("content-type"), get.header("x-goog-meta-k"), get.header("etag")),
        ("text/x", "v", etag.as_str())
    );
    assert_eq!(get.header("x-goog-stored-content-length"), content.len().to_string());
    let hashes: Vec<_> = get.headers.get_all("x-goog-hash").iter().filter_map(|value| value.to_str().ok()).collect();
    let hashes = hashes.join(",");
    assert!(hashes.contains(&crc32c(&content)) && hashes.contains(&md5(&content)), "{hashes}");
    let head = send(&client, Method::HEAD, "/xml-bucket/a/b.bin", "").await.expect(200);
    assert!(head.body.is_empty() && head.header("content-length") == content.len().to_string());
    let range = client
        .send(request(&client, Method::GET, "/xml-bucket/a/b.bin").header("range", "bytes=10-19"))
        .await
        .expect(206);
    assert!(range.body == content[10..20]);
    let copy = request(&client, Method::PUT, "/xml-bucket/copy").header("x-goog-copy-source", "/xml-bucket/a/b.bin");
    let copied = client.send(copy.body("")).await.expect(200);
    assert!(copied.text().contains("CopyObjectResult"), "{}", copied.text());
    assert!(client.download("xml-bucket", "copy").await.expect(200).body == content, "both APIs see the same object");
    send(&client, Method::DELETE, "/xml-bucket/a/b.bin", "").await.expect(204);
    let gone = send(&client, Method::GET, "/xml-bucket/a/b.bin", "").await.expect(404);
    assert_eq!(all(&gone.text(), "Code"), ["NoSuchKey"], "{}", gone.text());
    assert!(gone.header("content-type").starts_with("application/xml"), "{:?}", gone.headers);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_both_versions_are_paged() {
    let (_server, client) = server().await;
    for name in ["a", "b/1", "b/2", "c", "d&<>"] {
        client.upload("xml-bucket", name, "x").await.expect(200);
    }
    let first = send(&client, Method::GET, "/xml-bucket?list-type=2&max-keys=2", "").await.expect(200).text();
    assert_eq!(all(&first, "Key"), ["a", "b/1"], "{first}");
    assert_eq!(all(&first, "IsTruncated"), ["true"]);
    let token = encode(all(&first, "NextContinuationToken")[0]);
    let second = send(&client, Method::GET, &format!("/xml-bucket?list-type=2&continuation-token={token}"), "")
        .await
        .expect(200)
        .text();
    assert_eq!(all(&second, "Key"), ["b/2", "c", "d&amp;&lt;&gt;"], "{second}");
    let v1 = send(&client, Method::GET, "/xml-bucket?delimiter=/&marker=a", "").await.expect(200).text();
    assert_eq!(all(&v1, "Key"), ["c", "d&amp;&lt;&gt;"], "{v1}");
    assert!(v1.contains("<CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes>"), "{v1}");
    let missing = send(&client, Method::GET, "/no-such-bucket", "").await.expect(404).text();
    assert_eq!(all(&missing, "Code"), ["NoSuchBucket"], "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_multipart_upload_is_whole() {
    let (_server, client) = server().await;
    let parts = [bytes(5 << 20, 1), bytes(5 << 20, 2), bytes(123, 3)];
    let begun = send(&client, Method::POST, "/xml-bucket/large?uploads", "").await.expect(200).text();
    let id = encode(all(&begun, "UploadId")[0]);
    let mut listed = String::new();
    for (number, part) in (1..).zip(&parts) {
        let path = format!("/xml-bucket/large?partNumber={number}&uploadId={id}");
        let etag = send(&client, Method::PUT, &path, part.clone()).await.expect(200).header("etag").to_owned();
        listed += &format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
    }
    let seen = send(&client, Method::GET, &format!("/xml-bucket/large?uploadId={id}"), "").await.expect(200).text();
    assert_eq!(all(&seen, "PartNumber"), ["1", "2", "3"], "{seen}");
    let body = format!("<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>");
    let done = send(&client, Method::POST, &format!("/xml-bucket/large?uploadId={id}"), body).await.expect(200).text();
    assert!(done.contains("CompleteMultipartUploadResult"), "{done}");
    assert!(client.download("xml-bucket", "large").await.expect(200).body == parts.concat());

    let begun = send(&client, Method::POST, "/xml-bucket/dropped?uploads", "").await.expect(200).text();
    let id = encode(all(&begun, "UploadId")[0]);
    send(&client, Method::PUT, &format!("/xml-bucket/dropped?partNumber=1&uploadId={id}"), "x").await.expect(200);
    send(&client, Method::DELETE, &format!("/xml-bucket/dropped?uploadId={id}"), "").await.expect(204);
    send(&client, Method::GET, &format!("/xml-bucket/dropped?uploadId={id}"), "").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_path_style_works_on_the_hosts_own_address() {
    let (_server, client) = server().await;
    client.send(client.request(Method::PUT, "/xml-bucket/here").body("by path")).await.expect(200);
    assert_eq!(client.get("/xml-bucket/here").await.expect(200).text(), "by path");
    let listed = client.get("/xml-bucket").await.expect(200).text();
    assert_eq!(all(&listed, "Key"), ["here"]);
}
