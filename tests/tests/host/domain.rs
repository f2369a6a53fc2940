//! Services of one domain see each other's operations in a tenant, and nobody else does. Driven by the list of the contract's
//! functions, as the isolation of tenants is.

use crate::isolation::functions_of_the_contract;
use fogbank_tests::guests::Plugins;
use fogbank_tests::{Client, Options, Server, wait_for};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(30);

fn text(given: Result<Value, String>) -> String {
    given.expect("it is there").as_str().expect("a text").to_owned()
}

/// Four probes: `left` and `right` are of one domain, `apart` is of another, and `alone` of none.
fn probes() -> Plugins {
    let plugins = Plugins::of(&[]);
    for (name, domain) in [("left", "pair"), ("right", "pair"), ("apart", "other"), ("alone", "")] {
        plugins.put_changed("probe", name, |manifest| manifest_of(&manifest, name, domain));
    }
    plugins
}

fn manifest_of(manifest: &str, name: &str, domain: &str) -> String {
    let named = manifest.replace("name = \"probe\"", &format!("name = \"{name}\"\ncomponent = \"probe.wasm\""));
    let moved = named.replace("/probe/v1", &format!("/{name}/v1")).replace("probe.test", &format!("{name}.test"));
    match domain {
        "" => moved,
        domain => format!("{moved}\n[operations]\ndomain = \"{domain}\"\n"),
    }
}

struct Probe {
    name: &'static str,
    client: Client,
}

impl Probe {
    fn of(server: &Server) -> [Self; 4] {
        ["left", "right", "apart", "alone"].map(|name| Self { name, client: server.client() })
    }

    async fn call(&self, function: &str, arguments: Value) -> Result<Value, String> {
        let path = format!("/{}/v1/call/operations.{function}", self.name);
        let answer = self.client.post(&path, arguments).await.expect(200).json();
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["ok"].clone()),
        }
    }

    async fn start(&self, kind: &str, id: &str) -> Result<Value, String> {
        self.call("start", json!({ "kind": kind, "target": "things/1", "id": id, "text": self.name })).await
    }

    async fn get(&self, id: &str) -> Result<Value, String> {
        self.call("get", json!({ "id": id })).await
    }

    /// Ids of a page, in its order.
    async fn page(&self, after: &str, limit: u32) -> Vec<String> {
        let page = self.call("list", json!({ "target": "things/", "after": after, "limit": limit })).await;
        let shown = page.expect("a list").as_array().expect("an array").clone();
        let id = |shown: &Value| shown.as_str()?.split("id: \"").nth(1)?.split('"').next().map(str::to_owned);
        shown.iter().map(|shown| id(shown).expect("an id")).collect()
    }

    async fn until(&self, id: &str, word: &str) {
        wait_for(LIMIT, word, || async { format!("{:?}", self.get(id).await).contains(word) }).await;
    }
}

/// The functions that the tests here are about.
const FUNCTIONS: [&str; 6] = ["start", "get", "list", "progress", "cancel", "delete"];

#[test]
fn every_function_about_operations_has_a_test_here() {
    let of_operations = |name: &String| name.strip_prefix("operations/operations.").map(str::to_owned);
    let functions: BTreeSet<String> = functions_of_the_contract().iter().filter_map(of_operations).collect();
    assert_eq!(functions, FUNCTIONS.map(str::to_owned).into());
}

#[tokio::test(flavor = "multi_thread")]
async fn services_of_a_domain_share_their_operations_and_others_see_none() {
    let plugins = probes();
    let server = Server::with(Options::new().plugins(&plugins));
    let [left, right, apart, alone] = Probe::of(&server);
    left.start("wait", "shared").await.expect("starts");

    left.until("shared", "Running").await;
    assert!(right.get("shared").await.expect("shared").to_string().contains("left"));
    assert_eq!(right.page("", 10).await, ["shared"]);
    let taken = right.start("note", "shared").await;
    assert_eq!(taken, Err("Error::Exists".into()));
    let progress = json!({ "id": "shared", "text": "\"stolen\"" });
    assert_eq!(right.call("progress", progress.clone()).await, Err("Error::NotFound".into()), "the owner's work");

    for other in [&apart, &alone] {
        for function in ["get", "progress", "cancel", "delete"] {
            let refused = other.call(function, progress.clone()).await;
            assert_eq!(refused, Err("Error::NotFound".into()), "{} {function}", other.name);
        }
        assert_eq!(other.page("", 10).await, Vec::<String>::new());
        other.start("note", "shared").await.expect("the name is free there");
    }
    assert!(right.call("delete", json!({ "id": "shared" })).await.is_err_and(|error| error.contains("not ended")));
    right.call("cancel", json!({ "id": "shared" })).await.expect("cancels");
    right.until("shared", "Success").await;
    assert_eq!(right.call("cancel", json!({ "id": "shared" })).await, Err("Error::Ended".into()));
    right.call("delete", json!({ "id": "shared" })).await.expect("deletes");
    assert_eq!(left.get("shared").await, Err("Error::NotFound".into()));
    for other in [&apart, &alone] {
        other.get("shared").await.expect("its own is there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_share_nothing_in_a_domain() {
    let plugins = probes();
    let server = Server::with(Options::new().plugins(&plugins));
    let (blue, green) = (server.tenant("blue").await, server.tenant("green").await);
    let left = Probe { name: "left", client: blue };
    let right = Probe { name: "right", client: green };
    left.start("wait", "mine").await.expect("starts");
    for function in ["get", "cancel", "delete"] {
        assert_eq!(right.call(function, json!({ "id": "mine" })).await, Err("Error::NotFound".into()), "{function}");
    }
    assert_eq!(right.page("", 10).await, Vec::<String>::new());
    right.start("note", "mine").await.expect("the name is free there");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_domain_are_newest_first_and_whole() {
    let plugins = probes();
    let server = Server::with(Options::new().plugins(&plugins));
    let [left, right, ..] = Probe::of(&server);
    let mut started = Vec::new();
    for number in 0..23 {
        let id = format!("operation-{number:02}");
        [&left, &right][(number / 3) % 2].start("note", &id).await.expect("starts");
        started.push(id);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    started.reverse();
    for probe in [&left, &right] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = probe.page(&after, 5).await;
            let Some(last) = page.last() else { break };
            after = last.clone();
            assert!(page.len() <= 5);
            seen.extend(page);
        }
        assert_eq!(seen, started, "{}", probe.name);
        assert_eq!(probe.page("nothing", 5).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_waits_for_an_operation_of_the_other_service() {
    let plugins = probes();
    let server = Server::with(Options::new().plugins(&plugins));
    let [left, right, ..] = Probe::of(&server);
    left.start("wait", "awaited").await.expect("starts");
    let began = Instant::now();
    let waiting = tokio::spawn(async move { right.client.get("/right/v1/wait/awaited").await.expect(200).text() });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    left.call("cancel", json!({ "id": "awaited" })).await.expect("cancels");
    assert!(waiting.await.expect("answers").contains("Success"));
    assert!(began.elapsed() < LIMIT, "the end is known at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_services_gets_a_name_that_both_want_at_once() {
    let plugins = probes();
    let server = Server::with(Options::new().plugins(&plugins));
    let [left, right, ..] = Probe::of(&server);
    for round in 0..20 {
        let id = format!("wanted-{round}");
        let (a, b) = tokio::join!(left.start("note", &id), right.start("note", &id));
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
        assert_eq!(a.and(b), Err("Error::Exists".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_service_of_a_domain_is_left_out() {
    let plugins = probes();
    let server = Server::with(Options::new().own_database().plugins(&plugins));
    let [left, ..] = Probe::of(&server);
    left.start("note", "").await.expect("starts");
    let folder = server.data().join("tenants/default/right");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("db.sqlite"), [7; 8192]).expect("no database");

    let started = left.page("", 10).await;
    assert_eq!(started.len(), 1, "{started:?}");
    left.get(&started[0]).await.expect("its own");
    assert_eq!(left.get("of-right").await, Err("Error::Unavailable".into()), "it may be there");
    assert_eq!(left.start("note", "of-right").await, Err("Error::Unavailable".into()));
    assert!(server.log_with("are left out").contains("right"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_tells_who_started_it() {
    let plugins = probes();
    let server = Server::with(Options::new().plugins(&plugins).arg("--auth").arg("audit"));
    let clients = [server.client().anonymous(), server.as_user("ann@example.com").await, server.operator()];
    for (client, user) in clients.into_iter().zip(["", "ann@example.com", "operator@fogbank.internal"]) {
        let (left, right) = (Probe { name: "left", client: client.clone() }, Probe { name: "right", client });
        let id = text(left.start("note", "").await);
        let shown = text(right.get(&id).await);
        assert!(shown.contains(&format!("user: \"{user}\"")), "{user}: {shown}");
    }
}
