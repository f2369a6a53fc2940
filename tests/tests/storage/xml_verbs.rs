//! What the verbs of the XML API mean by their query and headers, and how they refuse.

use fogbank_tests::content::{bytes, md5};
use fogbank_tests::{Answer, Client, Server, encode};
use reqwest::Method;

/// Headers of a request.
type Headers<'h> = &'h [(&'h str, &'h str)];

async fn send(
    client: &Client,
    method: Method,
    path: &str,
    headers: Headers<'_>,
    body: impl Into<reqwest::Body>,
) -> Answer {
    let request = client.request(method, path).body(body);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    client.send(request).await
}

async fn put(client: &Client, path: &str, headers: Headers<'_>, body: impl Into<reqwest::Body>) -> Answer {
    send(client, Method::PUT, path, headers, body).await
}

async fn get(client: &Client, path: &str, headers: Headers<'_>) -> Answer {
    send(client, Method::GET, path, headers, "").await
}

/// Checks the status and the name of an error.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    let text = answer.text();
    assert_eq!(answer.status, status, "{}\n{text}", answer.what);
    assert!(text.contains(&format!("<Code>{code}</Code>")), "{}\n{text}", answer.what);
}

async fn server() -> (Server, Client) {
    let server = Server::start();
    let client = server.client();
    put(&client, "/verbs", &[("x-goog-project-id", "demo-project")], "").await.expect(200);
    (server, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn f04_names_are_kept_exactly_by_path_and_by_host() {
    let (_server, client) = server().await;
    for name in ["a/../b", "a//b", "/lead", "..%2fetc", "ünï 😀+&<>\"'", "./x", "dir/", "%41"] {
        let path = format!("/verbs/{}", encode(name));
        put(&client, &path, &[], name).await.expect(200);
        assert_eq!(get(&client, &path, &[]).await.expect(200).text(), name);
        assert_eq!(client.object("verbs", name).await.expect(200).json()["name"], name);
        let hosted = format!("/{}", encode(name));
        let hosted = get(&client, &hosted, &[("host", "verbs.storage.googleapis.com")]).await;
        assert_eq!(hosted.expect(200).text(), name);
    }
    let listed = get(&client, "/verbs?encoding-type=url&prefix=a", &[]).await.expect(200).text();
    assert!(listed.contains("<Key>a/../b</Key>") && listed.contains("<Key>a//b</Key>"), "{listed}");
    refused(&put(&client, &format!("/verbs/{}", "x".repeat(1025)), &[], "x").await, 400, "KeyTooLong");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_named_like_a_prefix_is_reached_by_its_host_name() {
    let (_server, client) = server().await;
    let host = [("host", "storage.storage.googleapis.com")];
    put(&client, "/", &host, "").await.expect(200);
    put(&client, "/v1/b", &host, "odd").await.expect(200);
    assert_eq!(get(&client, "/v1/b", &host).await.expect(200).text(), "odd");
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_in_headers_hold() {
    let (_server, client) = server().await;
    let first = put(&client, "/verbs/x", &[("x-goog-if-generation-match", "0")], "1").await.expect(200);
    let (tag, generation) = (first.header("etag").to_owned(), first.header("x-goog-generation").to_owned());
    refused(&put(&client, "/verbs/x", &[("x-goog-if-generation-match", "0")], "2").await, 412, "PreconditionFailed");
    get(&client, "/verbs/x", &[("if-none-match", &tag)]).await.expect(304);
    refused(&get(&client, "/verbs/x", &[("if-match", "\"other\"")]).await, 412, "PreconditionFailed");
    refused(&get(&client, "/verbs/x", &[("range", "bytes=5-")]).await, 416, "InvalidRange");
    // boto sends the generation twice.
    get(&client, &format!("/verbs/x?generation={generation}&generation={generation}"), &[]).await.expect(200);
    refused(&get(&client, "/verbs/x?generation=1", &[]).await, 404, "NoSuchKey");
    let copy = [("x-goog-copy-source", "verbs/x"), ("x-goog-copy-source-if-none-match", tag.as_str())];
    refused(&put(&client, "/verbs/y", &copy, "").await, 412, "PreconditionFailed");
}

#[tokio::test(flavor = "multi_thread")]
async fn f16_a_checksum_that_does_not_match_leaves_nothing() {
    let (_server, client) = server().await;
    let wrong = md5(b"other");
    refused(&put(&client, "/verbs/x", &[("content-md5", &wrong)], "x").await, 400, "BadDigest");
    refused(&put(&client, "/verbs/x", &[("content-md5", "?")], "x").await, 400, "InvalidDigest");
    refused(&put(&client, "/verbs/x", &[("x-goog-hash", "crc32c=AAAAAA==")], "x").await, 400, "BadDigest");
    refused(&get(&client, "/verbs/x", &[]).await, 404, "NoSuchKey");
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_content_that_is_no_gzip_is_served_as_it_is() {
    let (_server, client) = server().await;
    put(&client, "/verbs/x", &[("content-encoding", "gzip")], "plain").await.expect(200);
    let answer = get(&client, "/verbs/x", &[]).await.expect(200);
    assert_eq!((answer.text().as_str(), answer.header("content-encoding")), ("plain", "gzip"));
    put(&client, "/verbs/empty", &[], "").await.expect(200);
    let head = send(&client, Method::HEAD, "/verbs/empty", &[], "").await.expect(200);
    assert_eq!(head.header("content-length"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumable_upload_goes_on_where_it_was() {
    let (server, client) = server().await;
    let content = bytes(600_000, 9);
    let begun = send(&client, Method::POST, "/verbs/a%20b", &[("x-goog-resumable", "start")], "").await.expect(201);
    let place = begun.header("location").strip_prefix(server.client().base()).expect("a link to here").to_owned();
    let first = put(&client, &place, &[("content-range", "bytes 0-262143/*")], content[..262_144].to_vec()).await;
    assert_eq!(first.expect(308).header("range"), "bytes=0-262143");
    let asked = put(&client, &place, &[("content-range", "bytes */*")], "").await.expect(308);
    assert_eq!(asked.header("range"), "bytes=0-262143");
    let last =
        put(&client, &place, &[("content-range", "bytes 262144-599999/600000")], content[262_144..].to_vec()).await;
    assert_eq!(last.expect(200).header("x-goog-stored-content-length"), "600000");
    assert!(get(&client, "/verbs/a%20b", &[]).await.expect(200).body == content);
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_composed() {
    let (_server, client) = server().await;
    for name in ["a", "b"] {
        put(&client, &format!("/verbs/{name}"), &[], name).await.expect(200);
    }
    let body =
        "<ComposeRequest><Component><Name>a</Name></Component><Component><Name>b</Name></Component></ComposeRequest>";
    let made = put(&client, "/verbs/ab?compose", &[("content-type", "text/x")], body).await.expect(200);
    assert_eq!(made.header("x-goog-component-count"), "2");
    let read = get(&client, "/verbs/ab", &[]).await.expect(200);
    assert_eq!((read.text().as_str(), read.header("etag")), ("ab", made.header("etag")));
    refused(&put(&client, "/verbs/ab?compose", &[], "<ComposeRequest").await, 400, "MalformedXML");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_a_bucket_are_documents() {
    let (_server, client) = server().await;
    for (name, document) in [
        ("versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"),
        ("billing", "<BillingConfiguration><RequesterPays>Enabled</RequesterPays></BillingConfiguration>"),
        (
            "lifecycle",
            "<LifecycleConfiguration><Rule><Action><Delete/></Action><Condition><Age>30</Age></Condition></Rule>\
             </LifecycleConfiguration>",
        ),
    ] {
        put(&client, &format!("/verbs?{name}"), &[], document).await.expect(200);
        let read = get(&client, &format!("/verbs?{name}"), &[]).await.expect(200).text();
        assert!(read.ends_with(document), "{read}");
    }
    let wire = client.get("/storage/v1/b/verbs").await.expect(200).json();
    assert_eq!(wire["versioning"]["enabled"], true, "{wire}");
    refused(&get(&client, "/verbs?policy", &[]).await, 400, "NotImplemented");
    put(&client, "/verbs/x", &[], "x").await.expect(200);
    refused(&send(&client, Method::DELETE, "/verbs", &[], "").await, 409, "BucketNotEmpty");
}

#[tokio::test(flavor = "multi_thread")]
async fn generations_are_listed_and_paged() {
    let (_server, client) = server().await;
    let document = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    put(&client, "/verbs?versioning", &[], document).await.expect(200);
    let mut generations = Vec::new();
    for content in ["1", "2", "3"] {
        generations
            .push(put(&client, "/verbs/x", &[], content).await.expect(200).header("x-goog-generation").to_owned());
    }
    let page = format!("/verbs?versions&marker=x&generation-marker={}", generations[0]);
    let listed = get(&client, &page, &[]).await.expect(200).text();
    assert!(!listed.contains(&generations[0]) || listed.matches("<Version>").count() == 2, "{listed}");
    assert!(listed.contains(&generations[1]) && listed.contains("<IsLatest>true</IsLatest>"), "{listed}");
    assert_eq!(get(&client, &format!("/verbs/x?generation={}", generations[0]), &[]).await.expect(200).text(), "1");
}
