//! The docker capability against a real engine: `probe` calls each function, `docker` looks at what it did.

mod engine;
mod lifecycle;
mod networks;
mod ways;

use fogbank_tests::docker::{OwnTenant, image};
use fogbank_tests::guests::Plugins;
use fogbank_tests::{Client, Options, Server};
use serde_json::{Value, json};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(20);

/// A tenant with containers.
struct Cloud {
    client: Client,
    image: String,
    tenant: OwnTenant,
    server: Server,
    /// The server may load a service anew.
    plugins: Plugins,
}

impl Cloud {
    /// None where the test run has no engine.
    async fn new() -> Option<Self> {
        Self::with(|options| options).await
    }

    async fn with(change: impl FnOnce(Options) -> Options) -> Option<Self> {
        let image = image()?;
        let plugins = Plugins::of(&["probe"]);
        let server = Server::with(change(options(&plugins, &image)));
        let tenant = OwnTenant::new("box");
        let client = server.tenant(&tenant.0).await;
        Some(Self { client, image, tenant, server, plugins })
    }

    async fn call(&self, function: &str, arguments: Value) -> Result<Value, String> {
        call(&self.client, function, arguments).await
    }

    /// A call that has to succeed.
    async fn ok(&self, function: &str, arguments: Value) -> Value {
        self.call(function, arguments).await.unwrap_or_else(|error| panic!("{function}: {error}"))
    }

    /// A call that has to be refused with `error`.
    async fn refused(&self, function: &str, arguments: Value, error: &str) -> String {
        match self.call(function, arguments).await {
            Err(said) if said.contains(error) => said,
            other => panic!("{function}: {other:?} instead of {error}"),
        }
    }

    /// A container that sleeps, running.
    async fn sleeper(&self, name: &str, more: Value) {
        self.ok("create-container", self.new_sleeper(name, more)).await;
        self.ok("start-container", json!({ "name": name })).await;
    }

    fn new_sleeper(&self, name: &str, more: Value) -> Value {
        let mut new = json!({ "name": name, "image": self.image, "command": ["/bin/sh", "-c", "echo up; sleep 1000"] });
        new.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        new
    }

    async fn state(&self, name: &str) -> Value {
        self.ok("states", json!({ "name": name })).await[0].clone()
    }

    /// What a command in a container printed, when it succeeded.
    async fn run(&self, name: &str, command: &str) -> String {
        let outcome = self.ok("exec", json!({ "name": name, "command": ["/bin/sh", "-c", command] })).await;
        assert_eq!(outcome["code"], 0, "{command}: {outcome}");
        outcome["stdout"].as_str().expect("a text").trim().to_owned()
    }

    /// What the service was told of containers, in order.
    async fn heard(&self) -> Vec<String> {
        let sql = json!({ "sql": "SELECT names FROM heard ORDER BY id" });
        let rows = call_of(&self.client, "database.query", sql).await.expect("rows");
        let rows = rows.as_array().expect("a list").iter().map(|row| row.as_str().expect("a text").to_owned());
        rows.map(|row| row.trim_start_matches("Value::Text(\"").trim_end_matches("\")").to_owned()).collect()
    }

    /// The engine's name of a thing of the tenant's.
    fn engine_name(&self, name: &str) -> String {
        let format = "{{.Names}}";
        let label = format!("label=fogbank.tenant={}", self.tenant.0);
        let names = fogbank_tests::docker::docker(&["ps", "-a", "--filter", &label, "--format", format]);
        let found = names.lines().find(|line| line.ends_with(&format!(".{name}")));
        found.unwrap_or_else(|| panic!("{name} is not among {names}")).to_owned()
    }
}

fn options(plugins: &Plugins, image: &str) -> Options {
    Options::new().plugins(plugins).arg("--set").arg(format!("docker.allow={image}"))
}

async fn call(client: &Client, function: &str, arguments: Value) -> Result<Value, String> {
    call_of(client, &format!("docker.{function}"), arguments).await
}

async fn call_of(client: &Client, function: &str, arguments: Value) -> Result<Value, String> {
    let answer = client.post(&format!("/probe/v1/call/{function}"), arguments).await.expect(200).json();
    match answer["error"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(answer["ok"].clone()),
    }
}
