//! Many at once.

use crate::cloud::{Cloud, METADATA, ZONE};
use crate::way::{Then, Way};
use fogbank_tests::docker::docker;
use futures_util::future::join_all;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

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

#[tokio::test(flavor = "multi_thread")]
async fn f12_of_eight_creates_of_one_name_one_runs() {
    let Some(cloud) = Cloud::start().await else { return };
    let body = Cloud::machine("w1", "");
    let path = cloud.instances();
    let answers = join_all((0..8).map(|_| cloud.client.post(&path, body.clone()))).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(won.len(), 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    assert!(cloud.soon(&won[0].json()).await.get("error").is_none());
    assert_eq!(cloud.status("w1").await, "RUNNING");
    assert_eq!(cloud.containers().len(), 2, "a machine and its nic");
    cloud.expect_true().await;
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_machine_that_is_deleted_while_it_is_made_leaves_nothing() {
    let Some(cloud) = Cloud::start().await else { return };
    let cloud = &cloud;
    let each = (0..10).map(|number| async move {
        let name = format!("w{number}");
        let made = cloud.begin("POST", &format!("zones/{ZONE}/instances"), Cloud::machine(&name, "")).await;
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..1500))).await;
        let deleted = cloud.begin("DELETE", &format!("zones/{ZONE}/instances/{name}"), Value::Null).await;
        let (_, deleted) = tokio::join!(cloud.soon(&made), cloud.soon(&deleted));
        assert!(deleted.get("error").is_none(), "{deleted:#}");
    });
    join_all(each).await;
    cloud.expect_true().await;
    assert_eq!(cloud.machines().await, Vec::<Value>::new());
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_delete_that_overtakes_its_create_leaves_nothing() {
    // The delete has looked for the container, and the create makes it before the delete is through.
    let fault = "compute.delete.release:delay=4000";
    let Some(cloud) = Cloud::with(|options| options.env("FOGBANK_FAULT", fault)).await else { return };
    let made = cloud.begin("POST", &format!("zones/{ZONE}/instances"), Cloud::machine("w1", "")).await;
    let deleted = cloud.begin("DELETE", &format!("zones/{ZONE}/instances/w1"), Value::Null).await;
    let (_, deleted) = tokio::join!(cloud.soon(&made), cloud.soon(&deleted));
    assert!(deleted.get("error").is_none(), "{deleted:#}");
    cloud.client.get(&Cloud::path(&format!("zones/{ZONE}/instances/w1"))).await.expect_error(404, "notFound");
    cloud.expect_true().await;
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_a_stop_that_overtakes_its_create_ends_in_a_state_that_is_so() {
    let way = Way::new();
    let host = way.host();
    let Some(cloud) = Cloud::with(|options| options.env("DOCKER_HOST", host)).await else { return };
    let made = cloud.begin("POST", &format!("zones/{ZONE}/instances"), Cloud::machine("w1", "")).await;
    let nic = format!("nic-{}", made["targetId"].as_str().expect("an id"));
    fogbank_tests::wait_until(Duration::from_secs(10), &nic, || cloud.containers().contains_key(&nic));
    // The stop has looked for the container, and the create makes it before the stop has removed its nic.
    way.on("DELETE containers/", 1, Then::Delay(Duration::from_secs(2)));
    let answer = cloud.client.post(&Cloud::path(&format!("zones/{ZONE}/instances/w1/stop")), Value::Null).await;
    let made = cloud.soon(&made).await;
    match answer.status {
        200 => drop(cloud.soon(&answer.json()).await),
        status => assert_eq!(status, 400, "one that is on its way may be refused: {}", answer.text()),
    }
    way.met();
    cloud.expect_true().await;
    let there = cloud.machines().await;
    assert_eq!(there.is_empty(), made.get("error").is_some(), "{made:#}");
    for machine in there {
        if cloud.status("w1").await == "TERMINATED" {
            cloud.act("w1", "start").await;
        }
        cloud.until(&machine, METADATA);
    }
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_machines_that_are_stopped_as_soon_as_they_run_stop_soon() {
    let Some(cloud) = Cloud::start().await else { return };
    let cloud = &cloud;
    let each = ["w1", "w2", "w3"].map(|name| async move {
        let made = cloud.begin("POST", &format!("zones/{ZONE}/instances"), Cloud::machine(name, "")).await;
        // On a busy processor its first process has hardly begun when it runs.
        let container = format!("vm-{}", made["targetId"].as_str().expect("an id"));
        let (made, ()) = tokio::join!(cloud.soon(&made), run_on(cloud, container, &["update", "--cpus", "0.02"]));
        assert!(made.get("error").is_none(), "{made:#}");
        cloud.act_soon(name, "stop").await;
        assert_eq!(cloud.status(name).await, "TERMINATED");
    });
    join_all(each).await;
    cloud.expect_true().await;
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_starts_and_stops_that_cross_end_in_a_state_that_is_so() {
    let Some(cloud) = Cloud::start().await else { return };
    let machines = ["w1", "w2", "w3"];
    join_all(machines.map(|name| cloud.launch(Cloud::machine(name, "")))).await;
    let cloud = &cloud;
    let each = machines.into_iter().map(|name| async move {
        let mut begun = Vec::new();
        for action in ["stop", "start", "stop", "start"] {
            let path = Cloud::path(&format!("zones/{ZONE}/instances/{name}/{action}"));
            let answer = cloud.client.post(&path, Value::Null).await;
            // One that is on its way may be refused.
            match answer.status {
                200 => begun.push(answer.json()),
                status => assert_eq!(status, 400, "{}", answer.text()),
            }
            tokio::time::sleep(Duration::from_millis(rand::random_range(0..400))).await;
        }
        join_all(begun.iter().map(|operation| cloud.soon(operation))).await;
    });
    join_all(each).await;
    cloud.expect_true().await;
    for name in machines {
        if cloud.status(name).await == "TERMINATED" {
            let nic = format!("nic-{}", cloud.instance(name).await["id"].as_str().expect("an id"));
            fogbank_tests::wait_until(Duration::from_secs(10), &nic, || !cloud.containers().contains_key(&nic));
            cloud.act(name, "start").await;
        }
        let machine = cloud.instance(name).await;
        cloud.until(&machine, METADATA);
    }
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_f12_containers_that_are_killed_while_machines_start_and_stop_leave_nothing_untrue() {
    let Some(cloud) = Cloud::start().await else { return };
    let id = cloud.launch(Cloud::machine("w1", "")).await["id"].as_str().expect("an id").to_owned();
    for part in ["vm", "nic"] {
        for (action, command) in [("stop", ["rm", "-f"].as_slice()), ("start", &["kill"]), ("start", &["rm", "-f"])] {
            if action == "start" && cloud.status("w1").await == "RUNNING" {
                cloud.act_soon("w1", "stop").await;
            } else if action == "stop" && cloud.status("w1").await == "TERMINATED" {
                cloud.act_soon("w1", "start").await;
            }
            let operation = cloud.begin("POST", &format!("zones/{ZONE}/instances/w1/{action}"), Value::Null).await;
            let after = Duration::from_millis(rand::random_range(0..150));
            let killer = run_on_after(&cloud, format!("{part}-{id}"), command, after);
            tokio::join!(cloud.soon(&operation), killer);
            cloud.expect_true().await;
        }
    }
    if cloud.status("w1").await == "TERMINATED" {
        cloud.act_soon("w1", "start").await;
    }
    let machine = cloud.instance("w1").await;
    cloud.until(&machine, METADATA);
    cloud.expect_clean_end().await;
}

/// As [`run_on`], a while later.
async fn run_on_after(cloud: &Cloud, name: String, command: &[&str], after: Duration) {
    tokio::time::sleep(after).await;
    run_on(cloud, name, command).await;
}

/// Does something to a container from outside, once it is there.
async fn run_on(cloud: &Cloud, name: String, command: &[&str]) {
    let labels = [format!("label=fogbank.tenant={}", cloud.tenant.0), format!("label=fogbank.name={name}")];
    for _ in 0..300 {
        let id = docker(&["ps", "-aq", "--filter", &labels[0], "--filter", &labels[1]]);
        if !id.is_empty() {
            // It may have gone by itself, or not run.
            let _ = std::process::Command::new("docker").args(command).arg(&id).output();
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
