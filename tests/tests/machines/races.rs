//! Many at once.

use crate::cloud::{Cloud, ZONE};
use futures_util::future::join_all;
use serde_json::Value;
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn f21_several_machines_are_made_at_once_with_an_address_each() {
    let Some(cloud) = Cloud::start().await else { return };
    cloud.network("shop", &[("front", "10.20.0.0/24")]).await;
    let names: Vec<String> = (0..8).map(|number| format!("w{number}")).collect();
    let machines = join_all(names.iter().map(|name| cloud.launch(Cloud::machine(name, "front")))).await;
    let addresses: BTreeSet<String> = machines.iter().map(Cloud::address).collect();
    assert_eq!(addresses.len(), 8, "{addresses:?}");
    for machine in &machines {
        assert!(cloud.says(machine, "ip -o -4 addr").contains(&Cloud::address(machine)));
    }
    join_all(names.iter().map(|name| cloud.delete(name))).await;
    cloud.make("DELETE", "regions/us-central1/subnetworks/front", Value::Null).await;
    cloud.make("DELETE", "global/networks/shop", Value::Null).await;
    cloud.expect_nothing_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_f12_creates_and_deletes_race_with_their_network() {
    let Some(cloud) = Cloud::start().await else { return };
    cloud.network("shop", &[("front", "10.20.0.0/24")]).await;
    let names: Vec<String> = (0..10).map(|number| format!("w{number}")).collect();
    let cloud = &cloud;
    let makers = names.iter().map(|name| async move {
        let answer =
            cloud.client.post(&Cloud::path(&format!("zones/{ZONE}/instances")), Cloud::machine(name, "front")).await;
        if answer.status == 200 {
            let _ = cloud.wait(&answer.json()).await;
            let answer = cloud.client.delete(&Cloud::path(&format!("zones/{ZONE}/instances/{name}"))).await;
            assert!(matches!(answer.status, 200 | 404), "{}", answer.text());
            if answer.status == 200 {
                let _ = cloud.wait(&answer.json()).await;
            }
        } else {
            assert!(matches!(answer.status, 400 | 404), "{}", answer.text());
        }
    });
    let breaker = async {
        for _ in 0..20 {
            let answer = cloud.client.delete(&Cloud::path("regions/us-central1/subnetworks/front")).await;
            assert!(matches!(answer.status, 200 | 400 | 404), "{}", answer.text());
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::join!(join_all(makers), breaker);
    let left = cloud.get(&format!("zones/{ZONE}/instances")).await;
    assert!(left.get("items").is_none(), "{left:#}");
    let answer = cloud.client.delete(&Cloud::path("regions/us-central1/subnetworks/front")).await;
    assert!(matches!(answer.status, 200 | 404), "no address is left over: {}", answer.text());
    if answer.status == 200 {
        cloud.wait(&answer.json()).await;
    }
    cloud.make("DELETE", "global/networks/shop", Value::Null).await;
    cloud.expect_nothing_left();
}
