//! A server whose machines boot from the test run's own image, in a tenant of its own.

use fogbank_tests::docker::{OwnTenant, docker};
use fogbank_tests::server::Options;
use fogbank_tests::{Client, Server, docker as engine, need};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

pub const ZONE: &str = "us-central1-a";

/// The server, its tenant, and what is below the project's path.
pub struct Cloud {
    pub server: Server,
    pub client: Client,
    pub tenant: OwnTenant,
    _folder: TempDir,
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
        Some(Self { server, client, tenant, _folder: folder, options })
    }

    /// Ends the server without a word and starts it again on the same data.
    pub fn crash(&mut self) {
        self.server.kill();
        self.server = Server::with(self.options.clone());
        self.client = operator(&self.server).tenant(&self.tenant.0);
    }

    pub fn path(rest: &str) -> String {
        format!("/compute/v1/projects/demo-project/{rest}")
    }

    pub async fn get(&self, rest: &str) -> Value {
        self.client.get(&Self::path(rest)).await.expect(200).json()
    }

    /// Sends a change and waits until its operation is done; the operation.
    pub async fn done(&self, method: &str, rest: &str, body: Value) -> Value {
        let operation = self.begin(method, rest, body).await;
        self.wait(&operation).await
    }

    /// As [`Self::done`], where the operation has to succeed.
    pub async fn make(&self, method: &str, rest: &str, body: Value) {
        let operation = self.done(method, rest, body).await;
        assert!(operation.get("error").is_none(), "{method} {rest}: {operation:#}");
    }

    pub async fn begin(&self, method: &str, rest: &str, body: Value) -> Value {
        let method = method.parse().expect("a method");
        let request = self.client.request(method, &Self::path(rest));
        let request = if body.is_null() { request } else { request.json(&body) };
        self.client.send(request).await.expect(200).json()
    }

    pub async fn wait(&self, operation: &Value) -> Value {
        let link = operation["selfLink"].as_str().expect("an operation");
        let at = link.find("/compute/v1/").expect("a link");
        for _ in 0..30 {
            let answer = self.client.post(&format!("{}/wait", &link[at..]), Value::Null).await.expect(200).json();
            if answer["status"] == "DONE" {
                return answer;
            }
        }
        panic!("not done: {operation:#}\n{}", self.server.log());
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

    /// Makes a machine and waits until it runs.
    pub async fn launch(&self, body: Value) -> Value {
        let name = body["name"].as_str().expect("a name").to_owned();
        self.make("POST", &format!("zones/{ZONE}/instances"), body).await;
        self.instance(&name).await
    }

    pub async fn instance(&self, name: &str) -> Value {
        self.get(&format!("zones/{ZONE}/instances/{name}")).await
    }

    pub async fn status(&self, name: &str) -> String {
        self.instance(name).await["status"].as_str().unwrap_or_default().to_owned()
    }

    pub async fn act(&self, name: &str, action: &str) {
        self.make("POST", &format!("zones/{ZONE}/instances/{name}/{action}"), Value::Null).await;
    }

    pub async fn delete(&self, name: &str) {
        self.make("DELETE", &format!("zones/{ZONE}/instances/{name}"), Value::Null).await;
    }

    /// A VPC with subnetworks, each a name and a range.
    pub async fn network(&self, name: &str, subnetworks: &[(&str, &str)]) {
        self.make("POST", "global/networks", json!({"name": name, "autoCreateSubnetworks": false})).await;
        for (subnetwork, range) in subnetworks {
            let body = json!({"name": subnetwork, "network": format!("global/networks/{name}"), "ipCidrRange": range});
            self.make("POST", "regions/us-central1/subnetworks", body).await;
        }
    }

    /// A rule that lets protocols (`tcp:80`, `icmp`) in from ranges.
    pub async fn allow(&self, network: &str, name: &str, protocols: &[&str], ranges: &[&str]) {
        let allowed: Vec<Value> = protocols
            .iter()
            .map(|text| match text.split_once(':') {
                Some((protocol, port)) => json!({"IPProtocol": protocol, "ports": [port]}),
                None => json!({"IPProtocol": text}),
            })
            .collect();
        let body = json!({"name": name, "network": format!("global/networks/{network}"), "allowed": allowed, "sourceRanges": ranges});
        self.make("POST", "global/firewalls", body).await;
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

    pub fn address(instance: &Value) -> String {
        instance["networkInterfaces"][0]["networkIP"].as_str().expect("an address").to_owned()
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

/// Who may do everything: the administrator, or anybody where nobody is asked.
fn operator(server: &Server) -> Client {
    if server.data().join("administrator-token").exists() { server.operator() } else { server.client() }
}
