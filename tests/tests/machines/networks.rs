//! Who reaches whom.

use crate::cloud::Cloud;
use serde_json::{Value, json};

const PING: &str = "ping -c 1 -W 2";

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_has_the_address_that_the_api_prints_and_others_find_it_by_name() {
    let Some(cloud) = Cloud::start().await else { return };
    cloud.network("shop", &[("front", "10.20.0.0/24"), ("back", "192.168.77.0/24")]).await;
    cloud.allow("shop", "ping", &["icmp"], &["10.20.0.0/24", "192.168.77.0/24"]).await;
    let front = cloud.launch(Cloud::machine("w1", "front")).await;
    let back = cloud.launch(Cloud::machine("w2", "back")).await;
    assert_eq!((Cloud::address(&front), Cloud::address(&back)), ("10.20.0.2".into(), "192.168.77.2".into()));
    for (machine, address) in [(&front, "10.20.0.2"), (&back, "192.168.77.2")] {
        assert!(cloud.says(machine, "ip -o -4 addr").contains(address));
    }
    for target in ["192.168.77.2", "w2", "w2.us-central1-a.c.demo-project.internal"] {
        cloud.says(&front, &format!("{PING} {target}"));
    }
    cloud.says(&back, &format!("{PING} w1"));
    assert_ne!(cloud.run(&front, &format!("{PING} nobody")).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn networks_with_equal_ranges_do_not_meet() {
    let Some(cloud) = Cloud::start().await else { return };
    for (network, subnetwork) in [("shop", "front"), ("bank", "vault")] {
        cloud.network(network, &[(subnetwork, "10.20.0.0/24")]).await;
        cloud.allow(network, &format!("{network}-all"), &["icmp", "tcp"], &["0.0.0.0/0"]).await;
    }
    let one = cloud.launch(Cloud::machine("w1", "front")).await;
    let other = cloud.launch(Cloud::machine("w1b", "vault")).await;
    let more = cloud.launch(Cloud::machine("w2b", "vault")).await;
    assert_eq!(Cloud::address(&one), Cloud::address(&other), "equal ranges, equal addresses");
    assert_eq!(Cloud::address(&more), "10.20.0.3");
    assert_ne!(cloud.run(&one, &format!("{PING} 10.20.0.3")).code, 0, "it is in the other network");
    assert_ne!(cloud.run(&one, &format!("{PING} w2b")).code, 0);
    cloud.says(&other, &format!("{PING} 10.20.0.3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn peered_networks_meet_once_both_say_so() {
    let Some(cloud) = Cloud::start().await else { return };
    cloud.network("shop", &[("front", "10.20.0.0/24")]).await;
    cloud.network("bank", &[("vault", "10.60.0.0/24")]).await;
    for network in ["shop", "bank"] {
        cloud.allow(network, &format!("{network}-ping"), &["icmp"], &["10.0.0.0/8"]).await;
    }
    let one = cloud.launch(Cloud::machine("w1", "front")).await;
    let other = cloud.launch(Cloud::machine("w2", "vault")).await;
    let peer = |peer: &str| json!({"networkPeering": {"name": format!("to-{peer}"), "network": format!("global/networks/{peer}"), "exchangeSubnetRoutes": true}});
    cloud.make("POST", "global/networks/shop/addPeering", peer("bank")).await;
    assert_ne!(cloud.run(&one, &format!("{PING} 10.60.0.2")).code, 0, "only one side has said so");
    cloud.make("POST", "global/networks/bank/addPeering", peer("shop")).await;
    cloud.until(&one, &format!("{PING} 10.60.0.2"));
    cloud.until(&other, &format!("{PING} 10.20.0.2"));
    cloud.make("POST", "global/networks/bank/removePeering", json!({"name": "to-shop"})).await;
    fogbank_tests::wait_until(std::time::Duration::from_secs(10), "apart again", || {
        cloud.run(&one, &format!("{PING} 10.60.0.2")).code != 0
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_what_a_machine_uses_cannot_be_deleted() {
    let Some(cloud) = Cloud::start().await else { return };
    cloud.network("shop", &[("front", "10.20.0.0/24")]).await;
    cloud.launch(Cloud::machine("w1", "front")).await;
    for rest in ["regions/us-central1/subnetworks/front", "global/networks/shop"] {
        let answer = cloud.client.delete(&Cloud::path(rest)).await.expect_error(400, "resourceInUseByAnotherResource");
        assert!(answer.text().contains("w1") || rest.contains("networks/shop"), "{}", answer.text());
    }
    cloud.delete("w1").await;
    cloud.make("DELETE", "regions/us-central1/subnetworks/front", Value::Null).await;
    cloud.make("DELETE", "global/networks/shop", Value::Null).await;
    cloud.expect_nothing_left();
}
