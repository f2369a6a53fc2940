//! The bytes that come back are the bytes that went in (F01), and success means that they are there (F19).

use fogbank_tests::client::object;
use fogbank_tests::content::{bytes, crc32c, md5};
use fogbank_tests::metrics::Reading;
use fogbank_tests::{Client, Options, Server, stored};
use reqwest::Method;
use serde_json::json;
use std::io::Write;

async fn server() -> (Server, Client) {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    (server, client)
}

fn contents() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("empty", vec![]),
        ("one zero", vec![0]),
        ("0xFF", vec![0xff; 4096]),
        ("every byte", (0..=255).collect()),
        ("UTF-8", "grüße, 世界, \u{1F30D}\r\n".into()),
        ("just inline", bytes(64 << 10, 1)),
        ("just a stream", bytes((64 << 10) + 1, 2)),
        ("8 MiB", bytes(8 << 20, 3)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_downloads_are_the_exact_bytes_with_their_checksums() {
    let (_server, client) = server().await;
    for (name, content) in contents() {
        let object = client.upload("box", name, content.clone()).await.expect(200).json();
        assert_eq!(object["size"], content.len().to_string(), "{name}");
        assert_eq!(object["md5Hash"], md5(&content), "{name}");
        assert_eq!(object["crc32c"], crc32c(&content), "{name}");
        let answer = client.download("box", name).await.expect(200);
        assert!(answer.body == content, "{name}: other bytes came back");
        let hash = answer.headers.get_all("x-goog-hash").iter().map(|value| value.to_str().unwrap_or_default());
        let hash = hash.collect::<Vec<_>>().join(",");
        assert!(hash.contains(&format!("crc32c={}", crc32c(&content))), "{name}: {hash}");
        assert!(hash.contains(&format!("md5={}", md5(&content))), "{name}: {hash}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_ranges_are_the_exact_bytes() {
    let (_server, client) = server().await;
    let content = bytes(1 << 20, 4);
    client.upload("box", "o", content.clone()).await.expect(200);
    for (from, to) in [(0, 0), (0, 1023), (1000, 70_000), ((1 << 20) - 1, (1 << 20) - 1), (500_000, (1 << 20) - 1)] {
        let request = client
            .request(Method::GET, "/storage/v1/b/box/o/o?alt=media")
            .header("range", format!("bytes={from}-{to}"));
        let answer = client.send(request).await.expect(206);
        assert!(answer.body == content[from..=to], "{from}-{to}");
        assert_eq!(answer.header("content-range"), format!("bytes {from}-{to}/{}", content.len()));
        assert_eq!(answer.header("content-length"), (to - from + 1).to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_gzip_content_with_and_without_transcoding() {
    let (_server, client) = server().await;
    let plain = "the same line again\n".repeat(10_000).into_bytes();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&plain).expect("in memory");
    let gzip = encoder.finish().expect("in memory");
    let path = "/upload/storage/v1/b/box/o?uploadType=media&name=z&contentEncoding=gzip";
    let object = client.send(client.request(Method::POST, path).body(gzip.clone())).await.expect(200).json();
    assert_eq!(object["size"], gzip.len().to_string(), "stored as it came");
    assert_eq!(object["md5Hash"], md5(&gzip));

    let get = |accept: &'static str| {
        client.send(client.request(Method::GET, "/storage/v1/b/box/o/z?alt=media").header("accept-encoding", accept))
    };
    let transcoded = get("identity").await.expect(200);
    assert!(transcoded.body == plain, "decompressed for who does not accept gzip");
    assert_eq!(transcoded.header("content-encoding"), "");
    let as_it_is = get("gzip").await.expect(200);
    assert!(as_it_is.body == gzip, "as it is for who does");
    assert_eq!(as_it_is.header("content-encoding"), "gzip");

    let patch = json!({ "cacheControl": "no-transform" });
    client.patch("/storage/v1/b/box/o/z", patch).await.expect(200);
    assert!(get("identity").await.expect(200).body == gzip, "no-transform is kept to");
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_copies_compositions_and_rewrites_are_the_exact_bytes() {
    let (_server, client) = server().await;
    let (one, two) = (bytes(300_000, 5), bytes(77, 6));
    client.upload("box", "one", one.clone()).await.expect(200);
    client.upload("box", "two", two.clone()).await.expect(200);
    let whole = [one.clone(), two, one.clone()].concat();
    let sources = json!({ "sourceObjects": [{ "name": "one" }, { "name": "two" }, { "name": "one" }] });
    let composed = client.post("/storage/v1/b/box/o/whole/compose", sources).await.expect(200).json();
    assert_eq!(composed["componentCount"], 3);
    assert_eq!(composed["crc32c"], crc32c(&whole));
    assert!(composed.get("md5Hash").is_none(), "a composite has no MD5: {composed}");
    assert!(client.download("box", "whole").await.expect(200).body == whole);

    let rewritten =
        client.post("/storage/v1/b/box/o/whole/rewriteTo/b/box/o/again", json!({})).await.expect(200).json();
    assert_eq!(rewritten["done"], true);
    assert!(client.download("box", "again").await.expect(200).body == whole);
    client.post("/storage/v1/b/box/o/one/copyTo/b/box/o/copied", json!({})).await.expect(200);
    client.delete(&object("box", "one")).await.expect(204);
    assert!(client.download("box", "copied").await.expect(200).body == one, "a copy outlives its source");
    assert!(client.download("box", "whole").await.expect(200).body == whole, "a composition outlives its sources");
    client.post("/storage/v1/b/box/o/copied/moveTo/o/moved", json!({})).await.expect(200);
    client.object("box", "copied").await.expect(404);
    assert!(client.download("box", "moved").await.expect(200).body == one);
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_checksums_that_do_not_match_are_refused_and_leave_nothing() {
    let (server, client) = server().await;
    for (header, wrong) in [("md5", md5(b"other")), ("crc32c", crc32c(b"other"))] {
        let request = client.media("box", "o").header("x-goog-hash", format!("{header}={wrong}")).body("content");
        let answer = client.send(request).await;
        assert_eq!(answer.status, 400, "{header}: {}", answer.text());
        answer.expect_google_form();
    }
    let right = client
        .media("box", "o")
        .header("x-goog-hash", format!("crc32c={},md5={}", crc32c(b"content"), md5(b"content")));
    client.send(right.body("content")).await.expect(200);
    assert_eq!(stored::objects(server.data()).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f19_success_is_answered_when_the_object_can_be_read() {
    let (_server, client) = server().await;
    let writers = (0..4).map(|writer| {
        let client = client.clone();
        tokio::spawn(async move {
            for turn in 0..25 {
                let name = format!("{writer}/{turn}");
                client.upload("box", &name, name.clone()).await.expect(200);
                assert_eq!(client.download("box", &name).await.expect(200).text(), name);
                let listed = client.get(&format!("/storage/v1/b/box/o?prefix={name}")).await.expect(200).json();
                assert!(listed["items"].as_array().is_some_and(|items| items.iter().any(|item| item["name"] == name)));
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("all could be read");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f15_each_upload_syncs_its_file_and_the_folder() {
    let (_server, client) = server().await;
    let before = Reading::of(&client).await;
    for number in 0..5 {
        client.upload("box", &format!("o{number}"), bytes(1000, number)).await.expect(200);
    }
    let after = Reading::of(&client).await;
    for kind in ["file", "folder"] {
        let label = format!("kind=\"{kind}\"");
        let synced = after.sum("fogbank_fsync_total", &[&label]) - before.sum("fogbank_fsync_total", &[&label]);
        assert!(synced >= 5.0, "{kind}: {synced} for 5 uploads\n{}", after.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conditional_reads() {
    let (_server, client) = server().await;
    let object = client.upload("box", "o", "content").await.expect(200).json();
    let etag = client.download("box", "o").await.header("etag").to_owned();
    assert!(!etag.is_empty());
    let with = |name: &'static str, value: String| {
        let request = client.request(Method::GET, "/storage/v1/b/box/o/o?alt=media").header(name, value);
        client.send(request)
    };
    assert_eq!(with("if-none-match", etag.clone()).await.status, 304);
    assert_eq!(with("if-match", etag).await.status, 200);
    assert_eq!(with("if-match", "\"other\"".into()).await.status, 412);
    let generation = object["generation"].as_str().expect("a generation");
    for (query, status) in [
        (format!("ifGenerationMatch={generation}"), 200),
        ("ifGenerationMatch=1".into(), 412),
        (format!("ifGenerationNotMatch={generation}"), 304),
        ("ifMetagenerationMatch=2".into(), 412),
        ("generation=1".into(), 404),
        (format!("generation={generation}"), 200),
    ] {
        let answer = client.get(&format!("/storage/v1/b/box/o/o?{query}")).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text());
    }
}

/// For the operator: an object's size is bounded where a setting says so.
#[tokio::test(flavor = "multi_thread")]
async fn f06_the_largest_object_is_a_setting() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("fogbank.toml");
    std::fs::write(&file, "[plugins.storage.settings]\nmax_object_size = 100000\n").expect("written");
    let server = Server::with(Options::new().arg("--config").arg(file.display().to_string()));
    let client = server.client();
    client.bucket("box").await;
    client.upload("box", "fits", bytes(100_000, 1)).await.expect(200);
    let declared = client.upload("box", "declared", bytes(100_001, 1)).await;
    assert!(matches!(declared.status, 400 | 413), "{}", declared.text());
    declared.expect_google_form();
    let stream = futures_util::stream::iter((0..20).map(|_| Ok::<_, std::io::Error>(vec![0_u8; 10_000])));
    let request = client.media("box", "undeclared").body(reqwest::Body::wrap_stream(stream));
    let undeclared = client.send(request).await;
    assert!(matches!(undeclared.status, 400 | 413), "{}", undeclared.text());
    assert_eq!(client.names("box", "").await, ["fits"]);
    assert_eq!(stored::content_of(server.data(), "default", "storage").len(), 1, "nothing is left of the others");
}
