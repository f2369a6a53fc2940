//! Ways between the host and containers.

use super::{Cloud, LONG, options};
use fogbank_tests::{Server, wait_for};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a plain HTTP/1.0 request to an address is answered with; none where nobody listens.
async fn fetch(address: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer).filter(|answer| !answer.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_of_the_host_leads_into_a_container() {
    let Some(cloud) = Cloud::new().await else { return };
    cloud.ok("create-network", json!({ "name": "net" })).await;
    let serve = json!(["/bin/sh", "-c", "mkdir /w; echo hi > /w/index.html; httpd -f -p 8000 -h /w"]);
    cloud.sleeper("a", json!({ "network": "net", "command": serve })).await;
    let port = 20_000 + rand::random::<u16>() % 20_000;
    let forward = |address: &str, port: u16| json!({ "address": address, "port": port, "target": 8000 });
    let both = json!({ "name": "a", "forwards": [forward("127.8.9.10", port), forward("0.0.0.0", port)] });
    let answers = cloud.ok("set-forwards", both).await;
    assert!(answers[0].is_null() && answers[1].as_str().is_some_and(|why| why.contains("127.0.0.0/8")), "{answers}");
    let at = format!("127.8.9.10:{port}");
    wait_for(LONG, "an answer", || async { fetch(&at).await.is_some_and(|answer| answer.ends_with("hi\n")) }).await;

    cloud.ok("stop-container", json!({ "name": "a" })).await;
    assert_eq!(fetch(&at).await, None, "nobody answers while it does not run");
    cloud.ok("start-container", json!({ "name": "a" })).await;
    wait_for(LONG, "an answer again", || async { fetch(&at).await.is_some() }).await;
    cloud.ok("set-forwards", json!({ "name": "a", "forwards": [] })).await;
    wait_for(LONG, "the end of the forward", || async { TcpStream::connect(&at).await.is_err() }).await;
    cloud.ok("set-forwards", json!({ "name": "a", "forwards": [forward("127.8.9.10", port)] })).await;
    cloud.ok("remove-container", json!({ "name": "a" })).await;
    wait_for(LONG, "the end of the container's forward", || async { TcpStream::connect(&at).await.is_err() }).await;
}

/// A request from inside a container to the function that says which container is calling.
async fn ask(cloud: &Cloud, from: &str, endpoint: &Value, header: &str) -> String {
    let url = endpoint["url"].as_str().expect("a URL");
    let path = "/probe/v1/call/docker.calling-container";
    let command = format!(
        "timeout 5 wget -qO- --header '{header}' --header 'Content-Type: application/json' --post-data '{{}}' {url}{path} 2>&1"
    );
    let outcome = cloud.ok("exec", json!({ "name": from, "command": ["/bin/sh", "-c", command] })).await;
    outcome["stdout"].as_str().expect("a text").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn f27_a_container_calls_its_service_and_cannot_be_another() {
    let data = tempfile::tempdir().expect("folder");
    let Some(mut cloud) = Cloud::with(|options| options.data(data.path())).await else { return };
    cloud.ok("create-network", json!({ "name": "net" })).await;
    cloud.sleeper("nic", json!({ "network": "net", "administers": true })).await;
    cloud.sleeper("vm", json!({ "join": "nic" })).await;
    let endpoint = cloud.ok("get-endpoint", json!({ "name": "nic" })).await;
    let token = endpoint["token"].as_str().expect("a token").to_owned();
    let bearer = format!("Authorization: Bearer {token}");
    assert!(ask(&cloud, "vm", &endpoint, &bearer).await.contains("\"nic\""));
    for forged in [
        "X: y".to_owned(),
        bearer.replace(&token[..4], "0000"),
        format!("{bearer}0"),
        "Authorization: Basic eDp5".into(),
    ] {
        let said = ask(&cloud, "vm", &endpoint, &forged).await;
        assert!(said.contains("401"), "{forged}: {said}");
    }
    // A client says what it likes, and is no container.
    let path = "/probe/v1/call/docker.calling-container";
    let request = cloud.client.request(reqwest::Method::POST, path).json(&json!({}));
    let request = request.header("authorization", format!("Bearer {token}")).header("host", "probe.test");
    assert_eq!(cloud.client.send(request).await.expect(200).json()["ok"], Value::Null);
    assert!(cloud.ok("calling-container", json!({})).await.is_null());

    // The host goes and comes back; the container keeps what it has.
    cloud.server.kill();
    cloud.server = Server::with(options(&cloud.plugins, &cloud.image).data(data.path()));
    cloud.client = cloud.server.client().tenant(&cloud.tenant.0);
    wait_for(LONG, "the engine", || async { cloud.call("available", json!({})).await.is_ok() }).await;
    assert!(ask(&cloud, "vm", &endpoint, &bearer).await.contains("\"nic\""), "the same URL and token");
    assert_eq!(cloud.ok("get-endpoint", json!({ "name": "nic" })).await, endpoint);
    cloud.ok("remove-container", json!({ "name": "vm" })).await;
    let other = cloud.new_sleeper("other", json!({ "network": "net" }));
    cloud.ok("create-container", other).await;
    cloud.ok("start-container", json!({ "name": "other" })).await;
    cloud.ok("remove-container", json!({ "name": "nic" })).await;
    assert!(ask(&cloud, "other", &endpoint, &bearer).await.contains("401"), "the container is gone");
}
