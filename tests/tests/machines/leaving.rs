//! The host or a tenant goes while machines are being made (F31, F32): what is made goes with them, or is there afterwards.

use crate::api::Api;
use crate::cloud::{Cloud, ZONE};
use fogbank_tests::Server;
use fogbank_tests::docker::docker;
use futures_util::future::join_all;
use serde_json::Value;
use std::time::Duration;

const NAMES: [&str; 4] = ["w1", "w2", "w3", "w4"];

/// Begins to make machines, and returns a moment later.
async fn begin(cloud: &Cloud) -> Vec<Value> {
    let path = format!("zones/{ZONE}/instances");
    let begun = join_all(NAMES.map(|name| cloud.begin("POST", &path, Cloud::machine(name, "")))).await;
    tokio::time::sleep(Duration::from_millis(rand::random_range(0..1200))).await;
    begun
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_f32_a_tenant_that_is_emptied_while_machines_are_made_leaves_nothing() {
    let Some(cloud) = Cloud::start().await else { return };
    for _ in 0..2 {
        begin(&cloud).await;
        cloud.server.tenant_reset(&cloud.tenant.0).await;
        cloud.expect_nothing_left();
        assert_eq!(cloud.machines().await, Vec::<Value>::new());
    }
    cloud.launch(Cloud::machine("w1", "")).await;
    cloud.expect_true().await;
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f31_a_host_that_is_asked_to_end_goes_on_with_machines_when_it_is_back() {
    let Some(mut cloud) = Cloud::start().await else { return };
    let begun = begin(&cloud).await;
    cloud.server.terminate();
    let ended = cloud.server.ended_within(Duration::from_secs(40));
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
    cloud.crash();
    for operation in &begun {
        let operation = cloud.soon(operation).await;
        assert!(operation.get("error").is_none(), "{operation:#}");
    }
    cloud.expect_true().await;
    assert_eq!(cloud.machines().await.len(), NAMES.len());
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f32_a_host_whose_data_does_not_stay_leaves_no_machine() {
    let Some(cloud) = Cloud::start().await else { return };
    let mut server = Server::ephemeral(cloud.another());
    let api = Api::of(server.tenant(&cloud.tenant.0).await);
    api.launch(Cloud::machine("w0", "")).await;
    join_all(NAMES.map(|name| api.begin("POST", "zones/us-central1-a/instances", Cloud::machine(name, "")))).await;
    tokio::time::sleep(Duration::from_millis(rand::random_range(0..1200))).await;
    server.terminate();
    let ended = server.ended_within(Duration::from_secs(40));
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
    let label = format!("label=fogbank.tenant={}", cloud.tenant.0);
    for what in [["ps", "-aq"], ["network", "ls"], ["volume", "ls"]] {
        let quiet: &[&str] = if what[0] == "ps" { &[] } else { &["-q"] };
        assert_eq!(docker(&[&what, quiet, &["--filter", &label]].concat()), "", "{what:?}");
    }
}
