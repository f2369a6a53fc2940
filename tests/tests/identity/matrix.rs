//! Each route of each loaded service: who has exactly the permission that it names is let in, and who has every other permission
//! of that service is not (F26). The routes are those that the server says it has, not a list of this test's.

use fogbank_tests::{Client, Options, Server, encode};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Who has just the one permission.
const ONLY: &str = "user:only@example.com";
/// Who has all others of the service.
const OTHERS: &str = "user:others@example.com";

/// The server, and clients of the three that matter.
struct Court {
    operator: Client,
    only: Client,
    others: Client,
    _server: Server,
}

/// One request that the route answers.
struct Trial {
    id: String,
    method: Method,
    path: String,
    host: Option<String>,
    permission: String,
    resource: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn f26_each_route_lets_in_who_has_its_permission_and_nobody_else() {
    let server = Server::with(Options::new().arg("--auth").arg("required"));
    let court = Court {
        operator: server.operator(),
        only: server.as_user(ONLY).await,
        others: server.as_user(OTHERS).await,
        _server: server,
    };
    let listed = court.operator.get("/_fogbank/plugins").await.expect(200).json();
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for plugin in listed["plugins"].as_array().expect("services") {
        let name = plugin["name"].as_str().expect("a name");
        let about = court.operator.get(&format!("/_fogbank/plugins/{name}")).await.expect(200).json();
        let permissions: BTreeSet<&str> =
            about["permissions"].as_array().expect("permissions").iter().filter_map(Value::as_str).collect();
        let mut roles = Roles::default();
        for route in about["routes"].as_array().expect("routes") {
            for trial in trials(route) {
                let (only, others) = roles.of(&court, &permissions, &trial.permission).await;
                wrong.extend(court.try_out(&trial, &only, &others).await);
                tried += 1;
            }
        }
    }
    assert!(tried > 200, "only {tried} routes were tried");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Custom roles that were made already, by the permission that they are about.
#[derive(Default)]
struct Roles(BTreeMap<String, (String, String)>);

impl Roles {
    /// Names of a role with just `permission`, and of one with every other permission of the service.
    async fn of(&mut self, court: &Court, all: &BTreeSet<&str>, permission: &str) -> (String, String) {
        if let Some(made) = self.0.get(permission) {
            return made.clone();
        }
        let word = permission.replace(['.', '-'], "_");
        let others: Vec<&str> = all.iter().copied().filter(|other| *other != permission).collect();
        let only = court.role(&format!("only_{word}"), json!([permission])).await;
        let others = court.role(&format!("others_{word}"), json!(others)).await;
        self.0.insert(permission.to_owned(), (only.clone(), others.clone()));
        (only, others)
    }
}

impl Court {
    async fn role(&self, id: &str, permissions: Value) -> String {
        let id: String = id.chars().take(64).collect();
        let role = json!({ "roleId": id, "role": { "title": id, "stage": "GA", "includedPermissions": permissions } });
        let made = self.operator.post("/v1/projects/demo-project/roles", role).await;
        if made.status == 409 {
            return format!("projects/demo-project/roles/{id}");
        }
        made.expect(200).json()["name"].as_str().expect("a name").to_owned()
    }

    /// What is wrong with the route's decisions.
    async fn try_out(&self, trial: &Trial, only: &str, others: &str) -> Vec<String> {
        let bindings = json!({ "version": 1, "bindings": [
            { "role": only, "members": [ONLY] }, { "role": others, "members": [OTHERS] },
        ]});
        let policy = format!("/_fogbank/iam/policy?resource={}", encode(&trial.resource));
        self.operator.put(&policy, bindings).await.expect(200);
        // Whoever is refused goes first: the other may delete what it is about.
        let refused = self.send(&self.others, trial).await;
        let admitted = self.send(&self.only, trial).await;
        let nobody = self.send(&self.only.anonymous(), trial).await;
        self.operator.put(&policy, json!({ "bindings": [] })).await.expect(200);
        let mut wrong = Vec::new();
        let mut note = |who: &str, status: u16, what: &str| {
            wrong.push(format!("{} {} {}: {who} got {status}, {what}", trial.id, trial.method, trial.path));
        };
        if refused != 403 {
            note("who has every other permission", refused, "not 403");
        }
        if matches!(admitted, 401 | 403) {
            note(&format!("who has {} on {}", trial.permission, trial.resource), admitted, "and is refused");
        }
        if nobody != 401 {
            note("nobody", nobody, "not 401");
        }
        wrong
    }

    async fn send(&self, client: &Client, trial: &Trial) -> u16 {
        let mut request = client.request(trial.method.clone(), &trial.path);
        if let Some(host) = &trial.host {
            request = request.header("host", host);
        }
        if trial.method == Method::POST || trial.method == Method::PUT || trial.method == Method::PATCH {
            request = request.header("content-type", "application/json").body("{}");
        }
        client.send(request).await.status
    }
}

/// A request for each path of a route that names a permission and that the gateway or the service decides.
fn trials(route: &Value) -> Vec<Trial> {
    let Some(permission) = route["permission"].as_str().filter(|_| route["unimplemented"] != true) else {
        return vec![];
    };
    let text = |key: &str| route[key].as_str().unwrap_or_default();
    let method = Method::from_bytes(text("method").replace("ANY", "GET").as_bytes()).expect("a method");
    let resource = text("resource");
    let query: Vec<String> = holes(resource)
        .filter_map(|hole| hole.strip_prefix("query."))
        .map(|name| format!("{name}={}", encode(&value(name))))
        .collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let paths = route["paths"].as_array().expect("paths").iter().filter_map(Value::as_str);
    let trial = |path: &str| Trial {
        id: text("id").to_owned(),
        method: method.clone(),
        path: filled(path, |name| encode(&value(name))) + &query,
        host: route["host"].as_str().map(|shape| shape.replace("{}", &value("bucket"))),
        permission: permission.to_owned(),
        resource: filled(resource, value),
    };
    paths.map(trial).collect()
}

/// A value that could be meant by a parameter of this name.
fn value(name: &str) -> String {
    match name.trim_start_matches("query.").trim_end_matches('+') {
        "project" | "projectId" => "demo-project".into(),
        name => format!("sample-{}", name.to_ascii_lowercase()),
    }
}

fn holes(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split('}').next())
}

fn filled(text: &str, value: impl Fn(&str) -> String) -> String {
    let mut whole = String::new();
    for (index, piece) in text.split('{').enumerate() {
        match piece.split_once('}') {
            Some((name, rest)) if index > 0 => whole.extend([value(name).as_str(), rest]),
            _ => whole.push_str(piece),
        }
    }
    whole
}
