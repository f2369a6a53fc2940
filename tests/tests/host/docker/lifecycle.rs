//! Containers, images and volumes from their making to their removal.

use super::{Cloud, LONG};
use fogbank_tests::docker::docker;
use fogbank_tests::wait_for;
use serde_json::json;
use std::time::Instant;

#[tokio::test(flavor = "multi_thread")]
async fn a_container_runs_from_create_to_remove() {
    let Some(cloud) = Cloud::new().await else { return };
    let named = json!({ "name": "a" });
    cloud.sleeper("a", json!({ "text": "hello", "label": "mine", "hostname": "host-a", "files": { "/opt/x/run": "#!/bin/sh\necho ran" } })).await;
    let state = cloud.state("a").await;
    assert_eq!((&state["state"], &state["labels"]), (&json!("State::Running"), &json!([["said", "mine"]])));
    assert_eq!(cloud.run("a", "echo $SAID; hostname; /opt/x/run").await, "hello\nhost-a\nran");
    let outcome = cloud
        .ok("exec", json!({ "name": "a", "command": ["/bin/sh", "-c", "cat; echo oh >&2; exit 7"], "stdin": "in" }))
        .await;
    assert_eq!(outcome, json!({ "code": 7, "stdout": "in", "stderr": "oh\n" }));
    assert_eq!(cloud.ok("logs", named.clone()).await, "up\n");
    cloud.ok("put-files", json!({ "name": "a", "files": { "/tmp/new": "put" } })).await;
    assert_eq!(cloud.run("a", "cat /tmp/new").await, "put");

    cloud.ok("pause-container", named.clone()).await;
    assert_eq!(cloud.state("a").await["state"], "State::Paused");
    cloud.refused("exec", json!({ "name": "a", "command": ["/bin/true"] }), "NotRunning").await;
    cloud.ok("unpause-container", named.clone()).await;
    cloud.ok("kill-container", json!({ "name": "a", "signal": "SIGKILL" })).await;
    assert_eq!(cloud.ok("wait-container", json!({ "name": "a", "ms": 10_000 })).await, 137);
    let state = cloud.state("a").await;
    assert_eq!((&state["state"], &state["exit-code"]), (&json!("State::Stopped"), &json!(137)));
    cloud.ok("stop-container", named.clone()).await;
    cloud.refused("exec", json!({ "name": "a", "command": ["/bin/true"] }), "NotRunning").await;

    cloud.ok("start-container", named.clone()).await;
    cloud.ok("start-container", named.clone()).await;
    assert_eq!(cloud.run("a", "cat /tmp/new").await, "put", "its disk stays");
    cloud.ok("remove-container", named.clone()).await;
    cloud.ok("remove-container", named.clone()).await;
    assert!(cloud.state("a").await.is_null());
    cloud.refused("start-container", named, "NotFound").await;
    assert!(cloud.tenant.left()[0].is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn f08_what_is_there_is_adopted_replaced_or_in_the_way() {
    let Some(cloud) = Cloud::new().await else { return };
    cloud.sleeper("a", json!({ "text": "one" })).await;
    let id = docker(&["ps", "-aq", "--filter", &format!("label=fogbank.tenant={}", cloud.tenant.0)]);
    cloud.ok("create-container", cloud.new_sleeper("a", json!({ "text": "one" }))).await;
    assert_eq!(cloud.tenant.left()[0].join(" "), id, "it is the same");
    let two = cloud.new_sleeper("a", json!({ "text": "two" }));
    cloud.refused("create-container", two.clone(), "Conflict").await;
    cloud.ok("stop-container", json!({ "name": "a" })).await;
    cloud.ok("create-container", two).await;
    assert!(cloud.tenant.left()[0].len() == 1 && cloud.tenant.left()[0][0] != id, "another in its place");

    // One of somebody else's with the name that ours would have.
    let taken = cloud.engine_name("a").replace(".a", ".b");
    docker(&["create", "--name", &taken, &cloud.image, "/bin/true"]);
    let said = cloud.refused("create-container", cloud.new_sleeper("b", json!({})), "Conflict").await;
    assert!(said.contains(&taken), "{said}");
    for function in ["remove-container", "start-container", "stop-container", "logs", "commit"] {
        let _ = cloud.call(function, json!({ "name": "b", "image": "x" })).await;
    }
    assert!(cloud.state("b").await.is_null());
    assert_eq!(docker(&["inspect", "-f", "{{.State.Status}}", &taken]), "created", "it is not touched");
    docker(&["rm", &taken]);
}

#[tokio::test(flavor = "multi_thread")]
async fn f10_what_happens_to_containers_outside_is_known_at_once() {
    let Some(cloud) = Cloud::new().await else { return };
    cloud.sleeper("a", json!({})).await;
    cloud.sleeper("b", json!({})).await;
    let (a, b) = (cloud.engine_name("a"), cloud.engine_name("b"));
    docker(&["kill", &a]);
    docker(&["rm", "-f", &b]);
    let began = Instant::now();
    wait_for(LONG, "the end of a", || async { cloud.state("a").await["state"] == "State::Stopped" }).await;
    wait_for(LONG, "the end of b", || async { cloud.state("b").await.is_null() }).await;
    assert!(began.elapsed().as_secs() < 3, "{:?}", began.elapsed());
    let told = async |name: &str| cloud.heard().await.iter().any(|names| names.split(',').any(|told| told == name));
    wait_for(LONG, "news of both", || async { told("a").await && told("b").await }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f18_a_tenant_has_as_many_containers_as_it_may() {
    let Some(cloud) = Cloud::with(|options| options.arg("--set").arg("quotas.containers=2")).await else { return };
    let names = ["a", "b", "c", "d"];
    let made = names.map(|name| cloud.call("create-container", cloud.new_sleeper(name, json!({}))));
    let made = futures_util::future::join_all(made).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 2, "{made:?}");
    let refused = made.iter().find_map(|made| made.as_ref().err()).expect("one too many");
    assert!(refused.contains("Quota") && refused.contains('2'), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f07b_images_are_mapped_allowed_or_named() {
    let Some(cloud) = Cloud::with(|options| options.arg("--set").arg("docker.pull=never")).await else { return };
    assert_eq!(cloud.ok("ensure-image", json!({ "name": cloud.image })).await, cloud.image.as_str());
    let said = cloud.refused("ensure-image", json!({ "name": "opensuse-leap", "pull": true }), "NoImage").await;
    assert!(said.contains("docker pull opensuse/leap:latest"), "{said}");
    let new = json!({ "name": "a", "image": "opensuse-leap", "command": ["/x"] });
    cloud.refused("create-container", new, "NoImage").await;
    cloud.refused("ensure-image", json!({ "name": "somebody/else" }), "NotAllowed").await;
    cloud.refused("create-container", json!({ "name": "a", "image": "somebody/else" }), "NotAllowed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn images_of_ones_own_and_volumes_hold_what_was_put_there() {
    let Some(cloud) = Cloud::new().await else { return };
    let script = json!({ "/bin/x": { "asset": "manifest" }, "/etc/said": "imported" });
    for _ in 0..2 {
        cloud.ok("import-image", json!({ "name": "img", "files": script })).await;
    }
    assert!(cloud.ok("image-size", json!({ "name": "img" })).await.as_u64() > Some(0));
    assert!(cloud.ok("image-size", json!({ "name": "other" })).await.is_null());
    cloud.ok("create-container", json!({ "name": "own", "own": "img", "command": ["/bin/x"] })).await;
    cloud.refused("create-container", json!({ "name": "x", "own": "other" }), "NoImage").await;
    cloud.refused("remove-image", json!({ "name": "img" }), "InUse").await;

    cloud.refused("create-container", cloud.new_sleeper("a", json!({ "volume": "disk" })), "NotFound").await;
    cloud.ok("create-volume", json!({ "name": "disk" })).await;
    cloud.ok("create-volume", json!({ "name": "disk" })).await;
    cloud.sleeper("a", json!({ "volume": "disk" })).await;
    cloud.run("a", "echo kept > /mnt/disk/file; echo root > /root-file").await;
    cloud.refused("remove-volume", json!({ "name": "disk" }), "InUse").await;
    cloud.ok("commit", json!({ "name": "a", "image": "snap" })).await;
    cloud.ok("remove-container", json!({ "name": "a" })).await;
    let command = json!(["/bin/sh", "-c", "sleep 1000"]);
    cloud.ok("create-container", json!({ "name": "b", "own": "snap", "volume": "disk", "command": command })).await;
    cloud.ok("start-container", json!({ "name": "b" })).await;
    assert_eq!(cloud.run("b", "cat /mnt/disk/file /root-file").await, "kept\nroot");
    cloud.ok("set-limits", json!({ "name": "b", "memory": 64 << 20 })).await;
    assert_eq!(docker(&["inspect", "-f", "{{.HostConfig.Memory}}", &cloud.engine_name("b")]), "67108864");
    assert_eq!(cloud.ok("list-volumes", json!({})).await, json!(["disk"]));

    // The tenant goes, and with it all of this.
    cloud.server.tenant_command("delete", &cloud.tenant.0).await;
    assert_eq!(cloud.tenant.left(), [const { Vec::<String>::new() }; 4]);
}
