//! Docker goes and comes back.

use crate::cloud::{Cloud, METADATA, ZONE};
use crate::way::Way;
use fogbank_tests::docker::docker;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn f07_without_docker_machines_are_refused_at_once_and_all_else_goes_on() {
    let way = Way::new();
    let socket = way.host();
    let Some(cloud) = Cloud::with(|options| options.env("DOCKER_HOST", socket)).await else { return };
    cloud.launch(Cloud::machine("w1", "")).await;
    way.set(false);
    fogbank_tests::wait_for(Duration::from_secs(10), "the server knows", || async {
        let began = Instant::now();
        let answer =
            cloud.client.post(&Cloud::path(&format!("zones/{ZONE}/instances")), Cloud::machine("w2", "")).await;
        assert!(began.elapsed() < Duration::from_secs(3), "an answer came after {:?}", began.elapsed());
        answer.status == 503
            && answer.reason() == "backendError"
            && answer.text().contains("container engine is not available")
    })
    .await;
    cloud.client.post("/storage/v1/b?project=demo-project", json!({"name": "f07-box"})).await.expect(200);
    cloud.get("global/networks").await;
    assert_eq!(cloud.instance("w1").await["name"], "w1");
    way.set(true);
    fogbank_tests::wait_for(Duration::from_secs(30), "Docker is back", || async {
        cloud.client.post(&Cloud::path(&format!("zones/{ZONE}/instances")), Cloud::machine("w3", "")).await.status
            == 200
    })
    .await;
    fogbank_tests::wait_for(Duration::from_secs(60), "it runs", || async { cloud.status("w3").await == "RUNNING" })
        .await;
    cloud.delete("w1").await;
    cloud.delete("w3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_work_in_hand_goes_on_when_docker_is_back() {
    let way = Way::new();
    let socket = way.host();
    let Some(cloud) = Cloud::with(|options| options.env("DOCKER_HOST", socket)).await else { return };
    cloud.launch(Cloud::machine("w1", "")).await;
    let operation = cloud.begin("POST", &format!("zones/{ZONE}/instances"), Cloud::machine("w2", "")).await;
    way.set(false);
    tokio::time::sleep(Duration::from_secs(2)).await;
    way.set(true);
    let operation = cloud.wait(&operation).await;
    assert!(operation.get("error").is_none(), "{operation:#}");
    assert_eq!(cloud.status("w2").await, "RUNNING");
    cloud.delete("w1").await;
    cloud.delete("w2").await;
    cloud.expect_nothing_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_an_engine_that_restarts_loses_no_operation() {
    let way = Way::new();
    let socket = way.host();
    let Some(cloud) = Cloud::with(|options| options.env("DOCKER_HOST", socket)).await else { return };
    for name in ["w1", "w2", "w3"] {
        cloud.launch(Cloud::machine(name, "")).await;
    }
    cloud.act("w3", "stop").await;
    for turn in 0..2 {
        let made = cloud.begin("POST", &format!("zones/{ZONE}/instances"), Cloud::machine("w4", "")).await;
        let deleted = cloud.begin("DELETE", &format!("zones/{ZONE}/instances/w1"), Value::Null).await;
        let stopped = cloud.begin("POST", &format!("zones/{ZONE}/instances/w2/stop"), Value::Null).await;
        let started = cloud.begin("POST", &format!("zones/{ZONE}/instances/w3/start"), Value::Null).await;
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..500))).await;
        way.set(false);
        tokio::time::sleep(Duration::from_millis(300)).await;
        way.set(true);
        for operation in [made, deleted, stopped, started] {
            let ended = cloud.soon(&operation).await;
            assert!(ended.get("error").is_none(), "turn {turn}: {ended:#}");
        }
        let statuses = [cloud.status("w2").await, cloud.status("w3").await, cloud.status("w4").await];
        assert_eq!(statuses, ["TERMINATED", "RUNNING", "RUNNING"]);
        cloud.expect_true().await;
        // As it was.
        cloud.act_soon("w2", "start").await;
        cloud.act_soon("w3", "stop").await;
        cloud.delete("w4").await;
        cloud.launch(Cloud::machine("w1", "")).await;
    }
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f07_f10_what_an_engine_lost_while_it_was_away_is_known_when_it_is_back() {
    let way = Way::new();
    let socket = way.host();
    let Some(cloud) = Cloud::with(|options| options.env("DOCKER_HOST", socket)).await else { return };
    let stopped = cloud.launch(Cloud::machine("w1", "")).await;
    let removed = cloud.launch(Cloud::machine("w2", "")).await;
    let nicless = cloud.launch(Cloud::machine("w3", "")).await;
    way.set(false);
    docker(&["kill", &cloud.container(&stopped)]);
    docker(&["rm", "-f", &cloud.container(&removed)]);
    let label = format!("label=fogbank.name=nic-{}", nicless["id"].as_str().expect("an id"));
    docker(&["kill", &docker(&["ps", "-q", "--filter", &label])]);
    way.set(true);
    fogbank_tests::wait_for(Duration::from_secs(20), "both are known", || async {
        cloud.status("w1").await == "TERMINATED" && cloud.status("w2").await == "TERMINATED"
    })
    .await;
    cloud.until(&nicless, METADATA);
    for name in ["w1", "w2"] {
        cloud.act(name, "start").await;
        let machine = cloud.instance(name).await;
        cloud.until(&machine, METADATA);
    }
    cloud.expect_true().await;
    cloud.expect_clean_end().await;
}
