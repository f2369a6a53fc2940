//! Instances: how long they take to run on a container engine, how many are made a second as records, and what a page of them costs.

mod containers;
mod pages;
mod records;

use super::Scale;
use super::report::Report;
use serde_json::{Value, json};

/// All rows of instances.
pub async fn measure(report: &mut Report, scale: Scale) {
    containers::measure(report, scale).await;
    records::measure(report, scale).await;
    pages::measure(report, scale).await;
}

/// The instances of one zone.
const INSTANCES: &str = "/compute/v1/projects/bench/zones/us-central1-a/instances";

/// The body of an `instances.insert` on the network that a project has from the start, without an external address.
fn machine(name: &str) -> Value {
    json!({
        "name": name,
        "machineType": "zones/us-central1-a/machineTypes/e2-micro",
        "disks": [{"boot": true, "autoDelete": true, "initializeParams": {
            "sourceImage": "projects/debian-cloud/global/images/family/debian-12"}}],
        "networkInterfaces": [{"network": "global/networks/default"}],
    })
}

/// Waits until an operation is done.
///
/// # Panics
/// When it has failed.
async fn done(client: &fogbank_tests::Client, operation: &Value) {
    let link = operation["selfLink"].as_str().expect("an operation");
    let path = &link[link.find("/compute/v1/").expect("a link of the API")..];
    loop {
        let now = client.post(&format!("{path}/wait"), Value::Null).await.expect(200).json();
        assert!(now.get("error").is_none(), "{now:#}");
        if now["status"] == "DONE" {
            return;
        }
    }
}
