//! From `insert` to nothing.

use crate::cloud::{Cloud, ZONE};
use fogbank_tests::docker::docker;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn f09_a_deleted_machine_leaves_nothing() {
    let Some(cloud) = Cloud::start().await else { return };
    let one = cloud.launch(Cloud::machine("w1", "")).await;
    assert_eq!(one["status"], "RUNNING");
    cloud.says(&one, "true");
    cloud.delete("w1").await;
    cloud.client.get(&Cloud::path(&format!("zones/{ZONE}/instances/w1"))).await.expect_error(404, "notFound");
    assert!(cloud.get(&format!("zones/{ZONE}/disks")).await.get("items").is_none());
    cloud.expect_nothing_left();
    let again = cloud.launch(Cloud::machine("w2", "")).await;
    assert_eq!(Cloud::address(&one), Cloud::address(&again), "the address was given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_the_status_is_the_containers() {
    let Some(cloud) = Cloud::start().await else { return };
    let machine = cloud.launch(Cloud::machine("w1", "")).await;
    docker(&["kill", &cloud.container(&machine)]);
    fogbank_tests::wait_for(Duration::from_secs(5), "TERMINATED", || async {
        cloud.status("w1").await == "TERMINATED"
    })
    .await;
    let listed = cloud.get(&format!("zones/{ZONE}/instances?filter=status%3DTERMINATED")).await;
    assert_eq!(listed["items"][0]["name"], "w1");
    cloud.act("w1", "start").await;
    assert_eq!(cloud.status("w1").await, "RUNNING");
    cloud.says(&machine, "true");
    docker(&["stop", &cloud.container(&machine)]);
    fogbank_tests::wait_for(Duration::from_secs(5), "TERMINATED", || async {
        cloud.status("w1").await == "TERMINATED"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_stops_starts_suspends_and_resumes() {
    let Some(cloud) = Cloud::start().await else { return };
    let machine = cloud.launch(Cloud::machine("w1", "")).await;
    let (address, container) = (Cloud::address(&machine), cloud.container(&machine));
    cloud.says(&machine, "echo kept >/root/file");
    cloud.act("w1", "stop").await;
    assert_eq!(cloud.status("w1").await, "TERMINATED");
    assert_eq!(docker(&["inspect", "-f", "{{.State.Running}}", &container]), "false");
    cloud.act("w1", "start").await;
    let machine = cloud.instance("w1").await;
    assert_eq!((machine["status"].as_str(), Cloud::address(&machine)), (Some("RUNNING"), address));
    assert_eq!(cloud.says(&machine, "cat /root/file"), "kept");
    cloud.act("w1", "suspend").await;
    assert_eq!(cloud.status("w1").await, "SUSPENDED");
    cloud.act("w1", "resume").await;
    assert_eq!(cloud.status("w1").await, "RUNNING");
    cloud.act("w1", "reset").await;
    assert_eq!(cloud.says(&machine, "cat /root/file"), "kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_machine_type_limits_the_container() {
    let Some(cloud) = Cloud::start().await else { return };
    let machine = cloud.launch(Cloud::machine("w1", "")).await;
    let limits = |machine: &Value| {
        docker(&["inspect", "-f", "{{.HostConfig.Memory}} {{.HostConfig.CpuQuota}}", &cloud.container(machine)])
    };
    assert_eq!(limits(&machine), format!("{} 200000", 1_u64 << 30));
    cloud.act("w1", "stop").await;
    let body = json!({"machineType": format!("zones/{ZONE}/machineTypes/n1-standard-1")});
    cloud.make("POST", &format!("zones/{ZONE}/instances/w1/setMachineType"), body).await;
    cloud.act("w1", "start").await;
    assert_eq!(limits(&machine), format!("{} 100000", 3_840_u64 << 20));
    // More than this host may have.
    cloud.act("w1", "stop").await;
    let body = json!({"machineType": format!("zones/{ZONE}/machineTypes/n1-standard-96")});
    cloud.make("POST", &format!("zones/{ZONE}/instances/w1/setMachineType"), body).await;
    cloud.act("w1", "start").await;
    assert_eq!(limits(&machine), format!("{} 9600000", 368_640_u64 << 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn f07b_an_image_that_is_not_there_is_named() {
    let Some(cloud) = Cloud::start().await else { return };
    let mut body = Cloud::machine("w1", "");
    body["disks"][0]["initializeParams"]["sourceImage"] =
        json!("projects/rocky-linux-cloud/global/images/family/rocky-linux-9");
    let answer = cloud.client.post(&Cloud::path(&format!("zones/{ZONE}/instances")), body).await;
    let text = match answer.status {
        200 => cloud.wait(&answer.json()).await["error"]["errors"][0]["message"].to_string(),
        status => {
            assert_eq!(status, 400, "{}", answer.text());
            answer.json()["error"]["message"].to_string()
        }
    };
    assert!(text.contains("rocky") && text.contains("docker"), "{text}");
    cloud.client.get(&Cloud::path(&format!("zones/{ZONE}/instances/w1"))).await.expect_error(404, "notFound");
    cloud.expect_nothing_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn f18_more_machines_than_the_quota_allows_are_refused_with_the_limit() {
    let Some(cloud) =
        Cloud::configured("[plugins.compute.settings]\ninstances-per-project = 2\n", |options| options).await
    else {
        return;
    };
    cloud.launch(Cloud::machine("w1", "")).await;
    cloud.launch(Cloud::machine("w2", "")).await;
    let answer = cloud.client.post(&Cloud::path(&format!("zones/{ZONE}/instances")), Cloud::machine("w3", "")).await;
    assert!(matches!(answer.status, 403 | 429), "{}", answer.text());
    assert_eq!(answer.reason(), "quotaExceeded");
    assert!(answer.text().contains("Limit: 2"), "{}", answer.text());
}
