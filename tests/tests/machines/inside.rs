//! What a machine finds inside: scripts, metadata, names, tokens.

use crate::cloud::{Cloud, ZONE};
use serde_json::{Value, json};
use std::time::Duration;

const METADATA: &str = "curl -sf -H 'Metadata-Flavor: Google' http://metadata.google.internal/computeMetadata/v1";

fn with_metadata(mut body: Value, items: &[(&str, &str)]) -> Value {
    let items: Vec<Value> = items.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    body["metadata"] = json!({ "items": items });
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn the_startup_script_runs_and_the_console_shows_it() {
    let Some(cloud) = Cloud::start().await else { return };
    let script = "#!/bin/sh\necho started >/root/started\necho hello from the script\n";
    let machine = cloud.launch(with_metadata(Cloud::machine("w1", ""), &[("startup-script", script)])).await;
    cloud.until(&machine, "grep -q started /root/started");
    let console = format!("zones/{ZONE}/instances/w1/serialPort");
    fogbank_tests::wait_for(Duration::from_secs(10), "the script's line on the console", || async {
        cloud.get(&console).await["contents"].as_str().is_some_and(|text| text.contains("hello from the script"))
    })
    .await;
    let all = cloud.get(&console).await;
    let next = all["next"].as_str().expect("an offset");
    assert_eq!(cloud.get(&format!("{console}?start={next}")).await["contents"].as_str().unwrap_or_default(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shutdown_script_runs_when_the_machine_stops() {
    let Some(cloud) = Cloud::start().await else { return };
    let script = "#!/bin/sh\necho ended >/root/ended\n";
    let machine = cloud.launch(with_metadata(Cloud::machine("w1", ""), &[("shutdown-script", script)])).await;
    cloud.act("w1", "stop").await;
    cloud.act("w1", "start").await;
    assert_eq!(cloud.says(&machine, "cat /root/ended"), "ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_server_tells_what_the_api_does() {
    let Some(cloud) = Cloud::start().await else { return };
    let mut body = with_metadata(Cloud::machine("w1", ""), &[("colour", "blue")]);
    body["tags"] = json!({"items": ["web"]});
    let machine = cloud.launch(body).await;
    let tell = |path: &str| cloud.says(&machine, &format!("{METADATA}/{path}"));
    assert_eq!(tell("instance/name"), "w1");
    assert_eq!(tell("instance/id"), machine["id"].as_str().expect("an id"));
    assert_eq!(tell("instance/attributes/colour"), "blue");
    assert_eq!(tell("instance/attributes/"), "colour");
    assert_eq!(tell("instance/network-interfaces/0/ip"), Cloud::address(&machine));
    assert_eq!(tell("project/project-id"), "demo-project");
    assert!(tell("instance/zone").ends_with("/zones/us-central1-a"));
    let all: Value = serde_json::from_str(&tell("instance/?recursive=true")).expect("JSON");
    assert_eq!((&all["attributes"]["colour"], &all["tags"][0]), (&json!("blue"), &json!("web")));
    let refused = cloud.says(
        &machine,
        "curl -s -o /dev/null -w '%{http_code}' http://169.254.169.254/computeMetadata/v1/instance/name",
    );
    assert_eq!(refused, "403", "the header Metadata-Flavor is asked for");
    let forwarded = "curl -s -o /dev/null -w '%{http_code}' -H 'Metadata-Flavor: Google' -H 'X-Forwarded-For: 1.2.3.4' http://169.254.169.254/computeMetadata/v1/instance/name";
    assert_eq!(cloud.says(&machine, forwarded), "403");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_metadata_is_seen_by_who_waits_for_it() {
    let Some(cloud) = Cloud::start().await else { return };
    let machine = cloud.launch(with_metadata(Cloud::machine("w1", ""), &[("colour", "blue")])).await;
    cloud.says(
        &machine,
        &format!("({METADATA}/instance/attributes/colour?wait_for_change=true >/root/seen) >/dev/null 2>&1 &"),
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    let fingerprint = machine["metadata"]["fingerprint"].clone();
    let change = json!({"fingerprint": fingerprint, "items": [{"key": "colour", "value": "red"}]});
    cloud.make("POST", &format!("zones/{ZONE}/instances/w1/setMetadata"), change.clone()).await;
    cloud.until(&machine, "grep -q red /root/seen");
    let stale = cloud.client.post(&Cloud::path(&format!("zones/{ZONE}/instances/w1/setMetadata")), change).await;
    stale.expect_error(412, "conditionNotMet");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_the_metadata_server_opens_what_its_account_may() {
    let Some(cloud) = Cloud::with(|options| options.arg("--auth").arg("required")).await else { return };
    cloud.client.post("/storage/v1/b?project=demo-project", json!({"name": "inside-box"})).await.expect(200);
    cloud.client.upload("inside-box", "o", "content").await.expect(200);
    let machine = cloud.launch(Cloud::machine("w1", "")).await;
    let token = cloud.says(&machine, &format!("{METADATA}/instance/service-accounts/default/token"));
    let token: Value = serde_json::from_str(&token).expect("JSON");
    assert!(token["expires_in"].as_u64().is_some_and(|seconds| seconds > 60), "{token}");
    let caller = cloud.client.with_token(token["access_token"].as_str().expect("a token"));
    caller.object("inside-box", "o").await.expect(403);
    let email = cloud.says(&machine, &format!("{METADATA}/instance/service-accounts/default/email"));
    let member = format!("serviceAccount:{email}");
    let policy = json!({"policy": {"bindings": [{"role": "roles/storage.objectViewer", "members": [member]}]}});
    cloud.client.post("/v1/projects/demo-project:setIamPolicy", policy).await.expect(200);
    caller.object("inside-box", "o").await.expect(200);
    let identity = cloud
        .says(&machine, &format!("{METADATA}/instance/service-accounts/default/identity?audience=https://run.example"));
    assert_eq!(identity.split('.').count(), 3, "{identity}");
}

#[tokio::test(flavor = "multi_thread")]
async fn guest_attributes_are_read_through_the_api() {
    let Some(cloud) = Cloud::start().await else { return };
    let machine = cloud.launch(with_metadata(Cloud::machine("w1", ""), &[("enable-guest-attributes", "TRUE")])).await;
    let put = "curl -sf -X PUT --data ready -H 'Metadata-Flavor: Google' http://metadata.google.internal/computeMetadata/v1/instance/guest-attributes/app/state";
    cloud.says(&machine, put);
    let read = cloud.get(&format!("zones/{ZONE}/instances/w1/getGuestAttributes?queryPath=app/")).await;
    assert_eq!(read["queryValue"]["items"][0]["value"], "ready", "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_metadata_opens_ssh_through_the_external_address() {
    let Some(cloud) = Cloud::start().await else { return };
    let Some(_) = fogbank_tests::need::program("ssh-keygen") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f"])
        .arg(&key)
        .status();
    assert!(made.expect("ssh-keygen").success());
    let public = std::fs::read_to_string(key.with_extension("pub")).expect("a key");
    let machine =
        cloud.launch(with_metadata(Cloud::machine("w1", ""), &[("ssh-keys", &format!("ann:{}", public.trim()))])).await;
    let address = machine["networkInterfaces"][0]["accessConfigs"][0]["natIP"].as_str().expect("an address").to_owned();
    let ssh = || {
        let options = [
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "BatchMode=yes",
            "-o",
            "ConnectTimeout=3",
        ];
        let output = std::process::Command::new("ssh")
            .args(options)
            .arg("-i")
            .arg(&key)
            .arg(format!("ann@{address}"))
            .arg("id -un")
            .output();
        let output = output.expect("ssh runs");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    fogbank_tests::wait_until(Duration::from_secs(30), "a login", || ssh() == (true, "ann".into()));
    let fingerprint = cloud.instance("w1").await["metadata"]["fingerprint"].clone();
    cloud
        .make(
            "POST",
            &format!("zones/{ZONE}/instances/w1/setMetadata"),
            json!({"fingerprint": fingerprint, "items": []}),
        )
        .await;
    fogbank_tests::wait_until(Duration::from_secs(30), "the key is taken away", || !ssh().0);
}
