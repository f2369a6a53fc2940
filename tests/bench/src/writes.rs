//! Small durable writes: uploads of 1 KiB, each synced with its folder and its row, against a file written and synced.

use super::Scale;
use super::load::{Shot, rate};
use super::native::Native;
use super::report::{Report, median};
use fogbank_tests::Server;

/// 1 KiB uploads a second.
pub async fn measure(report: &mut Report, scale: Scale) {
    let server = Server::start();
    server.client().bucket("bench-writes").await;
    let folder = tempfile::tempdir_in(server.data()).expect("a temporary folder on the same disk");
    let native = Native::start(folder.path(), None);
    let body = bytes::Bytes::from(vec![7; 1024]);
    let path = "/upload/storage/v1/b/bench-writes/o?uploadType=media&name=object-{n}".to_string();
    let ours = Shot { method: "POST", path, body: body.clone(), token: None };
    let theirs = Shot { method: "POST", path: "/durable".into(), body, token: None };
    let (mut measured, mut baseline) = (vec![], vec![]);
    for _ in 0..scale.rounds {
        baseline.push(rate(native.base(), &theirs, scale.connections, scale.seconds).await);
        measured.push(rate(server.base(), &ours, scale.connections, scale.seconds).await);
    }
    report.rate("1 KiB uploads against a synced file", "/s", median(measured), median(baseline));
}
