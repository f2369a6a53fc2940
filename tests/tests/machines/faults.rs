//! The host dies in the middle.

use crate::cloud::{Cloud, ZONE};
use fogbank_tests::wait_for;
use serde_json::Value;
use std::time::Duration;

/// How often the random loop kills.
fn kills() -> u64 {
    std::env::var("FOGBANK_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(8)
}

/// What is done while the host dies: a method, what it is sent to, and how long it takes at most, in milliseconds.
const ACTS: [(&str, &str, u64); 4] =
    [("POST", "", 900), ("DELETE", "/w", 500), ("POST", "/w/stop", 500), ("POST", "/w/start", 900)];

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_kill_at_any_moment_leaves_machines_or_nothing() {
    let Some(mut cloud) = Cloud::start().await else { return };
    cloud.launch(Cloud::machine("warm", "")).await;
    for round in 0..kills() {
        let (method, rest, long) = ACTS[usize::try_from(round).expect("small") % ACTS.len()];
        prepare(&cloud, rest).await;
        // The answer comes within the first milliseconds.
        let long = if rand::random_range(0..3) == 0 { 30 } else { long };
        let after = Duration::from_millis(rand::random_range(0..long));
        let path = format!("{}{rest}", cloud.instances());
        let request = cloud.client.request(method.parse().expect("a method"), &path);
        let request = if rest.is_empty() { request.json(&Cloud::machine("w", "")) } else { request };
        let client = cloud.client.clone();
        let asked = tokio::spawn(async move { client.try_send(request).await });
        tokio::time::sleep(after).await;
        cloud.crash();
        let answer = asked.await.expect("it ran").ok();
        eprintln!(
            "round {round}: {method} {rest}, killed after {after:?}, answered {:?}",
            answer.as_ref().map(|answer| answer.status)
        );
        settle(&cloud).await;
        if let Some(answer) = answer {
            expect_done(&cloud, rest, &answer.expect(200).json()).await;
        }
        cloud.expect_true().await;
    }
    // Addresses that were found for a machine that was never written are given back a while later.
    cloud.server.advance(&cloud.tenant.0, Duration::from_secs(150)).await;
    for machine in cloud.machines().await {
        cloud.delete(machine["name"].as_str().expect("a name")).await;
    }
    wait_for(Duration::from_secs(20), "all addresses are free", || cloud.first_address_is_free()).await;
    cloud.expect_clean_end().await;
}

/// Brings the machine `w` to where the act begins.
async fn prepare(cloud: &Cloud, rest: &str) {
    let there = cloud.client.get(&format!("{}/w", cloud.instances())).await;
    match (rest, there.status) {
        ("", 200) => return cloud.delete("w").await,
        ("", _) => return,
        (_, 404) => drop(cloud.launch(Cloud::machine("w", "")).await),
        _ => {}
    }
    match (rest, cloud.status("w").await.as_str()) {
        ("/w/start", "RUNNING") => cloud.act("w", "stop").await,
        ("/w/stop", "TERMINATED") => cloud.act("w", "start").await,
        _ => {}
    }
}

/// Waits until nothing is under way.
async fn settle(cloud: &Cloud) {
    let path = format!("zones/{ZONE}/operations?filter={}", fogbank_tests::encode("status != DONE"));
    wait_for(Duration::from_secs(30), "all operations are done", || async {
        cloud.get(&path).await.get("items").is_none()
    })
    .await;
}

/// What was promised is so.
async fn expect_done(cloud: &Cloud, rest: &str, operation: &Value) {
    let operation = cloud.wait(operation).await;
    assert!(operation.get("error").is_none(), "{operation:#}");
    let there = cloud.client.get(&format!("{}/w", cloud.instances())).await;
    let wanted = match rest {
        "/w" => return drop(there.expect(404)),
        "/w/stop" => "TERMINATED",
        _ => "RUNNING",
    };
    let machine = there.expect(200).json();
    assert_eq!(machine["status"], wanted);
    if wanted == "RUNNING" {
        cloud.says(&machine, "true");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_kill_between_two_steps_leaves_a_machine_or_nothing() {
    let Some(mut cloud) = Cloud::start().await else { return };
    cloud.launch(Cloud::machine("warm", "")).await;
    for (point, method, rest) in [
        ("compute.create.reserve", "POST", ""),
        ("compute.create.commit", "POST", ""),
        ("compute.create.start", "POST", ""),
        ("compute.delete.release", "DELETE", "/w"),
    ] {
        prepare(&cloud, rest).await;
        cloud.restart(Some(&format!("{point}:kill")));
        let request = cloud.client.request(method.parse().expect("a method"), &format!("{}{rest}", cloud.instances()));
        let request = if rest.is_empty() { request.json(&Cloud::machine("w", "")) } else { request };
        let answer = cloud.client.try_send(request).await.ok();
        let ended = cloud.server.ended_within(Duration::from_secs(10));
        assert!(ended.is_some(), "{point} was not reached: {}", answer.map(|answer| answer.text()).unwrap_or_default());
        cloud.restart(None);
        settle(&cloud).await;
        match answer {
            Some(answer) => expect_done(&cloud, rest, &answer.expect(200).json()).await,
            None => drop(cloud.client.get(&format!("{}/w", cloud.instances())).await.expect(404)),
        }
        cloud.expect_true().await;
    }
    cloud.server.advance(&cloud.tenant.0, Duration::from_secs(150)).await;
    for machine in cloud.machines().await {
        cloud.delete(machine["name"].as_str().expect("a name")).await;
    }
    wait_for(Duration::from_secs(20), "all addresses are free", || cloud.first_address_is_free()).await;
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_f20_a_step_that_fails_once_is_done_again() {
    let fault = "compute.create.start:fail:1,compute.delete.release:fail:1";
    let Some(cloud) = Cloud::with(|options| options.env("FOGBANK_FAULT", fault)).await else { return };
    cloud.launch(Cloud::machine("w1", "")).await;
    cloud.server.log_with("compute.create.start");
    cloud.expect_true().await;
    cloud.delete("w1").await;
    cloud.server.log_with("compute.delete.release");
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_outlive_the_host() {
    let Some(mut cloud) = Cloud::start().await else { return };
    let machine = cloud.launch(Cloud::machine("w1", "")).await;
    let container = cloud.container(&machine);
    cloud.crash();
    assert_eq!(cloud.status("w1").await, "RUNNING");
    assert_eq!(cloud.container(&machine), container);
    let name = "curl -sf -H 'Metadata-Flavor: Google' http://metadata.google.internal/computeMetadata/v1/instance/name | grep -q w1";
    cloud.until(&machine, name);
    cloud.delete("w1").await;
    cloud.expect_nothing_left();
}
