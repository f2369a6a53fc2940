//! Deleting frees bytes, unless something keeps them (F05).

use fogbank_tests::content::bytes;
use fogbank_tests::{Client, Server, raw, stored, wait_until};
use serde_json::{Value, json};
use std::time::Duration;

async fn bucket(client: &Client, name: &str, mut settings: Value) {
    settings["name"] = name.into();
    client.post("/storage/v1/b?project=p", settings).await.expect(200);
}

fn no_soft_delete() -> Value {
    json!({ "softDeletePolicy": { "retentionDurationSeconds": "0" } })
}

fn soon_no_files(server: &Server, what: &str) {
    wait_until(Duration::from_secs(15), what, || stored::objects(server.data()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_deleting_frees_the_bytes_and_no_path_reads_them() {
    let server = Server::start();
    let client = server.client();
    bucket(&client, "box", no_soft_delete()).await;
    let object = client.upload("box", "o", bytes(100_000, 1)).await.expect(200).json();
    let generation = object["generation"].as_str().expect("a generation");
    client.delete("/storage/v1/b/box/o/o").await.expect(204);
    soon_no_files(&server, "the file is gone");
    for path in [
        "/storage/v1/b/box/o/o".to_owned(),
        "/storage/v1/b/box/o/o?alt=media".to_owned(),
        "/download/storage/v1/b/box/o/o?alt=media".to_owned(),
        format!("/storage/v1/b/box/o/o?alt=media&generation={generation}"),
        format!("/storage/v1/b/box/o/o?softDeleted=true&generation={generation}"),
    ] {
        client.get(&path).await.expect(404);
    }
    let (status, _) = raw::exchange(
        server.base(),
        "GET /box/o HTTP/1.1\r\nhost: storage.googleapis.com\r\nconnection: close\r\n\r\n",
    );
    assert_eq!(status, 404);
    client.delete("/storage/v1/b/box/o/o").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_an_overwritten_generation_of_an_unversioned_bucket_is_freed() {
    let server = Server::start();
    let client = server.client();
    bucket(&client, "box", no_soft_delete()).await;
    for turn in 0..5 {
        client.upload("box", "o", bytes(100_000, turn)).await.expect(200);
    }
    wait_until(Duration::from_secs(15), "one file is left", || stored::objects(server.data()).len() == 1);
    assert!(client.download("box", "o").await.expect(200).body == bytes(100_000, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_a_new_bucket_keeps_what_is_deleted_for_seven_days() {
    let server = Server::start();
    let client = server.client();
    let made = client.bucket("box").await.json();
    assert_eq!(made["softDeletePolicy"]["retentionDurationSeconds"], "604800");
    let object = client.upload("box", "o", "kept").await.expect(200).json();
    let generation = object["generation"].as_str().expect("a generation").to_owned();
    client.delete("/storage/v1/b/box/o/o").await.expect(204);
    client.object("box", "o").await.expect(404);
    assert_eq!(client.names("box", "softDeleted=true").await, ["o"]);
    assert_eq!(stored::objects(server.data()).len(), 1, "its bytes are kept");
    client.get(&format!("/storage/v1/b/box/o/o?alt=media&generation={generation}")).await.expect(404);
    let restored = client
        .post(&format!("/storage/v1/b/box/o/o/restore?generation={generation}"), json!({}))
        .await
        .expect(200)
        .json();
    assert_ne!(restored["generation"], generation.as_str(), "it comes back as a new generation");
    assert_eq!(client.download("box", "o").await.expect(200).text(), "kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_versions_keep_bytes_until_they_are_deleted_by_name() {
    let server = Server::start();
    let client = server.client();
    let mut settings = no_soft_delete();
    settings["versioning"] = json!({ "enabled": true });
    bucket(&client, "box", settings).await;
    let mut generations = Vec::new();
    for turn in 0..3 {
        let object = client.upload("box", "o", format!("version {turn}")).await.expect(200).json();
        generations.push(object["generation"].as_str().expect("a generation").to_owned());
    }
    client.delete("/storage/v1/b/box/o/o").await.expect(204);
    client.object("box", "o").await.expect(404);
    assert_eq!(client.names("box", "versions=true").await.len(), 3);
    for (turn, generation) in generations.iter().enumerate() {
        let path = format!("/storage/v1/b/box/o/o?alt=media&generation={generation}");
        assert_eq!(client.get(&path).await.expect(200).text(), format!("version {turn}"));
    }
    let noncurrent = client.objects("box", "versions=true").await;
    assert!(noncurrent.iter().all(|object| object["timeDeleted"].is_string()), "{noncurrent:?}");
    for generation in &generations {
        client.delete(&format!("/storage/v1/b/box/o/o?generation={generation}")).await.expect(204);
    }
    soon_no_files(&server, "all versions are freed");
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_holds_keep_objects() {
    let server = Server::start();
    let client = server.client();
    bucket(&client, "box", no_soft_delete()).await;
    for hold in ["temporaryHold", "eventBasedHold"] {
        client.upload("box", "o", "held").await.expect(200);
        client.patch("/storage/v1/b/box/o/o", json!({ hold: true })).await.expect(200);
        client.delete("/storage/v1/b/box/o/o").await.expect(403).expect_google_form();
        client.upload("box", "o", "other").await.expect(403).expect_google_form();
        assert_eq!(client.download("box", "o").await.expect(200).text(), "held");
        client.patch("/storage/v1/b/box/o/o", json!({ hold: false })).await.expect(200);
        client.delete("/storage/v1/b/box/o/o").await.expect(204);
    }
    soon_no_files(&server, "what is held no more is freed");
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_retention_keeps_objects() {
    let server = Server::start();
    let client = server.client();
    let mut settings = no_soft_delete();
    settings["retentionPolicy"] = json!({ "retentionPeriod": "3600" });
    bucket(&client, "box", settings).await;
    client.upload("box", "o", "retained").await.expect(200);
    client.delete("/storage/v1/b/box/o/o").await.expect(403).expect_google_form();
    client.upload("box", "o", "other").await.expect(403).expect_google_form();
    assert_eq!(client.download("box", "o").await.expect(200).text(), "retained");
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_a_bucket_with_objects_is_not_deleted() {
    let server = Server::start();
    let client = server.client();
    bucket(&client, "box", no_soft_delete()).await;
    client.upload("box", "o", "x").await.expect(200);
    client.delete("/storage/v1/b/box").await.expect_error(409, "notEmpty");
    client.delete("/storage/v1/b/box/o/o").await.expect(204);
    client.delete("/storage/v1/b/box").await.expect(204);
    client.get("/storage/v1/b/box").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_objects_of_a_bucket_that_is_deleted_meanwhile_are_404_and_leave_nothing() {
    let server = Server::start();
    let client = server.client();
    for round in 0..5 {
        bucket(&client, "box", no_soft_delete()).await;
        let (deleted, uploaded) =
            tokio::join!(client.delete("/storage/v1/b/box"), client.upload("box", "o", format!("{round}")));
        match (deleted.status, uploaded.status) {
            (204, 404) => {}
            (409, 200) | (204, 200) => {
                if deleted.status == 204 {
                    panic!("a bucket was deleted with an object in it");
                }
                client.delete("/storage/v1/b/box/o/o").await.expect(204);
                client.delete("/storage/v1/b/box").await.expect(204);
            }
            other => panic!("{other:?}: {} {}", deleted.text(), uploaded.text()),
        }
    }
    soon_no_files(&server, "no file is left");
}
