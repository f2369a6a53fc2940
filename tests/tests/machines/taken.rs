//! F08: names that somebody else has at the engine.

use crate::cloud::{Cloud, ZONE};
use crate::way::{Then, Way};
use fogbank_tests::docker::{docker, image};
use fogbank_tests::wait_for;
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Something at the engine that is not Fogbank's, with a name that Fogbank would give; gone when it is dropped.
struct Stranger {
    kind: &'static str,
    name: String,
}

impl Stranger {
    fn container(name: String) -> Self {
        docker(&["create", "--name", &name, &image().expect("an image"), "/bin/true"]);
        Self { kind: "container", name }
    }

    fn network(name: String) -> Self {
        docker(&["network", "create", &name]);
        Self { kind: "network", name }
    }

    fn volume(name: String) -> Self {
        docker(&["volume", "create", &name]);
        Self { kind: "volume", name }
    }

    /// A container that runs, with options of `docker run`.
    fn running(name: String, options: &[&str]) -> Self {
        let (image, began) = (image().expect("an image"), ["run", "-d", "--name", &name]);
        docker(&[&began, options, &[&image, "sleep", "1000"]].concat());
        Self { kind: "container", name }
    }

    /// It is there, without a label of Fogbank's.
    fn expect_untouched(&self) {
        let labels = if self.kind == "container" { "{{.Config.Labels}}" } else { "{{.Labels}}" };
        let labels = docker(&[self.kind, "inspect", "-f", labels, &self.name]);
        assert!(!labels.contains("fogbank"), "{labels}");
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        // The test may have removed it.
        let force: &[&str] = if self.kind == "container" { &["-f"] } else { &[] };
        let _ = Command::new("docker").args([self.kind, "rm"]).args(force).arg(&self.name).output();
    }
}

/// What the engine's names of the tenant's things begin with.
fn prefix(cloud: &Cloud, machine: &Value) -> String {
    let name = docker(&["inspect", "-f", "{{.Name}}", &cloud.container(machine)]);
    name.trim_start_matches('/').rsplit_once("vm-").expect("the name of a machine's container").0.to_owned()
}

/// The operation has failed and says what is in the way.
fn expect_in_the_way(operation: &Value, stranger: &Stranger) {
    let error = operation["error"]["errors"][0]["message"].as_str().unwrap_or_default();
    assert!(error.contains(&stranger.name), "{operation:#}");
    stranger.expect_untouched();
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_a_container_in_the_way_of_a_new_machine_is_named() {
    let way = Way::new();
    let host = way.host();
    let Some(cloud) = Cloud::with(|options| options.env("DOCKER_HOST", host)).await else { return };
    let first = cloud.launch(Cloud::machine("w1", "")).await;
    let prefix = prefix(&cloud, &first);
    for part in ["vm", "nic"] {
        let word = Arc::new(Notify::new());
        way.on("POST containers/create nic-", 1, Then::Hold(Arc::clone(&word)));
        let operation = cloud.begin("POST", &format!("zones/{ZONE}/instances"), Cloud::machine("w2", "")).await;
        let id = operation["targetId"].as_str().expect("an id");
        // The host has seen by then that no name is taken.
        wait_for(Duration::from_secs(20), "the request for a nic", || async { way.has_met() }).await;
        let stranger = Stranger::container(format!("{prefix}{part}-{id}"));
        word.notify_one();
        expect_in_the_way(&cloud.soon(&operation).await, &stranger);
        cloud.client.get(&Cloud::path(&format!("zones/{ZONE}/instances/w2"))).await.expect_error(404, "notFound");
        assert_eq!(way.met(), 1);
        cloud.expect_true().await;
    }
    let second = cloud.launch(Cloud::machine("w2", "")).await;
    assert_eq!(Cloud::address(&second), "10.128.0.3");
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_a_container_in_the_way_of_a_start_leaves_the_machine_as_it_was() {
    let Some(cloud) = Cloud::start().await else { return };
    let machine = cloud.launch(Cloud::machine("w1", "")).await;
    cloud.says(&machine, "echo kept >/root/file");
    let nic = format!("{}nic-{}", prefix(&cloud, &machine), machine["id"].as_str().expect("an id"));
    cloud.act("w1", "stop").await;
    let stranger = Stranger::container(nic);
    let operation = cloud.begin("POST", &format!("zones/{ZONE}/instances/w1/start"), Value::Null).await;
    expect_in_the_way(&cloud.soon(&operation).await, &stranger);
    assert_eq!(cloud.status("w1").await, "TERMINATED");
    drop(stranger);
    cloud.act("w1", "start").await;
    assert_eq!(cloud.says(&machine, "cat /root/file"), "kept");
    cloud.expect_true().await;
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_a_network_in_the_way_is_named() {
    let Some(cloud) = Cloud::start().await else { return };
    let first = cloud.launch(Cloud::machine("w1", "")).await;
    cloud.network("shop", &[("front", "10.20.0.0/24")]).await;
    let id = cloud.get("global/networks/shop").await["id"].as_str().expect("an id").to_owned();
    let stranger = Stranger::network(format!("{}vpc-{id}", prefix(&cloud, &first)));
    let operation = cloud.begin("POST", &format!("zones/{ZONE}/instances"), Cloud::machine("w2", "front")).await;
    expect_in_the_way(&cloud.soon(&operation).await, &stranger);
    cloud.client.get(&Cloud::path(&format!("zones/{ZONE}/instances/w2"))).await.expect_error(404, "notFound");
    cloud.expect_true().await;
    drop(stranger);
    let second = cloud.launch(Cloud::machine("w2", "front")).await;
    assert_eq!(Cloud::address(&second), "10.20.0.2");
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_a_volume_in_the_way_of_a_disk_is_named() {
    let way = Way::new();
    let host = way.host();
    let Some(cloud) = Cloud::with(|options| options.env("DOCKER_HOST", host)).await else { return };
    let first = cloud.launch(Cloud::machine("w1", "")).await;
    let word = Arc::new(Notify::new());
    way.on("POST volumes/create", 1, Then::Hold(Arc::clone(&word)));
    let operation = cloud.begin("POST", &format!("zones/{ZONE}/disks"), json!({"name": "d1", "sizeGb": "10"})).await;
    let id = operation["targetId"].as_str().expect("an id");
    wait_for(Duration::from_secs(20), "the request for a volume", || async { way.has_met() }).await;
    let stranger = Stranger::volume(format!("{}disk-{id}", prefix(&cloud, &first)));
    word.notify_one();
    expect_in_the_way(&cloud.soon(&operation).await, &stranger);
    assert_eq!(way.met(), 1);
    cloud.client.get(&Cloud::path(&format!("zones/{ZONE}/disks/d1"))).await.expect_error(404, "notFound");
    cloud.make("POST", &format!("zones/{ZONE}/disks"), json!({"name": "d1", "sizeGb": "10"})).await;
    cloud.make("DELETE", &format!("zones/{ZONE}/disks/d1"), Value::Null).await;
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f20_a_disk_that_a_stranger_uses_goes_when_the_stranger_has_gone() {
    let Some(cloud) = Cloud::start().await else { return };
    cloud.make("POST", &format!("zones/{ZONE}/disks"), json!({"name": "d1", "sizeGb": "10"})).await;
    let [_, _, volumes, _] = cloud.tenant.left();
    let stranger = Stranger::running(format!("stranger-{}", cloud.tenant.0), &["-v", &format!("{}:/data", volumes[0])]);
    let operation = cloud.begin("DELETE", &format!("zones/{ZONE}/disks/d1"), Value::Null).await;
    let path = format!("zones/{ZONE}/operations/{}", operation["name"].as_str().expect("a name"));
    // It is asked for at least once while the stranger has it.
    wait_for(Duration::from_secs(10), "a first attempt", || async { cloud.get(&path).await["status"] == "RUNNING" })
        .await;
    assert_eq!(cloud.tenant.left()[2], volumes);
    stranger.expect_untouched();
    drop(stranger);
    assert!(cloud.soon(&operation).await.get("error").is_none());
    cloud.expect_clean_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f20_a_bridge_that_a_stranger_is_on_goes_when_the_stranger_has_gone() {
    let Some(cloud) = Cloud::start().await else { return };
    cloud.network("shop", &[("front", "10.20.0.0/24")]).await;
    cloud.launch(Cloud::machine("w1", "front")).await;
    let [_, networks, _, _] = cloud.tenant.left();
    let stranger = Stranger::running(format!("stranger-{}", cloud.tenant.0), &["--network", &networks[0]]);
    cloud.delete("w1").await;
    cloud.make("DELETE", "regions/us-central1/subnetworks/front", Value::Null).await;
    cloud.make("DELETE", "global/networks/shop", Value::Null).await;
    assert_eq!(cloud.tenant.left()[1], networks, "the stranger is on it");
    stranger.expect_untouched();
    drop(stranger);
    // At the latest when the next machine has gone.
    cloud.launch(Cloud::machine("w2", "")).await;
    cloud.expect_clean_end().await;
}
