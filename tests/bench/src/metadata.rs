//! Calls that read a row: against native hyper with the same query on the same database.

use super::Scale;
use super::load::{Shot, rate};
use super::native::Native;
use super::report::{Report, median};
use fogbank_tests::Server;

/// `objects.get` and `buckets.list`, each in turns with its baseline.
pub async fn measure(report: &mut Report, scale: Scale) {
    let server = Server::start();
    let client = server.client();
    for n in 0..10 {
        let bucket = serde_json::json!({ "name": format!("bench-bucket-{n}") });
        client.post("/storage/v1/b?project=bench", bucket).await.expect(200);
    }
    client.post("/storage/v1/b?project=other", serde_json::json!({ "name": "bench-objects" })).await.expect(200);
    client.upload("bench-objects", "object", "content").await.expect(200);
    let file = server.data().join("tenants/default/storage/db.sqlite");
    let native = Native::start(server.data(), Some(&file));
    let pairs = [
        ("objects.get (metadata)", "/storage/v1/b/bench-objects/o/object", "/object"),
        ("buckets.list of ten", "/storage/v1/b?project=bench", "/buckets"),
    ];
    for (what, ours, theirs) in pairs {
        let (mut measured, mut baseline) = (vec![], vec![]);
        for _ in 0..scale.rounds {
            baseline.push(rate(native.base(), &Shot::get(theirs), scale.connections, scale.seconds).await);
            measured.push(rate(server.base(), &Shot::get(ours), scale.connections, scale.seconds).await);
        }
        report.rate(&format!("{what} against native hyper with sqlx"), "/s", median(measured), median(baseline));
    }
}
