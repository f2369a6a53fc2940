//! Many clients at once (F02, F17), and clients that leave (F16).

use fogbank_tests::content::{bytes, md5};
use fogbank_tests::{Answer, Server, raw, stored, wait_until};
use futures_util::future::join_all;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

fn generation(answer: &Answer) -> u64 {
    answer.json()["generation"].as_str().and_then(|text| text.parse().ok()).expect("a generation")
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_many_writers_of_one_name_leave_one_whole_body() {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    for round in 0..3 {
        let bodies: Vec<_> = (0..16).map(|writer| bytes(200_000 + writer as usize, round * 100 + writer)).collect();
        let answers = join_all(bodies.iter().map(|body| client.upload("box", "one", body.clone()))).await;
        let answers: Vec<_> = answers.into_iter().map(|answer| answer.expect(200)).collect();
        let generations: BTreeSet<_> = answers.iter().map(generation).collect();
        assert_eq!(generations.len(), answers.len(), "generations are distinct");
        for (answer, body) in answers.iter().zip(&bodies) {
            assert_eq!(answer.json()["md5Hash"], md5(body), "each writer is told of its own bytes");
        }
        let live = client.object("box", "one").await.expect(200);
        assert_eq!(Some(&generation(&live)), generations.last(), "the live one is the newest");
        let content = client.download("box", "one").await.expect(200).body;
        let winner = answers.iter().position(|answer| generation(answer) == generation(&live)).expect("one of them");
        assert!(content == bodies[winner], "the bytes are those of the newest, whole");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_a_precondition_lets_one_writer_through() {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    let path = "/upload/storage/v1/b/box/o?uploadType=media&name=once&ifGenerationMatch=0";
    let writers =
        (0..12).map(|writer| client.send(client.request(reqwest::Method::POST, path).body(format!("writer {writer}"))));
    let statuses: Vec<_> = join_all(writers).await.into_iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 412)), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f02_patches_at_once_lose_nothing() {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    client.upload("box", "o", "x").await.expect(200);
    let patches =
        (0..10).map(|n| client.patch("/storage/v1/b/box/o/o", json!({ "metadata": { format!("k{n}"): "v" } })));
    for answer in join_all(patches).await {
        answer.expect(200);
    }
    let object = client.object("box", "o").await.expect(200).json();
    assert_eq!(object["metadata"].as_object().map(|metadata| metadata.len()), Some(10), "{object}");
    assert_eq!(object["metageneration"], "11");
}

#[tokio::test(flavor = "multi_thread")]
async fn f17_one_of_many_creators_of_a_bucket_gets_200() {
    let server = Server::start();
    let client = server.client();
    for round in 0..3 {
        let name = format!("contested-{round}");
        let creators = (0..16).map(|_| client.post("/storage/v1/b?project=p", json!({ "name": name })));
        let statuses: Vec<_> = join_all(creators).await.into_iter().map(|answer| answer.status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 15, "{statuses:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f16_a_client_that_disappears_leaves_no_file_and_no_row() {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    for kind in ["content-length: 500000", "transfer-encoding: chunked"] {
        let mut connection = raw::Connection::open(server.base());
        let head =
            format!("POST /upload/storage/v1/b/box/o?uploadType=media&name=gone HTTP/1.1\r\nhost: x\r\n{kind}\r\n\r\n");
        connection.send(head);
        if kind.starts_with("transfer") {
            connection.send(format!("{:x}\r\n", 200_000)).send(vec![7; 200_000]).send("\r\n");
        } else {
            connection.send(vec![7; 200_000]);
        }
        std::thread::sleep(Duration::from_millis(200));
        drop(connection);
    }
    wait_until(Duration::from_secs(10), "nothing is left", || {
        stored::content_of(server.data(), "default", "storage").is_empty()
    });
    client.object("box", "gone").await.expect(404);
    assert_eq!(client.names("box", "versions=true").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn f16_an_upload_whose_commit_fails_leaves_nothing() {
    for point in [
        "storage.object.recorded",
        "storage.object.filed",
        "storage.object.staged",
        "files.commit.begin",
        "files.commit.renamed",
    ] {
        let server = Server::with(fogbank_tests::Options::new().env("FOGBANK_FAULT", format!("{point}:fail:1")));
        let client = server.client();
        client.bucket("box").await;
        let answer = client.upload("box", "o", bytes(100_000, 1)).await;
        assert!((500..600).contains(&answer.status), "{point}: {}", answer.text());
        answer.expect_google_form();
        client.object("box", "o").await.expect(404);
        wait_until(Duration::from_secs(10), point, || {
            stored::content_of(server.data(), "default", "storage").is_empty()
        });
        client.upload("box", "o", "tried again").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f20_a_clean_up_that_fails_is_logged_and_tried_again() {
    let server = Server::with(fogbank_tests::Options::new().env("FOGBANK_FAULT", "files.remove.begin:fail:1"));
    let client = server.client();
    let bucket = json!({ "name": "box", "softDeletePolicy": { "retentionDurationSeconds": "0" } });
    client.post("/storage/v1/b?project=p", bucket).await.expect(200);
    client.upload("box", "o", bytes(50_000, 1)).await.expect(200);
    client.delete("/storage/v1/b/box/o/o").await.expect(204);
    client.object("box", "o").await.expect(404);
    server.log_with("could not be removed");
    wait_until(Duration::from_secs(60), "the file goes later", || stored::objects(server.data()).is_empty());
}
