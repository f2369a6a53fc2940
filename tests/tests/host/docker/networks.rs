//! Bridges, and containers in the network of another.

use super::Cloud;
use fogbank_tests::docker::docker;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn containers_of_one_network_reach_each_other_and_no_others() {
    let Some(cloud) = Cloud::new().await else { return };
    let one = cloud.ok("create-network", json!({ "name": "one" })).await;
    let two = cloud.ok("create-network", json!({ "name": "two" })).await;
    assert_ne!(one["range"], two["range"]);
    assert_eq!(cloud.ok("create-network", json!({ "name": "one" })).await, one);
    assert_eq!(cloud.ok("get-network", json!({ "name": "one" })).await, one);
    cloud.refused("get-network", json!({ "name": "o" }), "NotFound").await;
    cloud.sleeper("a", json!({ "network": "one" })).await;
    cloud.sleeper("b", json!({ "network": "one" })).await;
    cloud.sleeper("c", json!({ "network": "two" })).await;
    let address =
        async |name: &str| cloud.state(name).await["addresses"][0][1].as_str().expect("an address").to_owned();
    let (a, b) = (address("a").await, address("b").await);
    assert_eq!(cloud.state("a").await["addresses"][0][0], "one");
    let serve =
        json!({ "name": "b", "command": ["/bin/sh", "-c", "mkdir /w; echo hi > /w/index.html; httpd -p 80 -h /w"] });
    assert_eq!(cloud.ok("exec", serve).await["code"], 0);
    assert_eq!(cloud.run("a", &format!("wget -qO- http://{b}/")).await, "hi");
    assert_eq!(cloud.run("c", &format!("timeout 1 wget -qO- http://{b}/ || echo no")).await, "no");

    cloud.ok("connect", json!({ "name": "c", "network": "one" })).await;
    cloud.ok("connect", json!({ "name": "c", "network": "one" })).await;
    assert_eq!(cloud.run("c", &format!("timeout 5 wget -qO- http://{b}/")).await, "hi");
    assert_eq!(cloud.state("c").await["addresses"][0][0], "two", "the first stays the first");
    cloud.ok("disconnect", json!({ "name": "c", "network": "one" })).await;
    cloud.ok("disconnect", json!({ "name": "c", "network": "one" })).await;
    assert_eq!(cloud.run("c", &format!("timeout 1 wget -qO- http://{b}/ || echo no")).await, "no");

    cloud.ok("stop-container", json!({ "name": "a" })).await;
    cloud.ok("remove-container", json!({ "name": "b" })).await;
    cloud.refused("remove-network", json!({ "name": "one" }), "InUse").await;
    cloud.ok("start-container", json!({ "name": "a" })).await;
    assert_eq!(address("a").await.rsplit_once('.').map(|at| at.0), a.rsplit_once('.').map(|at| at.0));
    for name in ["a", "c"] {
        cloud.ok("remove-container", json!({ "name": name })).await;
    }
    for name in ["one", "two", "one"] {
        cloud.ok("remove-network", json!({ "name": name })).await;
    }
    assert!(cloud.tenant.left()[1].is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_joins_the_network_of_another_and_may_do_no_more_than_it_was_granted() {
    let Some(cloud) = Cloud::new().await else { return };
    cloud.ok("create-network", json!({ "name": "net" })).await;
    cloud.sleeper("nic", json!({ "network": "net", "administers": true, "hostname": "machine" })).await;
    cloud.sleeper("vm", json!({ "join": "nic" })).await;
    cloud.run("nic", "ip addr add 10.20.0.2/32 dev eth0").await;
    assert!(cloud.run("vm", "ip addr show dev eth0").await.contains("10.20.0.2"), "one namespace");
    assert_eq!(cloud.run("vm", "hostname").await, "machine");
    assert_eq!(cloud.run("vm", "ip addr add 10.20.0.3/32 dev eth0 2>&1 || echo no").await.lines().last(), Some("no"));
    cloud.ok("stop-container", json!({ "name": "vm" })).await;
    cloud.ok("start-container", json!({ "name": "vm" })).await;
    assert!(cloud.run("vm", "ip addr show dev eth0").await.contains("10.20.0.2"), "it is still there");
    let capabilities =
        docker(&["inspect", "-f", "{{.HostConfig.Privileged}} {{.HostConfig.CapDrop}}", &cloud.engine_name("nic")]);
    assert_eq!(capabilities, "false [ALL]");
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_the_operator_keeps_are_refused() {
    let Some(cloud) = Cloud::with(|options| options.arg("--set").arg("docker.rights=none")).await else { return };
    cloud.sleeper("nic", json!({})).await;
    for more in [json!({ "administers": true }), json!({ "join": "nic" })] {
        cloud.refused("create-container", cloud.new_sleeper("vm", more), "NotAllowed").await;
    }
}
