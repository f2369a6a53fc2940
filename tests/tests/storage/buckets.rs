//! Buckets: what is set reads back, what is cleared is gone, preconditions hold.

use fogbank_tests::{Client, Server};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

/// Settings that a client may send, each reading back as it was sent.
fn settings() -> Value {
    json!({
        "location": "EU",
        "storageClass": "NEARLINE",
        "labels": { "env": "test" },
        "versioning": { "enabled": true },
        "lifecycle": { "rule": [{ "action": { "type": "Delete" }, "condition": { "age": 30, "matchesPrefix": ["tmp/"] } }] },
        "cors": [{ "origin": ["https://example.com"], "method": ["GET"], "responseHeader": ["x-a"], "maxAgeSeconds": 60 }],
        "website": { "mainPageSuffix": "index.html", "notFoundPage": "404.html" },
        "defaultEventBasedHold": true,
        "retentionPolicy": { "retentionPeriod": "60" },
        "iamConfiguration": { "uniformBucketLevelAccess": { "enabled": true }, "publicAccessPrevention": "enforced" },
        "softDeletePolicy": { "retentionDurationSeconds": "864000" },
        "billing": { "requesterPays": true },
        "logging": { "logBucket": "logs", "logObjectPrefix": "log" },
    })
}

/// Whether everything in `part` stands in `whole`.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, value)| whole.get(key).is_some_and(|found| contains(found, value)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| contains(whole, part))
        }
        _ => whole == part,
    }
}

async fn made(client: &Client, name: &str, mut settings: Value) -> Value {
    settings["name"] = name.into();
    client.post("/storage/v1/b?project=demo-project", settings).await.expect(200).json()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_reads_back_on_insert_patch_and_update() {
    let server = Server::start();
    let client = server.client();
    let inserted = made(&client, "inserted", settings()).await;
    let mut changeable = settings();
    changeable.as_object_mut().expect("an object").remove("location");
    made(&client, "patched", json!({})).await;
    let patched = client.patch("/storage/v1/b/patched", changeable.clone()).await.expect(200).json();
    for (bucket, answer, sent) in [("inserted", inserted, settings()), ("patched", patched, changeable)] {
        let read = client.get(&format!("/storage/v1/b/{bucket}")).await.expect(200).json();
        for (key, value) in sent.as_object().expect("an object") {
            assert!(contains(&answer[key], value), "{bucket}.{key}: sent {value}, answered {}", answer[key]);
            assert!(contains(&read[key], value), "{bucket}.{key}: sent {value}, read {}", read[key]);
        }
        for key in [
            "id",
            "selfLink",
            "projectNumber",
            "metageneration",
            "timeCreated",
            "updated",
            "etag",
            "locationType",
            "kind",
        ] {
            assert!(read[key].is_string(), "{bucket}.{key}: {read}");
        }
        assert!(read["selfLink"].as_str().is_some_and(|link| link.starts_with(server.base())), "{read}");
    }
    let updated = client
        .put("/storage/v1/b/patched", json!({ "name": "patched", "labels": { "only": "this" } }))
        .await
        .expect(200)
        .json();
    assert_eq!(updated["labels"], json!({ "only": "this" }));
    assert!(updated.get("website").is_none(), "update replaces all: {updated}");
}

#[tokio::test(flavor = "multi_thread")]
async fn null_clears_and_output_only_fields_are_passed_over() {
    let server = Server::start();
    let client = server.client();
    let bucket = made(&client, "box", settings()).await;
    let mut whole = bucket.clone();
    whole["labels"] = json!({ "env": null, "new": "label" });
    whole["website"] = Value::Null;
    whole["cors"] = json!([]);
    whole["lifecycle"] = Value::Null;
    let patched = client.patch("/storage/v1/b/box", whole).await.expect(200).json();
    assert_eq!(patched["labels"], json!({ "new": "label" }));
    for cleared in ["website", "cors", "lifecycle"] {
        assert!(patched.get(cleared).is_none(), "{cleared}: {patched}");
    }
    assert_eq!(patched["timeCreated"], bucket["timeCreated"]);
    assert_eq!(patched["metageneration"], "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn metageneration_preconditions() {
    let server = Server::start();
    let client = server.client();
    made(&client, "box", json!({})).await;
    let labels = json!({ "labels": { "a": "b" } });
    client
        .patch("/storage/v1/b/box?ifMetagenerationMatch=7", labels.clone())
        .await
        .expect_error(412, "conditionNotMet");
    client.patch("/storage/v1/b/box?ifMetagenerationMatch=1", labels).await.expect(200);
    client.get("/storage/v1/b/box?ifMetagenerationNotMatch=2").await.expect(304);
    client.delete("/storage/v1/b/box?ifMetagenerationMatch=1").await.expect(412);
    client.delete("/storage/v1/b/box?ifMetagenerationMatch=2").await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_have_etags_and_a_stale_one_is_refused() {
    let server = Server::start();
    let client = server.client();
    made(&client, "box", json!({})).await;
    let unset = client.get("/storage/v1/b/box/iam?optionsRequestedPolicyVersion=3").await.expect(200).json();
    assert!(unset["etag"].is_string() && unset["version"].is_number(), "{unset}");
    let policy = json!({ "etag": unset["etag"], "bindings": [{ "role": "roles/storage.objectViewer", "members": ["allUsers"] }] });
    let set = client.put("/storage/v1/b/box/iam", policy.clone()).await.expect(200).json();
    assert_ne!(set["etag"], unset["etag"]);
    let stale = client.put("/storage/v1/b/box/iam", policy).await;
    assert!(matches!(stale.status, 409 | 412), "{}", stale.text());
    stale.expect_google_form();
    let read = client.get("/storage/v1/b/box/iam").await.expect(200).json();
    assert_eq!(read["bindings"][0]["members"][0], "allUsers");
    let may = client
        .get("/storage/v1/b/box/iam/testPermissions?permissions=storage.buckets.get&permissions=storage.objects.list")
        .await;
    assert_eq!(may.expect(200).json()["permissions"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retention_policy_that_is_locked_cannot_be_shortened() {
    let server = Server::start();
    let client = server.client();
    made(&client, "box", json!({ "retentionPolicy": { "retentionPeriod": "100" } })).await;
    client.post("/storage/v1/b/box/lockRetentionPolicy?ifMetagenerationMatch=9", json!({})).await.expect(412);
    let locked = client.post("/storage/v1/b/box/lockRetentionPolicy?ifMetagenerationMatch=1", json!({})).await;
    let locked = locked.expect(200).json();
    assert_eq!(locked["retentionPolicy"]["isLocked"], true);
    for shorter in [json!({ "retentionPolicy": { "retentionPeriod": "50" } }), json!({ "retentionPolicy": null })] {
        let refused = client.patch("/storage/v1/b/box", shorter).await;
        assert!(matches!(refused.status, 400 | 403), "{}", refused.text());
        refused.expect_google_form();
    }
    client.patch("/storage/v1/b/box", json!({ "retentionPolicy": { "retentionPeriod": "200" } })).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_are_listed_by_project_in_pages() {
    let server = Server::start();
    let client = server.client();
    join_all(
        (0..7).map(|n| {
            let client = client.clone();
            async move {
                client.post("/storage/v1/b?project=one", json!({ "name": format!("bucket-{n}") })).await.expect(200)
            }
        }),
    )
    .await;
    client.post("/storage/v1/b?project=two", json!({ "name": "other" })).await.expect(200);
    let first = client.get("/storage/v1/b?project=one&maxResults=5").await.expect(200).json();
    assert_eq!(first["items"].as_array().map(Vec::len), Some(5));
    let token = fogbank_tests::encode(first["nextPageToken"].as_str().expect("a token"));
    let second =
        client.get(&format!("/storage/v1/b?project=one&maxResults=5&pageToken={token}")).await.expect(200).json();
    assert_eq!(second["items"].as_array().map(Vec::len), Some(2));
    let prefixed = client.get("/storage/v1/b?project=one&prefix=bucket-3").await.expect(200).json();
    assert_eq!(prefixed["items"][0]["name"], "bucket-3");
}

#[tokio::test(flavor = "multi_thread")]
async fn uniform_access_refuses_access_lists() {
    let server = Server::start();
    let client = server.client();
    made(&client, "uniform", json!({ "iamConfiguration": { "uniformBucketLevelAccess": { "enabled": true } } })).await;
    made(&client, "fine", json!({ "iamConfiguration": { "uniformBucketLevelAccess": { "enabled": false } } })).await;
    for bucket in ["uniform", "fine"] {
        client.upload(bucket, "o", "x").await.expect(200);
    }
    let entry = json!({ "entity": "allUsers", "role": "READER" });
    for list in ["acl", "defaultObjectAcl", "o/o/acl"] {
        client.post(&format!("/storage/v1/b/uniform/{list}"), entry.clone()).await.expect(400).expect_google_form();
        let made = client.post(&format!("/storage/v1/b/fine/{list}"), entry.clone()).await.expect(200).json();
        assert_eq!(made["entity"], "allUsers", "{list}");
        client.get(&format!("/storage/v1/b/fine/{list}/allUsers")).await.expect(200);
        let listed = client.get(&format!("/storage/v1/b/fine/{list}")).await.expect(200).text();
        assert!(listed.contains("allUsers"), "{listed}");
        client.delete(&format!("/storage/v1/b/fine/{list}/allUsers")).await.expect(204);
        client.get(&format!("/storage/v1/b/fine/{list}/allUsers")).await.expect(404);
    }
    let predefined = "/upload/storage/v1/b/fine/o?uploadType=media&name=p&predefinedAcl=publicRead";
    client.send(client.request(Method::POST, predefined).body("x")).await.expect(200);
    assert!(client.get("/storage/v1/b/fine/o/p/acl").await.expect(200).text().contains("allUsers"));
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_managed_folders_and_notifications_come_and_go() {
    let server = Server::start();
    let client = server.client();
    let hierarchical = json!({
        "hierarchicalNamespace": { "enabled": true },
        "iamConfiguration": { "uniformBucketLevelAccess": { "enabled": true } },
    });
    made(&client, "tree", hierarchical).await;
    made(&client, "box", json!({ "iamConfiguration": { "uniformBucketLevelAccess": { "enabled": true } } })).await;
    client.post("/storage/v1/b/tree/folders", json!({ "name": "a/" })).await.expect(200);
    client.get("/storage/v1/b/tree/folders/a%2F").await.expect(200);
    client.delete("/storage/v1/b/tree/folders/a%2F").await.expect(204);
    client.get("/storage/v1/b/tree/folders/a%2F").await.expect(404);
    client.post("/storage/v1/b/box/managedFolders", json!({ "name": "m/" })).await.expect(200);
    client.get("/storage/v1/b/box/managedFolders/m%2F").await.expect(200);
    client.delete("/storage/v1/b/box/managedFolders/m%2F").await.expect(204);
    let notification =
        json!({ "topic": "//pubsub.googleapis.com/projects/p/topics/topic-one", "payload_format": "JSON_API_V1" });
    let made = client.post("/storage/v1/b/box/notificationConfigs", notification).await.expect(200).json();
    let id = made["id"].as_str().expect("an id");
    assert_eq!(
        client.get(&format!("/storage/v1/b/box/notificationConfigs/{id}")).await.expect(200).json()["payload_format"],
        "JSON_API_V1"
    );
    client.delete(&format!("/storage/v1/b/box/notificationConfigs/{id}")).await.expect(204);
    client.get("/storage/v1/projects/p/serviceAccount").await.expect(200);
}
