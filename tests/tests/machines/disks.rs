//! What is written to a disk is there.

use crate::cloud::{Cloud, ZONE};
use serde_json::{Value, json};

async fn attach(cloud: &Cloud, machine: &str, disk: &str) {
    let body = json!({"source": format!("zones/{ZONE}/disks/{disk}"), "deviceName": "data"});
    cloud.make("POST", &format!("zones/{ZONE}/instances/{machine}/attachDisk"), body).await;
}

async fn detach(cloud: &Cloud, machine: &str) {
    cloud.make("POST", &format!("zones/{ZONE}/instances/{machine}/detachDisk?deviceName=data"), Value::Null).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_keeps_what_machines_write() {
    let Some(cloud) = Cloud::start().await else { return };
    cloud.make("POST", &format!("zones/{ZONE}/disks"), json!({"name": "d1", "sizeGb": "10"})).await;
    let one = cloud.launch(Cloud::machine("w1", "")).await;
    cloud.says(&one, "echo root >/root/own");
    attach(&cloud, "w1", "d1").await;
    cloud.says(&one, "echo data >/mnt/disks/data/file");
    assert_eq!(cloud.says(&one, "cat /root/own"), "root", "attaching keeps the boot disk's content");
    cloud.act("w1", "stop").await;
    cloud.act("w1", "start").await;
    assert_eq!(cloud.says(&one, "cat /mnt/disks/data/file"), "data");
    detach(&cloud, "w1").await;
    assert_ne!(cloud.run(&one, "cat /mnt/disks/data/file").code, 0);
    let other = cloud.launch(Cloud::machine("w2", "")).await;
    attach(&cloud, "w2", "d1").await;
    assert_eq!(cloud.says(&other, "cat /mnt/disks/data/file"), "data");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_holds_what_was_on_the_disk() {
    let Some(cloud) = Cloud::start().await else { return };
    cloud.make("POST", &format!("zones/{ZONE}/disks"), json!({"name": "d1", "sizeGb": "10"})).await;
    let one = cloud.launch(Cloud::machine("w1", "")).await;
    attach(&cloud, "w1", "d1").await;
    cloud.says(&one, "echo before >/mnt/disks/data/file");
    cloud.make("POST", &format!("zones/{ZONE}/disks/d1/createSnapshot"), json!({"name": "s1"})).await;
    cloud.says(&one, "echo after >/mnt/disks/data/file");
    let body = json!({"name": "d2", "sourceSnapshot": "global/snapshots/s1"});
    cloud.make("POST", &format!("zones/{ZONE}/disks"), body).await;
    let other = cloud.launch(Cloud::machine("w2", "")).await;
    attach(&cloud, "w2", "d2").await;
    assert_eq!(cloud.says(&other, "cat /mnt/disks/data/file"), "before");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_of_a_boot_disk_boots() {
    let Some(cloud) = Cloud::start().await else { return };
    let one = cloud.launch(Cloud::machine("w1", "")).await;
    cloud.says(&one, "echo golden >/etc/golden");
    cloud.act("w1", "stop").await;
    let body = json!({"name": "golden", "sourceDisk": format!("zones/{ZONE}/disks/w1")});
    cloud.make("POST", "global/images", body).await;
    let mut body = Cloud::machine("w2", "");
    body["disks"][0]["initializeParams"]["sourceImage"] = json!("global/images/golden");
    let other = cloud.launch(body).await;
    assert_eq!(cloud.says(&other, "cat /etc/golden"), "golden");
    assert_eq!(cloud.says(&other, "hostname"), "w2");
}
