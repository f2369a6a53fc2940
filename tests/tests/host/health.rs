//! Health tells the truth (F36), and metrics count.

use fogbank_tests::guests::Plugins;
use fogbank_tests::metrics::Reading;
use fogbank_tests::{Options, Server, database, wait_for};
use std::time::Duration;

const LIVE: &str = "/_fogbank/health/live";
const READY: &str = "/_fogbank/health/ready";

#[tokio::test(flavor = "multi_thread")]
async fn f36_a_good_server_is_live_and_ready() {
    let server = Server::start();
    server.client().get(LIVE).await.expect(200);
    let ready = server.client().get(READY).await.expect(200).json();
    assert!(ready.to_string().contains("storage"), "each service is named: {ready}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f36_a_disk_without_its_reserve_is_live_and_not_ready() {
    let server = Server::with(Options::new().env("FOGBANK_DISK_RESERVE", "1000TiB"));
    server.client().get(LIVE).await.expect(200);
    let ready = server.client().get(READY).await.expect(503);
    assert!(ready.text().contains("disk"), "{}", ready.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn f36_a_database_that_is_gone_is_live_and_not_ready() {
    let Some(url) = database::server() else { return };
    let data = tempfile::tempdir().expect("a folder");
    let server = Server::with(Options::new().data(data.path()));
    let client = server.client();
    client.get(READY).await.expect(200);
    let own = database::of_folder(data.path()).expect("as above");
    let name = own.rsplit('/').next().expect("a name").split('?').next().expect("a name");
    database::ask(&url, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
    database::ask(&url, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
    wait_for(Duration::from_secs(20), "not ready", || async { client.get(READY).await.status == 503 }).await;
    client.get(LIVE).await.expect(200);
    client.get("/storage/v1/b?project=p").await.expect(503).expect_google_form();
    database::ask(&url, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    wait_for(Duration::from_secs(30), "ready again", || async { client.get(READY).await.status == 200 }).await;
    client.get("/storage/v1/b?project=p").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_requests_traps_and_instances() {
    let server = Server::with(Options::new().plugins(&Plugins::of(&["misbehave"])));
    let client = server.client();
    let before = Reading::of(&client).await;
    for _ in 0..3 {
        client.get("/misbehave/v1/hello").await.expect(200);
    }
    client.get("/misbehave/v1/panic").await.expect(500);
    let after = Reading::of(&client).await;
    let plugin = ["plugin=\"misbehave\""];
    let grew = |name: &str, labels: &[&str]| after.sum(name, labels) - before.sum(name, labels);
    assert_eq!(grew("fogbank_requests_total", &plugin), 4.0, "{}", after.text());
    assert_eq!(grew("fogbank_requests_total", &["plugin=\"misbehave\"", "code=\"500\""]), 1.0, "{}", after.text());
    assert_eq!(grew("fogbank_instantiations_total", &plugin), 4.0, "{}", after.text());
    assert!(grew("fogbank_failures_total", &["plugin=\"misbehave\"", "kind=\"trap\""]) >= 1.0, "{}", after.text());
}
