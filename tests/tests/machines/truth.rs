//! What the API says, held against what the engine has.

use crate::cloud::{Cloud, ZONE};
use fogbank_tests::docker::docker;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

impl Cloud {
    /// The tenant's containers by their own names (`vm-1`), each with its state (`running`, `exited`).
    pub fn containers(&self) -> BTreeMap<String, String> {
        let label = format!("label=fogbank.tenant={}", self.tenant.0);
        let format = "{{.Label \"fogbank.name\"}} {{.State}}";
        let listed = docker(&["ps", "-a", "--filter", &label, "--format", format]);
        let pairs = listed.lines().filter_map(|line| line.split_once(' '));
        pairs.map(|(name, state)| (name.to_owned(), state.to_owned())).collect()
    }

    pub async fn machines(&self) -> Vec<Value> {
        let listed = self.get(&format!("zones/{ZONE}/instances")).await;
        listed["items"].as_array().cloned().unwrap_or_default()
    }

    /// Each machine is what its containers are, no container is of no machine, and no disk of none.
    pub async fn expect_true(&self) {
        let began = Instant::now();
        while let Some(lie) = self.lie().await {
            assert!(began.elapsed() < Duration::from_secs(15), "{lie}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn lie(&self) -> Option<String> {
        let mut containers = self.containers();
        let machines = self.machines().await;
        for machine in &machines {
            let id = machine["id"].as_str().expect("an id");
            let (vm, nic) = (containers.remove(&format!("vm-{id}")), containers.remove(&format!("nic-{id}")));
            let fine = match machine["status"].as_str().unwrap_or_default() {
                "RUNNING" => vm.as_deref() == Some("running") && nic.as_deref() == Some("running"),
                // The nic of one that was killed from outside stays until the machine is stopped or started.
                "TERMINATED" => vm.is_none_or(|state| state != "running"),
                _ => false,
            };
            if !fine {
                return Some(format!("{} is {}: {:?}", machine["name"], machine["status"], self.containers()));
            }
        }
        if !containers.is_empty() {
            return Some(format!("of no machine: {containers:?}"));
        }
        let disks = self.get(&format!("zones/{ZONE}/disks")).await["items"].as_array().map_or(0, Vec::len);
        (disks != machines.len()).then(|| format!("{disks} disks of {} machines", machines.len()))
    }

    /// All machines can be deleted; then nothing is left at the engine, and no address of the default network is taken.
    pub async fn expect_clean_end(&self) {
        for machine in self.machines().await {
            self.delete(machine["name"].as_str().expect("a name")).await;
        }
        self.expect_nothing_left();
        assert!(self.get(&format!("zones/{ZONE}/disks")).await.get("items").is_none());
        assert!(self.first_address_is_free().await, "no address is taken");
    }

    /// Whether nobody has the first address of the default network.
    pub async fn first_address_is_free(&self) -> bool {
        let body =
            json!({"name": "free", "subnetwork": "regions/us-central1/subnetworks/default", "addressType": "INTERNAL"});
        self.make("POST", "regions/us-central1/addresses", body).await;
        let free = self.get("regions/us-central1/addresses/free").await;
        self.make("DELETE", "regions/us-central1/addresses/free", Value::Null).await;
        free["address"] == "10.128.0.2"
    }

    /// The operation when it is done, which has to be soon.
    pub async fn soon(&self, operation: &Value) -> Value {
        let limit = Duration::from_secs(30);
        let ended = tokio::time::timeout(limit, self.wait(operation)).await;
        ended.unwrap_or_else(|_| panic!("not done within {limit:?}: {operation:#}"))
    }

    /// As `act`, soon.
    pub async fn act_soon(&self, name: &str, action: &str) {
        let operation = self.begin("POST", &format!("zones/{ZONE}/instances/{name}/{action}"), Value::Null).await;
        let operation = self.soon(&operation).await;
        assert!(operation.get("error").is_none(), "{action}: {operation:#}");
    }
}
