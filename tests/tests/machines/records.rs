//! Many at once, as records (`--compute metadata`): what the rows have to keep right, without an engine.

use crate::api::{Api, ZONE};
use crate::cloud::Cloud;
use fogbank_tests::{Answer, Options, Server, wait_for};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const MANY: usize = 50;
const FRONT: &str = "regions/us-central1/subnetworks/front";

/// A server that keeps instances as records, with a network `shop`.
struct Records {
    server: Server,
    api: Api,
}

impl Records {
    async fn start() -> Self {
        Self::with(Options::new()).await
    }

    async fn with(options: Options) -> Self {
        let server = Server::with(options.arg("--compute").arg("metadata"));
        let api = Api::of(server.client());
        api.network("shop", &[("front", "10.20.0.0/24")]).await;
        Self { server, api }
    }

    async fn insert(&self, name: &str) -> Answer {
        insert(&self.api, name).await
    }

    /// No instance, disk or address is left: all addresses are given out again from the first one on.
    async fn expect_nothing_left(&self) {
        for collection in ["instances", "disks", "addresses"] {
            let all = self.api.get(&format!("aggregated/{collection}")).await;
            let scopes = all["items"].as_object().expect("scopes");
            let left = scopes.values().any(|scope| scope.get(collection).is_some());
            assert!(!left, "{collection}: {all:#}");
        }
        let machine = self.api.launch(Cloud::machine("last", "front")).await;
        assert_eq!(Cloud::address(&machine), "10.20.0.2", "no address is kept");
        self.api.delete("last").await;
        self.api.make("DELETE", FRONT, Value::Null).await;
        self.api.make("DELETE", "global/networks/shop", Value::Null).await;
    }
}

async fn insert(api: &Api, name: &str) -> Answer {
    api.client.post(&api.instances(), Cloud::machine(name, "front")).await
}

/// Waits for the operation of an answer; whether there was one that succeeded.
async fn succeeded(api: &Api, answer: Answer) -> bool {
    if answer.status != 200 {
        return false;
    }
    api.wait(&answer.json()).await.get("error").is_none()
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_of_fifty_creates_of_one_name_one_wins() {
    let cloud = Records::start().await;
    let answers = join_all((0..MANY).map(|_| cloud.insert("w1"))).await;
    let won: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(won.len(), 1, "{:?}", statuses(&answers));
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.clone().expect_error(409, "alreadyExists");
    }
    cloud.api.wait(&won[0].json()).await;
    assert_eq!(cloud.api.status("w1").await, "RUNNING");
    let next = cloud.api.launch(Cloud::machine("w2", "front")).await;
    assert_eq!(Cloud::address(&next), "10.20.0.3", "who lost has no address");
    cloud.api.delete("w1").await;
    cloud.api.delete("w2").await;
    cloud.expect_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_machines_at_once_have_an_address_each() {
    let cloud = Records::start().await;
    let names: Vec<String> = (0..MANY).map(|number| format!("w{number}")).collect();
    let machines = join_all(names.iter().map(|name| cloud.api.launch(Cloud::machine(name, "front")))).await;
    let addresses: BTreeSet<String> = machines.iter().map(Cloud::address).collect();
    let wanted: BTreeSet<String> = (2..2 + MANY).map(|last| format!("10.20.0.{last}")).collect();
    assert_eq!(addresses, wanted);
    join_all(names.iter().map(|name| cloud.api.delete(name))).await;
    cloud.expect_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_a_network_cannot_be_deleted_under_fifty_machines_that_come_and_go() {
    let cloud = Records::start().await;
    let (cloud, finished) = (&cloud, &AtomicBool::new(false));
    let makers = join_all((0..MANY).map(|number| come_and_go(cloud, format!("w{number}"))));
    let makers = async {
        let made = makers.await;
        finished.store(true, Ordering::Relaxed);
        made
    };
    let breaker = async {
        let mut gone = 0;
        while !finished.load(Ordering::Relaxed) {
            gone += usize::from(break_and_mend(cloud).await);
        }
        gone
    };
    let (refused, gone) = tokio::join!(makers, breaker);
    eprintln!("creates were refused {} times, the network was deleted {gone} times", refused.iter().sum::<usize>());
    cloud.expect_nothing_left().await;
}

/// Makes a machine, again and again while its network is not there, and deletes it; how often it was refused.
async fn come_and_go(cloud: &Records, name: String) -> usize {
    let mut refused = 0;
    let answer = loop {
        let answer = cloud.insert(&name).await;
        if answer.status == 200 {
            break answer;
        }
        assert!(matches!(answer.status, 400 | 404) && refused < 1000, "{}", answer.text());
        refused += 1;
    };
    let operation = cloud.api.wait(&answer.json()).await;
    assert!(operation.get("error").is_none(), "its network is there: {operation:#}");
    cloud.api.delete(&name).await;
    refused
}

/// Deletes the subnetwork and the network if they can be, and makes them again; whether they could.
async fn break_and_mend(cloud: &Records) -> bool {
    let answer = cloud.api.client.delete(&cloud.api.at(FRONT)).await;
    if answer.status == 400 {
        answer.expect_error(400, "resourceInUseByAnotherResource");
        return false;
    }
    cloud.api.wait(&answer.expect(200).json()).await;
    let listed = cloud.api.get(&format!("zones/{ZONE}/instances")).await;
    let left = listed["items"].as_array().cloned().unwrap_or_default();
    let stays = left.iter().find(|machine| machine["status"] != "STOPPING");
    assert!(stays.is_none(), "a machine without its subnetwork: {stays:#?}");
    cloud.api.make("DELETE", "global/networks/shop", Value::Null).await;
    cloud.api.network("shop", &[("front", "10.20.0.0/24")]).await;
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_creates_and_deletes_of_one_name_leave_a_machine_or_nothing() {
    let cloud = Records::start().await;
    let cloud = &cloud;
    let path = format!("{}/w1", cloud.api.instances());
    let (api, path) = (&cloud.api, &path);
    let changes = (0..MANY).map(|number| async move {
        let answer = match number % 2 {
            0 => cloud.insert("w1").await,
            _ => api.client.delete(path).await,
        };
        assert!(matches!(answer.status, 200 | 404 | 409), "{}", answer.text());
        // A create ends with an error where a delete came before its end.
        (number % 2 == 0, succeeded(api, answer).await)
    });
    let ended = join_all(changes).await;
    assert!(ended.contains(&(true, true)), "{ended:?}");
    let there = api.client.get(path).await;
    let disks = api.get(&format!("zones/{ZONE}/disks")).await["items"].as_array().map_or(0, Vec::len);
    assert_eq!(disks, usize::from(there.status == 200), "the disk goes with its machine: {}", there.text());
    if there.status == 200 {
        assert_eq!(there.json()["status"], "RUNNING");
        api.delete("w1").await;
    }
    cloud.expect_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f18_a_tenant_has_as_many_machines_as_it_may_whatever_their_projects() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("fogbank.toml");
    std::fs::write(&config, "[plugins.compute.settings]\ninstances-per-tenant = 3\n").expect("written");
    let cloud = Records::with(Options::new().arg("--config").arg(config.display().to_string())).await;
    let project = json!({"projectId": "other-project"});
    cloud.api.client.post("/v1/projects", project).await.expect(200);
    let other = cloud.api.project("other-project");
    other.network("shop", &[("front", "10.20.0.0/24")]).await;
    let names: Vec<String> = (0..8).map(|number| format!("w{number}")).collect();
    let apis = [&cloud.api, &other];
    let answers = join_all(names.iter().zip(apis.iter().cycle()).map(|(name, api)| insert(api, name))).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(made.len(), 3, "{:?}", statuses(&answers));
    for answer in refused {
        assert_eq!((answer.status, answer.reason()), (429, "quotaExceeded".to_owned()), "{}", answer.text());
        assert!(answer.text().contains("Limit: 3"), "{}", answer.text());
    }
    let blue = Api::of(cloud.server.tenant("blue").await);
    blue.network("shop", &[("front", "10.20.0.0/24")]).await;
    insert(&blue, "w1").await.expect(200);
    // What goes makes room for one more.
    let first = made[0].json()["targetLink"].as_str().expect("a link").to_owned();
    let (api, name) = (apis[usize::from(first.contains("other-project"))], first.rsplit('/').next().expect("a name"));
    api.wait(&made[0].json()).await;
    api.delete(name).await;
    let answers = join_all(["n1", "n2"].map(|name| insert(&cloud.api, name))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{:?}", statuses(&answers));
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_an_address_that_was_found_for_nothing_is_given_back() {
    for step in ["compute.create.reserve", "compute.create.commit"] {
        let cloud = Records::with(Options::new().env("FOGBANK_FAULT", format!("{step}:fail:1"))).await;
        let answer = cloud.insert("w1").await;
        assert!(answer.status >= 500, "{step}: {}", answer.text());
        answer.expect_google_form();
        cloud.expect_nothing_left().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_an_address_that_a_dead_host_had_found_is_given_back_in_time() {
    let data = tempfile::tempdir().expect("a folder");
    let options = || Options::new().data(data.path()).arg("--compute").arg("metadata");
    let mut server = Server::with(options().env("FOGBANK_FAULT", "compute.create.commit:kill"));
    let api = Api::of(server.client());
    api.network("shop", &[("front", "10.20.0.0/24")]).await;
    let request = api.client.request(reqwest::Method::POST, &api.instances()).json(&Cloud::machine("w1", "front"));
    assert!(api.client.try_send(request).await.is_err(), "the host dies");
    assert!(server.ended_within(Duration::from_secs(10)).is_some());
    let server = Server::with(options());
    let cloud = Records { api: Api::of(server.client()), server };
    cloud.api.client.get(&format!("{}/w1", cloud.api.instances())).await.expect_error(404, "notFound");
    cloud.server.advance("default", Duration::from_secs(150)).await;
    wait_for(Duration::from_secs(10), "the subnetwork is nobody's", || async {
        cloud.api.client.delete(&cloud.api.at(FRONT)).await.status == 200
    })
    .await;
    wait_for(Duration::from_secs(10), "and gone", || async {
        cloud.api.client.get(&cloud.api.at(FRONT)).await.status == 404
    })
    .await;
    let body = json!({"name": "front", "network": "global/networks/shop", "ipCidrRange": "10.20.0.0/24"});
    cloud.api.make("POST", "regions/us-central1/subnetworks", body).await;
    cloud.expect_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f22_what_does_not_go_together_is_refused_and_nothing_is_made() {
    let cloud = Records::start().await;
    let api = &cloud.api;
    let subnetwork = |network: &str, range: &str| {
        let body = json!({"name": "bad", "network": format!("global/networks/{network}"), "ipCidrRange": range});
        ("regions/us-central1/subnetworks", body)
    };
    let rule = json!({"name": "bad", "network": "global/networks/nowhere", "allowed": [{"IPProtocol": "tcp"}]});
    let bad_rule = json!({"name": "bad", "network": "global/networks/shop", "sourceRanges": ["10.0.0.0/40"], "allowed": [{"IPProtocol": "tcp"}]});
    let route = json!({"name": "bad", "network": "global/networks/nowhere", "destRange": "10.9.0.0/24", "nextHopIp": "10.20.0.2"});
    let mut cases = vec![
        (404, "nowhere", subnetwork("nowhere", "10.30.0.0/24")),
        (404, "nowhere", ("global/firewalls", rule)),
        (404, "nowhere", ("global/routes", route)),
        (400, "10.0.0.0/40", ("global/firewalls", bad_rule)),
    ];
    for range in [
        "10.20.0.0/24",
        "10.20.0.128/25",
        "10.0.0.0/8",
        "10.20.0.0/33",
        "10.20.1.1/24",
        "300.1.1.0/24",
        "x",
        "10.30.0.0/30",
    ] {
        cases.push((400, range, subnetwork("shop", range)));
    }
    let count = async || {
        let mut all = Vec::new();
        for collection in ["regions/us-central1/subnetworks", "global/firewalls", "global/routes"] {
            all.push(api.get(collection).await["items"].as_array().map_or(0, Vec::len));
        }
        all
    };
    let before = count().await;
    for (status, says, (collection, body)) in cases {
        let answer = api.client.post(&api.at(collection), body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        let answer = answer.expect_google_form();
        assert!(answer.text().contains(says), "{body}: {}", answer.text());
    }
    assert_eq!(count().await, before);
}
