//! What it costs to be asked: a metadata call by somebody who is decided about, against the same call with authentication off.

use super::Scale;
use super::load::{Shot, rate};
use super::report::{Report, median};
use fogbank_tests::Server;
use fogbank_tests::server::Options;
use serde_json::json;

const ANN: &str = "user:ann@example.com";

/// `objects.get`, in turns with the policy's decision in the cache and without authentication.
pub async fn measure(report: &mut Report, scale: Scale) {
    let (asked, open) = (Server::with(Options::new().arg("--auth").arg("required")), Server::start());
    for client in [asked.operator(), open.client()] {
        client.post("/storage/v1/b?project=demo-project", json!({ "name": "bench-objects" })).await.expect(200);
        client.upload("bench-objects", "object", "content").await.expect(200);
    }
    let binding = json!({ "role": "roles/storage.objectViewer", "members": [ANN] });
    let policy = json!({ "policy": { "bindings": [binding] } });
    asked.operator().post("/v1/projects/demo-project:setIamPolicy", policy).await.expect(200);
    let plain = Shot::get("/storage/v1/b/bench-objects/o/object");
    let signed = Shot { token: Some(asked.token(ANN).await), ..plain.clone() };
    let (mut with, mut without) = (vec![], vec![]);
    for _ in 0..scale.rounds {
        without.push(rate(open.base(), &plain, scale.connections, scale.seconds).await);
        with.push(rate(asked.base(), &signed, scale.connections, scale.seconds).await);
    }
    report.rate("objects.get with a decision, against none", "/s", median(with), median(without));
}
