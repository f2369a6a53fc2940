//! Each route of each loaded service: who has exactly the permission that it names is let in, and who has every other permission
//! of that service is not (F26). The routes are those that the server says it has, not a list of this test's.

use fogbank_tests::{Answer, Client, Options, Server, encode};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Routes whose service decides about something that a row or a body names, and that is not there in this test.
const NOTHING_THERE: &[&str] = &[
    "apikeys.keys.lookupKey",
    "apikeys.operations.get",
    "cloudresourcemanager.v1.liens.create",
    "cloudresourcemanager.v1.liens.delete",
    "cloudresourcemanager.v1.liens.get",
    "cloudresourcemanager.v1.projects.create",
    "cloudresourcemanager.v3.effectiveTags.list",
    "cloudresourcemanager.v3.folders.create",
    "cloudresourcemanager.v3.liens.create",
    "cloudresourcemanager.v3.liens.delete",
    "cloudresourcemanager.v3.liens.get",
    "cloudresourcemanager.v3.locations.effectiveTagBindingCollections.get",
    "cloudresourcemanager.v3.locations.tagBindingCollections.get",
    "cloudresourcemanager.v3.locations.tagBindingCollections.patch",
    "cloudresourcemanager.v3.projects.create",
    "cloudresourcemanager.v3.tagBindings.create",
    "cloudresourcemanager.v3.tagBindings.delete",
    "cloudresourcemanager.v3.tagBindings.list",
    "cloudresourcemanager.v3.tagKeys.create",
    "cloudresourcemanager.v3.tagKeys.getNamespaced",
    "cloudresourcemanager.v3.tagValues.create",
    "cloudresourcemanager.v3.tagValues.getNamespaced",
    "iam.policies.createPolicy",
    "iam.policies.delete",
    "iam.policies.get",
    "iam.policies.listPolicies",
    "iam.policies.operations.get",
    "iam.policies.update",
    "serviceusage.operations.cancel",
    "serviceusage.operations.delete",
    "storage.buckets.restore",
];

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
    plugin: String,
    id: String,
    method: Method,
    path: String,
    host: Option<String>,
    permission: String,
    resource: String,
    plugin_decides: bool,
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
    let (mut wrong, mut undecided, mut tried) = (Vec::new(), BTreeMap::new(), 0);
    for plugin in listed["plugins"].as_array().expect("services") {
        let name = plugin["name"].as_str().expect("a name");
        let about = court.operator.get(&format!("/_fogbank/plugins/{name}")).await.expect(200).json();
        let permissions: BTreeSet<&str> =
            about["permissions"].as_array().expect("permissions").iter().filter_map(Value::as_str).collect();
        let mut roles = Roles::default();
        for route in about["routes"].as_array().expect("routes") {
            for trial in trials(name, route) {
                let (only, others) = roles.of(&court, &permissions, &trial.permission).await;
                let what = format!("{} {} {}", trial.id, trial.method, trial.path);
                match court.try_out(&trial, &only, &others).await {
                    Outcome::Right => {}
                    Outcome::Wrong(why) => wrong.push(format!("{what}: {}", why.join("; "))),
                    Outcome::Undecided(told) => drop(undecided.insert(trial.id, told)),
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 200, "only {tried} routes were tried");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    let unexpected: Vec<_> = undecided.iter().filter(|(id, _)| !NOTHING_THERE.contains(&id.as_str())).collect();
    let decided: Vec<_> = NOTHING_THERE.iter().filter(|id| !undecided.contains_key(**id)).collect();
    assert!(decided.is_empty(), "these are decided and can leave the list: {decided:?}");
    assert!(unexpected.is_empty(), "{} of {tried} were not decided:\n{unexpected:#?}", unexpected.len());
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

    /// What the route's decisions are about: whatever an earlier trial has removed is there again.
    async fn prepare(&self) {
        let bucket = json!({ "name": "sample-bucket", "softDeletePolicy": { "retentionDurationSeconds": "0" } });
        let made = self.operator.post("/storage/v1/b?project=demo-project", bucket).await;
        assert!(matches!(made.status, 200 | 409), "{}", made.text());
        self.operator.upload("sample-bucket", "sample-object", "content").await.expect(200);
    }

    /// How the three fared.
    async fn try_out(&self, trial: &Trial, only: &str, others: &str) -> Outcome {
        if trial.plugin == "storage" {
            self.prepare().await;
        }
        let bindings = json!({ "version": 1, "bindings": [
            { "role": only, "members": [ONLY] }, { "role": others, "members": [OTHERS] },
        ]});
        let policy = format!("/_fogbank/iam/policy?resource={}", encode(&trial.resource));
        self.operator.put(&policy, bindings).await.expect(200);
        // Whoever is refused goes first: the other may delete what it is about.
        let refused = self.send(&self.others, trial).await;
        let nobody = self.send(&self.only.anonymous(), trial).await;
        let admitted = self.send(&self.only, trial).await;
        self.operator.put(&policy, json!({ "bindings": [] })).await.expect(200);
        let told = |answer: &Answer| format!("{} {}", answer.status, answer.text().replace('\n', " "));
        if trial.plugin_decides
            && admitted.status == refused.status
            && admitted.status == nobody.status
            && (matches!(admitted.status, 400 | 404) || admitted.status == 403 && admitted.body == refused.body)
        {
            return Outcome::Undecided(told(&admitted));
        }
        // A list that shows only what the caller may see shows others nothing.
        let empty = |answer: &Answer| trial.plugin_decides && answer.status == 200 && answer.text().contains("[]");
        let mut wrong = Vec::new();
        if refused.status != 403 && !empty(&refused) {
            wrong.push(format!("who has every other permission got {}", told(&refused)));
        }
        // A service may hide that something is not there behind a 403 of its own.
        if admitted.status == 401 || admitted.status == 403 && admitted.text().contains(&trial.permission) {
            wrong.push(format!("who has {} on {} got {}", trial.permission, trial.resource, told(&admitted)));
        }
        // The XML API tells those without a credential that they may not, as it tells everybody.
        let xml = trial.id.contains(".xml.");
        if nobody.status != 401 && !(xml && nobody.status == 403) && !empty(&nobody) {
            wrong.push(format!("nobody got {}", told(&nobody)));
        }
        if wrong.is_empty() { Outcome::Right } else { Outcome::Wrong(wrong) }
    }

    async fn send(&self, client: &Client, trial: &Trial) -> Answer {
        let mut request = client.request(trial.method.clone(), &trial.path).header("x-goog-project-id", "demo-project");
        if let Some(host) = &trial.host {
            request = request.header("host", host);
        }
        if trial.method == Method::POST || trial.method == Method::PUT || trial.method == Method::PATCH {
            request = match body(trial) {
                Value::Null => request.body(""),
                body => request.json(&body),
            };
        }
        client.send(request).await
    }
}

/// How a trial ended.
enum Outcome {
    Right,
    Wrong(Vec<String>),
    /// All three were told the same: there was nothing to decide about.
    Undecided(String),
}

/// A body that the service can make sense of, so that it comes to the decision.
fn body(trial: &Trial) -> Value {
    match trial.id.as_str() {
        id if id.ends_with("compose") => json!({ "sourceObjects": [{ "name": "sample-object" }] }),
        id if id.ends_with("setIamPolicy") => json!({ "bindings": [] }),
        id if id.contains("AccessControls") => json!({ "entity": "user-ann@example.com", "role": "READER" }),
        id if id.contains("notifications") => {
            json!({ "topic": "//pubsub.googleapis.com/projects/demo-project/topics/sample", "payload_format": "NONE" })
        }
        id if id.ends_with("bulkRestore") => json!({ "matchGlobs": ["**"] }),
        id if id.contains("olders.insert") => json!({ "name": "sample-new/" }),
        "storage.buckets.insert" => json!({ "name": "sample-new-bucket" }),
        id if id.contains(".xml.") => Value::Null,
        _ => json!({}),
    }
}

/// A request for each path of a route that names a permission and that the gateway or the service decides.
fn trials(plugin: &str, route: &Value) -> Vec<Trial> {
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
    let query = match text("id") {
        "storage.objects.restore" => vec!["generation=1".to_owned()],
        "storage.objects.upload" => vec!["uploadType=media".to_owned(), "name=sample-new".to_owned()],
        "storage.objects.viewFullContext" => vec!["contextKey=key".to_owned()],
        "storage.buckets.restore" => vec!["generation=1".to_owned()],
        "storage.buckets.lockRetentionPolicy" => vec!["ifMetagenerationMatch=1".to_owned()],
        _ => query,
    };
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let paths = route["paths"].as_array().expect("paths").iter().filter_map(Value::as_str);
    let trial = |path: &str| Trial {
        plugin: plugin.to_owned(),
        plugin_decides: route["decide"] == "plugin",
        id: text("id").to_owned(),
        method: method.clone(),
        path: filled(path, |name| encode(&value(name))) + &query,
        host: route["host"].as_str().map(|shape| shape.replace("{}", &value("bucket"))),
        permission: permission.to_owned(),
        // What a service takes from somewhere else than the path is about the default project here.
        resource: match resource.strip_suffix("/projects/-") {
            Some(service) => format!("{service}/projects/demo-project"),
            None => filled(resource, value),
        },
    };
    paths.map(trial).collect()
}

/// A value that could be meant by a parameter of this name.
fn value(name: &str) -> String {
    match name.trim_start_matches("query.").trim_end_matches('+') {
        "project" | "projectId" => "demo-project".into(),
        "bucket" | "sourceBucket" | "destinationBucket" => "sample-bucket".into(),
        "object" | "sourceObject" => "sample-object".into(),
        "entity" => "user-ann@example.com".into(),
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
