//! What tests do with the API of one project.

use fogbank_tests::Client;
use serde_json::{Value, json};

pub const ZONE: &str = "us-central1-a";

/// A client below a project's path.
#[derive(Debug, Clone)]
pub struct Api {
    pub client: Client,
    pub project: String,
}

impl Api {
    /// Of `demo-project`.
    pub fn of(client: Client) -> Self {
        Self { client, project: "demo-project".to_owned() }
    }

    /// The same of another project.
    pub fn project(&self, project: &str) -> Self {
        Self { client: self.client.clone(), project: project.to_owned() }
    }

    /// The path of something in the project.
    pub fn at(&self, rest: &str) -> String {
        format!("/compute/v1/projects/{}/{rest}", self.project)
    }

    /// Where instances are.
    pub fn instances(&self) -> String {
        self.at(&format!("zones/{ZONE}/instances"))
    }

    pub async fn get(&self, rest: &str) -> Value {
        self.client.get(&self.at(rest)).await.expect(200).json()
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
        let request = self.client.request(method, &self.at(rest));
        let request = if body.is_null() { request } else { request.json(&body) };
        self.client.send(request).await.expect(200).json()
    }

    pub async fn wait(&self, operation: &Value) -> Value {
        let link = operation["selfLink"].as_str().expect("an operation");
        let at = link.find("/compute/v1/").expect("a link");
        // Each answers within two minutes.
        for _ in 0..3 {
            let answer = self.client.post(&format!("{}/wait", &link[at..]), Value::Null).await.expect(200).json();
            if answer["status"] == "DONE" {
                return answer;
            }
        }
        panic!("not done: {operation:#}");
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
}
