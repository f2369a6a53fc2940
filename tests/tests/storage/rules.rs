//! Rules of lifecycle and soft delete are carried out on the tenant's clock (F38): each condition before and after.

use fogbank_tests::{Client, Server, stored, wait_for, wait_until};
use serde_json::{Value, json};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
const LIMIT: Duration = Duration::from_secs(100);

async fn bucket(client: &Client, rules: Value, versioned: bool) {
    let settings = json!({
        "name": "box",
        "softDeletePolicy": { "retentionDurationSeconds": "0" },
        "versioning": { "enabled": versioned },
        "lifecycle": { "rule": rules },
    });
    client.post("/storage/v1/b?project=p", settings).await.expect(200);
}

fn delete_when(condition: Value) -> Value {
    json!([{ "action": { "type": "Delete" }, "condition": condition }])
}

async fn gone(client: &Client, name: &str) {
    wait_for(LIMIT, "the rule is carried out", || async { client.object("box", name).await.status == 404 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f38_age_prefix_and_suffix() {
    let server = Server::start();
    let client = server.tenant("age").await;
    bucket(&client, delete_when(json!({ "age": 10, "matchesPrefix": ["tmp/"], "matchesSuffix": [".log"] })), false)
        .await;
    for name in ["tmp/a.log", "tmp/a.txt", "keep/a.log"] {
        client.upload("box", name, "x").await.expect(200);
    }
    server.advance("age", DAY * 9).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    client.object("box", "tmp/a.log").await.expect(200);
    server.advance("age", DAY * 2).await;
    gone(&client, "tmp/a.log").await;
    assert_eq!(client.names("box", "").await, ["keep/a.log", "tmp/a.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f38_newer_versions_and_days_noncurrent() {
    let server = Server::start();
    let client = server.tenant("versions").await;
    bucket(&client, delete_when(json!({ "numNewerVersions": 2 })), true).await;
    for turn in 0..4 {
        client.upload("box", "o", format!("{turn}")).await.expect(200);
    }
    server.advance("versions", Duration::from_secs(120)).await;
    wait_for(LIMIT, "two newest and the live one are left", || async {
        client.names("box", "versions=true").await.len() <= 2
    })
    .await;
    assert_eq!(client.download("box", "o").await.expect(200).text(), "3", "the live one is never the rule's");
}

#[tokio::test(flavor = "multi_thread")]
async fn f38_a_storage_class_is_set_and_a_hold_keeps() {
    let server = Server::start();
    let client = server.tenant("class").await;
    let rules = json!([
        { "action": { "type": "SetStorageClass", "storageClass": "COLDLINE" }, "condition": { "age": 5, "matchesStorageClass": ["STANDARD"] } },
        { "action": { "type": "Delete" }, "condition": { "age": 20 } },
    ]);
    bucket(&client, rules, false).await;
    client.upload("box", "o", "x").await.expect(200);
    client.upload("box", "held", "x").await.expect(200);
    client.patch("/storage/v1/b/box/o/held", json!({ "temporaryHold": true })).await.expect(200);
    let class = || async { client.object("box", "o").await.expect(200).json()["storageClass"].clone() };
    assert_eq!(class().await, "STANDARD");
    server.advance("class", DAY * 6).await;
    wait_for(LIMIT, "the class changes", || async { class().await == "COLDLINE" }).await;
    server.advance("class", DAY * 20).await;
    gone(&client, "o").await;
    client.object("box", "held").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn f38_custom_times_are_instants() {
    let server = Server::start();
    let client = server.tenant("times").await;
    bucket(&client, delete_when(json!({ "daysSinceCustomTime": 3 })), false).await;
    client.upload("box", "custom", "x").await.expect(200);
    client.upload("box", "none", "x").await.expect(200);
    let created = client.object("box", "custom").await.json()["timeCreated"].as_str().expect("a time").to_owned();
    client.patch("/storage/v1/b/box/o/custom", json!({ "customTime": created })).await.expect(200);
    // The same instant, written with another offset, reads back as UTC.
    let shifted = json!({ "customTime": "2100-01-01T02:00:00+02:00" });
    let patched = client.patch("/storage/v1/b/box/o/none", shifted).await.expect(200).json();
    assert!(
        patched["customTime"]
            .as_str()
            .is_some_and(|time| time.starts_with("2100-01-01T00:00:00") && time.ends_with('Z')),
        "{patched}"
    );
    server.advance("times", DAY * 4).await;
    gone(&client, "custom").await;
    client.object("box", "none").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn f05_what_is_soft_deleted_goes_when_its_time_is_over() {
    let server = Server::start();
    let client = server.tenant("soft").await;
    let settings = json!({ "name": "box", "softDeletePolicy": { "retentionDurationSeconds": "604800" } });
    client.post("/storage/v1/b?project=p", settings).await.expect(200);
    let object = client.upload("box", "o", "kept for a week").await.expect(200).json();
    let generation = object["generation"].as_str().expect("a generation");
    client.delete("/storage/v1/b/box/o/o").await.expect(204);
    server.advance("soft", DAY * 6).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    client.get(&format!("/storage/v1/b/box/o/o?softDeleted=true&generation={generation}")).await.expect(200);
    server.advance("soft", DAY * 2).await;
    wait_until(LIMIT, "its file is gone", || {
        stored::files_below(&server.data().join("tenants/soft/storage/files")).is_empty()
    });
    client.get(&format!("/storage/v1/b/box/o/o?softDeleted=true&generation={generation}")).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn f38_times_are_utc_and_nothing_divides_by_zero() {
    let server = Server::start();
    let client = server.client();
    client.bucket("box").await;
    assert_eq!(client.names("box", "maxResults=5").await, Vec::<String>::new());
    let object = client.upload("box", "o", "").await.expect(200).json();
    for key in ["timeCreated", "updated", "timeStorageClassUpdated"] {
        let time = object[key].as_str().unwrap_or_default();
        assert!(time.ends_with('Z') && time.len() == 24, "{key}: {time}");
    }
    let zero = client.get("/storage/v1/b/box/o?maxResults=0").await;
    assert!(zero.status == 200 || zero.status == 400, "{}", zero.text());
    let sources = json!({ "sourceObjects": [] });
    client.post("/storage/v1/b/box/o/none/compose", sources).await.expect(400).expect_google_form();
}
