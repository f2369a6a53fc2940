//! Rules on machines that run.

use crate::cloud::Cloud;
use serde_json::{Value, json};
use std::time::Duration;

const SERVE: &str = "nohup python3 -m http.server 8000 >/dev/null 2>&1 & sleep 0.2";
const ASK: &str = "curl -s -m 2 -o /dev/null http://w1:8000/";

async fn pair(cloud: &Cloud) -> (Value, Value) {
    cloud.network("shop", &[("front", "10.20.0.0/24")]).await;
    let mut body = Cloud::machine("w1", "front");
    body["tags"] = json!({"items": ["web"]});
    let one = cloud.launch(body).await;
    let other = cloud.launch(Cloud::machine("w2", "front")).await;
    cloud.says(&one, SERVE);
    cloud.until(&one, "curl -s -m 2 -o /dev/null http://127.0.0.1:8000/");
    (one, other)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_counts_at_once_on_machines_that_run() {
    let Some(cloud) = Cloud::start().await else { return };
    let (one, other) = pair(&cloud).await;
    let container = cloud.container(&one);
    assert_ne!(cloud.run(&other, ASK).code, 0, "nothing is let in without a rule");
    let rule = json!({"name": "web", "network": "global/networks/shop", "allowed": [{"IPProtocol": "tcp", "ports": ["8000"]}],
        "sourceRanges": ["10.20.0.0/24"], "targetTags": ["web"]});
    cloud.make("POST", "global/firewalls", rule).await;
    cloud.until(&other, ASK);
    let deny = json!({"name": "no", "network": "global/networks/shop", "denied": [{"IPProtocol": "tcp"}], "priority": 900, "sourceRanges": ["10.20.0.3/32"]});
    cloud.make("POST", "global/firewalls", deny).await;
    refused(&cloud, &other, "a rule of a lower number outweighs");
    cloud.make("PATCH", "global/firewalls/no", json!({"disabled": true})).await;
    cloud.until(&other, ASK);
    cloud.make("DELETE", "global/firewalls/web", Value::Null).await;
    refused(&cloud, &other, "the rule is gone");
    assert_eq!(cloud.container(&one), container, "no container was replaced");
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_say_whom_a_rule_is_about() {
    let Some(cloud) = Cloud::start().await else { return };
    let (_one, other) = pair(&cloud).await;
    let rule = json!({"name": "web", "network": "global/networks/shop", "allowed": [{"IPProtocol": "tcp"}], "sourceTags": ["client"], "targetTags": ["web"]});
    cloud.make("POST", "global/firewalls", rule).await;
    assert_ne!(cloud.run(&other, ASK).code, 0);
    let fingerprint = cloud.instance("w2").await["tags"]["fingerprint"].clone();
    cloud
        .make(
            "POST",
            "zones/us-central1-a/instances/w2/setTags",
            json!({"fingerprint": fingerprint, "items": ["client"]}),
        )
        .await;
    cloud.until(&other, ASK);
    let fingerprint = cloud.instance("w1").await["tags"]["fingerprint"].clone();
    cloud
        .make("POST", "zones/us-central1-a/instances/w1/setTags", json!({"fingerprint": fingerprint, "items": []}))
        .await;
    refused(&cloud, &other, "the target has lost its tag");
}

#[tokio::test(flavor = "multi_thread")]
async fn egress_can_be_denied() {
    let Some(cloud) = Cloud::start().await else { return };
    let (_one, other) = pair(&cloud).await;
    cloud.allow("shop", "in", &["tcp"], &["10.0.0.0/8"]).await;
    cloud.until(&other, ASK);
    let rule = json!({"name": "out", "network": "global/networks/shop", "direction": "EGRESS", "denied": [{"IPProtocol": "tcp", "ports": ["8000"]}], "destinationRanges": ["10.20.0.0/24"]});
    cloud.make("POST", "global/firewalls", rule).await;
    refused(&cloud, &other, "egress is denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_external_address_reaches_what_the_firewall_lets_in() {
    let Some(cloud) = Cloud::start().await else { return };
    let machine = cloud.launch(Cloud::machine("w1", "")).await;
    cloud.says(&machine, SERVE);
    let address = machine["networkInterfaces"][0]["accessConfigs"][0]["natIP"].as_str().expect("an address").to_owned();
    let reached = || {
        std::net::TcpStream::connect_timeout(
            &format!("{address}:8000").parse().expect("an address"),
            Duration::from_secs(2),
        )
        .is_ok_and(|mut stream| {
            use std::io::{Read, Write};
            let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
            stream.write_all(b"GET / HTTP/1.0\r\n\r\n").is_ok()
                && stream.read(&mut [0; 16]).is_ok_and(|count| count > 0)
        })
    };
    assert!(!reached(), "no rule lets it in");
    cloud.allow("default", "web", &["tcp:8000"], &["0.0.0.0/0"]).await;
    fogbank_tests::wait_until(Duration::from_secs(10), "the page from outside", reached);
    cloud.make("DELETE", "global/firewalls/web", Value::Null).await;
    fogbank_tests::wait_until(Duration::from_secs(10), "closed again", || !reached());
}

#[track_caller]
fn refused(cloud: &Cloud, machine: &Value, why: &str) {
    fogbank_tests::wait_until(Duration::from_secs(10), why, || cloud.run(machine, ASK).code != 0);
}
