//! Instances as records (`--compute metadata`): how many a second, until the last of them is RUNNING. The baseline writes the rows that
//! such an instance leaves, in one transaction.

use super::{INSTANCES, Scale, machine};
use crate::load::{Shot, batch};
use crate::native::Native;
use crate::report::{Report, median};
use fogbank_tests::server::Options;
use fogbank_tests::{Client, Server, wait_for};
use serde_json::json;
use std::time::{Duration, Instant};

/// Instances made a second.
pub async fn measure(report: &mut Report, scale: Scale) {
    let server = Server::with(Options::new().arg("--compute").arg("metadata"));
    let client = server.client();
    // The project's network is made by the first one.
    client.post(INSTANCES, machine("first")).await.expect(200);
    let folder = tempfile::tempdir_in(server.data()).expect("a temporary folder on the same disk");
    let native = Native::start(folder.path(), Some(&folder.path().join("instances.sqlite")));
    let (mut answered, mut measured, mut baseline) = (vec![], vec![], vec![]);
    for round in 0..scale.rounds {
        let body = machine(&format!("m{round}-{{n}}")).to_string();
        let shot = |path: &str| Shot { method: "POST", path: path.into(), body: body.clone().into(), token: None };
        let count = scale.instances as f64;
        let began = Instant::now();
        batch(native.base(), &shot("/instances"), scale.connections, scale.instances).await;
        baseline.push(count / began.elapsed().as_secs_f64());
        let began = Instant::now();
        batch(server.base(), &shot(INSTANCES), scale.connections, scale.instances).await;
        answered.push(count / began.elapsed().as_secs_f64());
        all_run(&client).await;
        measured.push(count / began.elapsed().as_secs_f64());
    }
    report.rate(
        "instances.insert as records until RUNNING, against their rows in one transaction",
        "/s",
        median(measured),
        median(baseline),
    );
    report.figure("instances.insert as records, answered", format!("{:.0} /s", median(answered)));
}

async fn all_run(client: &Client) {
    let path = format!("{INSTANCES}?maxResults=1&filter={}", fogbank_tests::encode("status != RUNNING"));
    wait_for(Duration::from_secs(300), "all instances run", || async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        client.get(&path).await.expect(200).json().get("items").unwrap_or(&json!([])) == &json!([])
    })
    .await;
}
