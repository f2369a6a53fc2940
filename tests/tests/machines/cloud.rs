//! A server whose machines boot from the test run's own image, in a tenant of its own.

use fogbank_tests::docker::{OwnTenant, docker};
use fogbank_tests::server::Options;
use fogbank_tests::{Client, Server, docker as engine, need};
use serde_json::{Value, json};
use std::ops::Deref;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

pub use crate::api::{Api, ZONE};

/// Ends with 0 inside a machine whose metadata server answers.
pub const METADATA: &str =
    "curl -sf -m 2 -H 'Metadata-Flavor: Google' http://metadata.google.internal/computeMetadata/v1/instance/name";

/// The server, its tenant, and what is below the project's path.
pub struct Cloud {
    pub server: Server,
    api: Api,
    pub tenant: OwnTenant,
    folder: TempDir,
    options: Options,
}

/// How one command inside a machine ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
}

impl Cloud {
    /// None after saying that the test is skipped.
    pub async fn start() -> Option<Self> {
        Self::with(|options| options).await
    }

    /// As [`Self::start`], with more options.
    pub async fn with(more: impl FnOnce(Options) -> Options) -> Option<Self> {
        Self::configured("", more).await
    }

    /// As [`Self::with`], with more settings in the configuration file.
    pub async fn configured(settings: &str, more: impl FnOnce(Options) -> Options) -> Option<Self> {
        engine::image()?;
        let Some(image) = std::env::var("FOGBANK_TEST_MACHINE").ok().filter(|image| !image.is_empty()) else {
            need::skip("the test run has no image for machines (FOGBANK_TEST_MACHINE)");
            return None;
        };
        let folder = TempDir::with_prefix("fogbank-machines-").expect("a folder");
        let config = folder.path().join("fogbank.toml");
        std::fs::write(&config, format!("[docker.images]\ndebian-12 = \"{image}\"\n{settings}")).expect("written");
        let options =
            Options::new().data(&folder.path().join("data")).arg("--config").arg(config.display().to_string());
        let options = more(options);
        let server = Server::with(options.clone());
        let tenant = OwnTenant::new("machines");
        let client = operator(&server);
        client.post("/_fogbank/tenants", json!({"name": tenant.0})).await.expect_success();
        let client = client.tenant(&tenant.0);
        Some(Self { server, api: Api::of(client), tenant, folder, options })
    }

    /// How another server of the same kind is started, with data of its own.
    pub fn another(&self) -> Options {
        self.options.clone().data(&self.folder.path().join("another"))
    }

    /// Ends the server without a word and starts it again on the same data.
    pub fn crash(&mut self) {
        self.restart(None);
    }

    /// As [`Self::crash`], with a `FOGBANK_FAULT` until the next restart.
    pub fn restart(&mut self, fault: Option<&str>) {
        self.server.kill();
        let options = self.options.clone();
        self.server =
            Server::with(fault.into_iter().fold(options, |options, fault| options.env("FOGBANK_FAULT", fault)));
        self.api.client = operator(&self.server).tenant(&self.tenant.0);
    }

    /// A path of `demo-project`.
    pub fn path(rest: &str) -> String {
        format!("/compute/v1/projects/demo-project/{rest}")
    }

    /// The body of an `instances.insert` on a subnetwork (`front`) or, with an empty name, the default network.
    pub fn machine(name: &str, subnetwork: &str) -> Value {
        let nic = match subnetwork {
            "" => {
                json!({"network": "global/networks/default", "accessConfigs": [{"type": "ONE_TO_ONE_NAT", "name": "external-nat"}]})
            }
            subnetwork => json!({"subnetwork": format!("regions/us-central1/subnetworks/{subnetwork}")}),
        };
        json!({
            "name": name,
            "machineType": format!("zones/{ZONE}/machineTypes/e2-micro"),
            "disks": [{"boot": true, "autoDelete": true, "initializeParams": {
                "sourceImage": "projects/debian-cloud/global/images/family/debian-12"}}],
            "networkInterfaces": [nic],
            "serviceAccounts": [{"email": "default", "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}],
        })
    }

    pub fn address(instance: &Value) -> String {
        instance["networkInterfaces"][0]["networkIP"].as_str().expect("an address").to_owned()
    }

    /// The container of a machine.
    pub fn container(&self, instance: &Value) -> String {
        let name = format!("vm-{}", instance["id"].as_str().expect("an id"));
        let (tenant, name) = (format!("label=fogbank.tenant={}", self.tenant.0), format!("label=fogbank.name={name}"));
        let id = docker(&["ps", "-aq", "--filter", &tenant, "--filter", &name]);
        assert!(!id.is_empty() && !id.contains('\n'), "containers of {name}: {id:?}");
        id
    }

    /// Runs a shell command inside a machine.
    pub fn run(&self, instance: &Value, command: &str) -> Said {
        let output =
            Command::new("docker").args(["exec", &self.container(instance), "/bin/sh", "-c", command]).output();
        let output = output.expect("docker runs");
        let out = [output.stdout, output.stderr].concat();
        Said { code: output.status.code().unwrap_or(-1), out: String::from_utf8_lossy(&out).trim().to_owned() }
    }

    /// What a command inside a machine prints.
    #[track_caller]
    pub fn says(&self, instance: &Value, command: &str) -> String {
        let said = self.run(instance, command);
        assert_eq!(said.code, 0, "{command}: {}", said.out);
        said.out
    }

    /// Waits until a command inside a machine ends with 0.
    #[track_caller]
    pub fn until(&self, instance: &Value, command: &str) {
        fogbank_tests::wait_until(Duration::from_secs(30), command, || self.run(instance, command).code == 0);
    }

    /// Nothing is left at the engine.
    #[track_caller]
    pub fn expect_nothing_left(&self) {
        fogbank_tests::wait_until(Duration::from_secs(20), "nothing is left at Docker", || {
            let [containers, networks, volumes, _] = self.tenant.left();
            containers.is_empty() && networks.is_empty() && volumes.is_empty()
        });
    }
}

impl Deref for Cloud {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

/// Who may do everything: the administrator, or anybody where nobody is asked.
fn operator(server: &Server) -> Client {
    if server.data().join("administrator-token").exists() { server.operator() } else { server.client() }
}
