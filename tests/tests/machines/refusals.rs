//! The engine refuses, is slow, or does what it was asked for without a word, at each step of a machine's making (F12, F21).

use crate::cloud::{Cloud, ZONE};
use crate::way::{Then, Way};
use fogbank_tests::wait_for;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The requests by which a machine is made, in their order.
const STEPS: [&str; 6] = [
    "POST networks/create",
    "POST containers/create nic-",
    "POST /exec",
    "POST containers/create vm-",
    "PUT archive",
    "POST /start",
];

async fn through(way: &Way) -> Option<Cloud> {
    let host = way.host();
    Cloud::with(|options| options.env("DOCKER_HOST", host)).await
}

async fn begin(cloud: &Cloud, name: &str) -> Value {
    cloud.begin("POST", &format!("zones/{ZONE}/instances"), Cloud::machine(name, "")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_step_that_the_engine_refuses_leaves_nothing() {
    let way = Way::new();
    let Some(cloud) = through(&way).await else { return };
    for step in STEPS {
        way.on(step, u32::MAX, Then::Refuse(500, "the test does not want it"));
        let operation = cloud.soon(&begin(&cloud, "w1").await).await;
        assert!(way.met() > 0, "{step} was not asked for");
        let error = operation["error"]["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(!error.is_empty() && !error.contains("the test"), "{step}: {operation:#}");
        cloud.server.log_with("the test does not want it");
        cloud.client.get(&Cloud::path(&format!("zones/{ZONE}/instances/w1"))).await.expect_error(404, "notFound");
        cloud.expect_true().await;
    }
    cloud.launch(Cloud::machine("w1", "")).await;
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_an_answer_of_the_engine_that_is_lost_makes_nothing_twice() {
    let way = Way::new();
    let Some(cloud) = through(&way).await else { return };
    for step in STEPS {
        way.on(step, 1, Then::LoseAnswer);
        let operation = cloud.soon(&begin(&cloud, "w1").await).await;
        assert_eq!(way.met(), 1, "{step}");
        assert!(operation.get("error").is_none(), "{step}: {operation:#}");
        assert_eq!(cloud.status("w1").await, "RUNNING", "{step}");
        cloud.expect_true().await;
        cloud.expect_clean_end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_an_engine_without_room_is_told_of_and_leaves_nothing() {
    let way = Way::new();
    let Some(cloud) = through(&way).await else { return };
    way.on("POST containers/create vm-", u32::MAX, Then::Refuse(500, "mkdir /var/lib/x: no space left on device"));
    let operation = cloud.soon(&begin(&cloud, "w1").await).await;
    let error = operation["error"]["errors"][0]["message"].as_str().unwrap_or_default();
    assert!(error.contains("room") && !error.contains("/var/lib"), "{operation:#}");
    way.met();
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f20_a_clean_up_that_the_engine_refuses_is_done_later_and_does_not_hide_the_first_error() {
    let way = Way::new();
    let Some(cloud) = through(&way).await else { return };
    cloud.launch(Cloud::machine("w1", "")).await;
    way.on("DELETE containers/", 2, Then::Refuse(500, "the test does not want it"));
    let operation = cloud.begin("DELETE", &format!("zones/{ZONE}/instances/w1"), Value::Null).await;
    let operation = cloud.soon(&operation).await;
    assert_eq!(way.met(), 2);
    cloud.server.log_with("the test does not want it");
    assert!(operation.get("error").is_none(), "{operation:#}");
    cloud.expect_clean_end().await;
    // The machine's container cannot be made whole, and what there is of it cannot be removed at once.
    way.on("PUT archive", u32::MAX, Then::Refuse(500, "the test does not want it"));
    way.on("DELETE containers/", 3, Then::Refuse(500, "the test does not want it"));
    let operation = cloud.soon(&begin(&cloud, "w2").await).await;
    assert!(way.met() > 3, "it was tried again");
    assert_eq!(operation["error"]["errors"][0]["code"], "CONTAINER_REFUSED", "{operation:#}");
    cloud.client.get(&Cloud::path(&format!("zones/{ZONE}/instances/w2"))).await.expect_error(404, "notFound");
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f21_a_slow_engine_holds_up_no_other_request() {
    let way = Way::new();
    let Some(cloud) = through(&way).await else { return };
    cloud.launch(Cloud::machine("w1", "")).await;
    let word = Arc::new(Notify::new());
    way.on("POST containers/create vm-", 1, Then::Hold(Arc::clone(&word)));
    let operation = begin(&cloud, "w2").await;
    wait_for(Duration::from_secs(20), "the engine is asked", || async { way.has_met() }).await;
    let began = Instant::now();
    cloud.instance("w1").await;
    cloud.machines().await;
    cloud.network("shop", &[("front", "10.20.0.0/24")]).await;
    cloud.client.post("/storage/v1/b?project=demo-project", json!({"name": "f21-box"})).await.expect(200);
    cloud.act("w1", "suspend").await;
    cloud.act("w1", "resume").await;
    let others = began.elapsed();
    cloud.launch(Cloud::machine("w3", "")).await;
    let name = operation["name"].as_str().expect("a name");
    let status = cloud.get(&format!("zones/{ZONE}/operations/{name}")).await["status"].clone();
    assert_ne!(status, "DONE");
    word.notify_one();
    assert!(others < Duration::from_secs(10), "a request took {others:?}");
    assert!(cloud.soon(&operation).await.get("error").is_none());
    assert_eq!(way.met(), 1);
    cloud.expect_true().await;
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f18_a_machine_whose_second_container_is_one_too_many_is_not_half_made() {
    let Some(cloud) = Cloud::with(|options| options.arg("--set").arg("quotas.containers=3")).await else { return };
    cloud.launch(Cloud::machine("w1", "")).await;
    let operation = cloud.soon(&begin(&cloud, "w2").await).await;
    let error = &operation["error"]["errors"][0];
    assert_eq!(error["code"], "QUOTA_EXCEEDED", "{operation:#}");
    assert!(error["message"].as_str().is_some_and(|text| text.contains('3')), "{operation:#}");
    cloud.client.get(&Cloud::path(&format!("zones/{ZONE}/instances/w2"))).await.expect_error(404, "notFound");
    cloud.expect_true().await;
    cloud.delete("w1").await;
    cloud.launch(Cloud::machine("w2", "")).await;
    cloud.expect_clean_end().await;
}
