//! The host dies in the middle.

use crate::cloud::{Cloud, ZONE};
use serde_json::Value;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_kill_at_any_moment_of_a_create_leaves_a_machine_or_nothing() {
    let Some(mut cloud) = Cloud::start().await else { return };
    let rounds = std::env::var("FOGBANK_TEST_MACHINE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    cloud.launch(Cloud::machine("warm", "")).await;
    for round in 0..rounds {
        let name = format!("w{round}");
        let operation = cloud.begin("POST", &format!("zones/{ZONE}/instances"), Cloud::machine(&name, "")).await;
        tokio::time::sleep(Duration::from_millis(120 * round)).await;
        cloud.crash();
        let operation = cloud.wait(&operation).await;
        let answer = cloud.client.get(&Cloud::path(&format!("zones/{ZONE}/instances/{name}"))).await;
        match operation.get("error") {
            None => {
                let machine = answer.expect(200).json();
                assert_eq!(machine["status"], "RUNNING");
                cloud.says(&machine, "true");
            }
            Some(_) => drop(answer.expect(404)),
        }
    }
    let listed = cloud.get(&format!("zones/{ZONE}/instances")).await;
    let machines = listed["items"].as_array().map_or(0, Vec::len);
    let [containers, ..] = cloud.tenant.left();
    assert_eq!(containers.len(), 2 * machines, "a nic and a container for each machine");
    let begin: Vec<Value> = listed["items"].as_array().cloned().unwrap_or_default();
    for machine in begin {
        cloud.delete(machine["name"].as_str().expect("a name")).await;
    }
    cloud.expect_nothing_left();
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
