//! From `instances.insert` until the machine runs, against `docker run -d` of the same image on a bridge of its own.

use super::{INSTANCES, Scale, done, machine};
use crate::report::{Report, median};
use fogbank_tests::docker::{OwnTenant, docker};
use fogbank_tests::server::Options;
use fogbank_tests::{Client, Server};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Instant;

/// So many at once.
const MANY: usize = 8;

/// One after another, and eight at once. Skipped where `FOGBANK_TEST_MACHINE` names no image, which `tests/run` makes.
pub async fn measure(report: &mut Report, scale: Scale) {
    let Some(image) = std::env::var("FOGBANK_TEST_MACHINE").ok().filter(|image| !image.is_empty()) else {
        eprintln!("SKIPPED: instances on Docker: there is no image for machines (FOGBANK_TEST_MACHINE)");
        return;
    };
    let bare = Bare::new(&image);
    let cloud = Cloud::start(&image).await;
    // The bridge and the nic's image are there from the first machine on, as the bare containers' bridge and image are.
    cloud.launch("first").await;
    bare.launch("first").await;
    for (count, what) in [(1, "instances.insert until RUNNING"), (MANY, "8 instances at once until RUNNING")] {
        let (mut measured, mut baseline) = (vec![], vec![]);
        for round in 0..(2 * scale.rounds + 1) {
            let names: Vec<String> = (0..count).map(|number| format!("m{count}-{round}-{number}")).collect();
            let began = Instant::now();
            join_all(names.iter().map(|name| bare.launch(name))).await;
            baseline.push(began.elapsed().as_secs_f64() * 1e3);
            let began = Instant::now();
            join_all(names.iter().map(|name| cloud.launch(name))).await;
            measured.push(began.elapsed().as_secs_f64() * 1e3);
            bare.remove(&names);
            join_all(names.iter().map(|name| cloud.delete(name))).await;
        }
        report.time(&format!("{what}, against `docker run -d`"), median(measured), median(baseline));
    }
}

/// A server whose instances boot from the image.
struct Cloud {
    client: Client,
    // The machines go before their server, which would heal them.
    _server: Server,
    _tenant: OwnTenant,
    _folder: tempfile::TempDir,
}

impl Cloud {
    async fn start(image: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("fogbank.toml");
        std::fs::write(&config, format!("[docker.images]\ndebian-12 = \"{image}\"\n")).expect("written");
        let options = Options::new().data(&folder.path().join("data")).arg("--config");
        let server = Server::with(options.arg(config.display().to_string()));
        let tenant = OwnTenant::new("bench");
        let client = server.tenant(&tenant.0).await;
        Self { client, _server: server, _tenant: tenant, _folder: folder }
    }

    async fn launch(&self, name: &str) {
        let operation = self.client.post(INSTANCES, machine(name)).await.expect(200).json();
        done(&self.client, &operation).await;
        let status = self.client.get(&format!("{INSTANCES}/{name}")).await.expect(200).json()["status"].clone();
        assert_eq!(status, json!("RUNNING"), "{name}");
    }

    async fn delete(&self, name: &str) {
        let operation: Value = self.client.delete(&format!("{INSTANCES}/{name}")).await.expect(200).json();
        done(&self.client, &operation).await;
    }
}

/// Containers that nobody manages, on a bridge of their own; all gone when it is dropped.
struct Bare {
    image: String,
    network: String,
}

impl Bare {
    fn new(image: &str) -> Self {
        let network = format!("fogbank-bench-{}", std::process::id());
        docker(&["network", "create", &network]);
        Self { image: image.to_owned(), network }
    }

    fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.network)
    }

    /// Returns when the container runs.
    async fn launch(&self, name: &str) {
        let (name, network, image) = (self.name(name), self.network.clone(), self.image.clone());
        let run = move || {
            docker(&["run", "-d", "--name", &name, "--network", &network, &image, "sleep", "infinity"]);
        };
        tokio::task::spawn_blocking(run).await.expect("it ran");
    }

    fn remove(&self, names: &[String]) {
        let names: Vec<String> = names.iter().map(|name| self.name(name)).collect();
        let arguments: Vec<&str> = ["rm", "-f"].into_iter().chain(names.iter().map(String::as_str)).collect();
        docker(&arguments);
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let left = docker(&["ps", "-aq", "--filter", &format!("network={}", self.network)]);
        if !left.is_empty() {
            docker(&["rm", "-f"].into_iter().chain(left.lines()).collect::<Vec<_>>());
        }
        docker(&["network", "rm", &self.network]);
    }
}
