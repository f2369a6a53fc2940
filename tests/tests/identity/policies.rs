//! Policies: inherited, conditional, denied, explained, imported.

use fogbank_tests::server::command;
use fogbank_tests::{Client, Options, Server};
use serde_json::{Value, json};
use std::time::Duration;

const ANN: &str = "user:ann@example.com";

fn server() -> Server {
    Server::with(Options::new().arg("--auth").arg("required"))
}

async fn set(operator: &Client, resource: &str, bindings: Value) {
    let policy = json!({ "policy": { "version": 3, "bindings": bindings } });
    operator.post(&format!("{resource}:setIamPolicy"), policy).await.expect(200);
}

/// `fogbank iam COMMAND ...` of this server's data folder: exit status, and what it printed.
async fn iam(server: &Server, args: &[&str]) -> (Option<i32>, String) {
    let data = server.data().to_owned();
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    let run = move || command(&["iam", "--data"]).arg(data).args(args).output().expect("the binary runs");
    let output = tokio::task::spawn_blocking(run).await.expect("it ran");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_folder_grants_reaches_the_buckets_of_its_projects() {
    let server = server();
    let operator = server.operator();
    let organizations = operator.get("/v3/organizations:search").await.expect(200).json();
    let organization = organizations["organizations"][0]["name"].as_str().expect("an organization").to_owned();
    let folder = json!({ "displayName": "Shops", "parent": organization });
    let made = operator.post("/v3/folders", folder).await.expect(200).json();
    let folder = made["response"]["name"].as_str().expect("a folder").to_owned();
    let project = json!({ "projectId": "shop-one-project", "parent": folder });
    operator.post("/v3/projects", project).await.expect(200);
    operator.post("/storage/v1/b?project=shop-one-project", json!({ "name": "shelf" })).await.expect(200);
    operator.upload("shelf", "o", "content").await.expect(200);
    let ann = server.as_user(ANN).await;
    ann.download("shelf", "o").await.expect(403);
    set(&operator, &format!("/v3/{folder}"), json!([{ "role": "roles/storage.objectViewer", "members": [ANN] }])).await;
    ann.download("shelf", "o").await.expect(200);
    let resource = "//storage.googleapis.com/projects/_/buckets/shelf/objects/o";
    let (status, said) = iam(&server, &["explain", ANN, "storage.objects.get", resource]).await;
    assert_eq!(status, Some(0), "{said}");
    let line = said.lines().find(|line| line.contains("granted by")).expect("a granting level");
    assert!(line.contains(&folder) && line.contains("roles/storage.objectViewer"), "{said}");
    let (status, said) = iam(&server, &["explain", ANN, "storage.objects.delete", resource]).await;
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("none grants it"), "{said}");
    set(&operator, &format!("/v3/{folder}"), json!([])).await;
    ann.download("shelf", "o").await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_holds_for_names_and_for_a_time() {
    let server = server();
    let operator = server.operator();
    operator.bucket("box").await;
    for name in ["open/o", "closed/o"] {
        operator.upload("box", name, "content").await.expect(200);
    }
    let ann = server.as_user(ANN).await;
    let condition = "resource.name.startsWith('projects/_/buckets/box/objects/open/') \
                     && request.time < timestamp('2100-01-01T00:00:00Z')";
    let binding = json!({
        "role": "roles/storage.objectViewer", "members": [ANN],
        "condition": { "title": "open ones", "expression": condition },
    });
    set(&operator, "/v1/projects/demo-project", json!([binding])).await;
    ann.download("box", "open/o").await.expect(200);
    ann.download("box", "closed/o").await.expect(403);
    server.advance_as_operator("default", Duration::from_secs(80 * 366 * 86_400)).await;
    let ann = server.as_user(ANN).await;
    ann.download("box", "open/o").await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_writers_with_one_etag_one_wins() {
    let server = server();
    let operator = server.operator();
    let path = "/v1/projects/demo-project";
    let now = operator.post(&format!("{path}:getIamPolicy"), json!({})).await.expect(200).json();
    let write = async |member: &str| {
        let bindings = json!([{ "role": "roles/viewer", "members": [member] }]);
        let policy = json!({ "policy": { "etag": now["etag"], "bindings": bindings } });
        operator.post(&format!("{path}:setIamPolicy"), policy).await
    };
    let (one, other) = tokio::join!(write("user:one@example.com"), write("user:other@example.com"));
    let mut both = [one, other];
    both.sort_by_key(|answer| answer.status);
    assert_eq!((both[0].status, both[1].status), (200, 409), "{}", both[1].text());
    assert_eq!(both[1].json()["error"]["status"], "ABORTED");
}

#[tokio::test(flavor = "multi_thread")]
async fn testing_permissions_says_what_a_decision_would_be() {
    let server = server();
    let operator = server.operator();
    operator.bucket("box").await;
    set(&operator, "/v1/projects/demo-project", json!([{ "role": "roles/storage.objectViewer", "members": [ANN] }]))
        .await;
    let ann = server.as_user(ANN).await;
    let query = "permissions=storage.objects.get&permissions=storage.objects.delete&permissions=storage.buckets.get";
    let said = ann.get(&format!("/storage/v1/b/box/iam/testPermissions?{query}")).await.expect(200).json();
    assert_eq!(said["permissions"], json!(["storage.objects.get"]));
    let wanted = json!({ "permissions": ["storage.objects.list", "resourcemanager.projects.delete"] });
    let said = ann.post("/v1/projects/demo-project:testIamPermissions", wanted).await.expect(200).json();
    assert_eq!(said["permissions"], json!(["storage.objects.list"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_policy_is_taken_over() {
    let server = server();
    server.operator().bucket("box").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.json");
    let policy = json!({
        "bindings": [{ "members": [ANN], "role": "roles/storage.admin" }], "etag": "BwYc0nZQvVg=", "version": 1,
    });
    std::fs::write(&file, policy.to_string()).expect("written");
    let project = "//cloudresourcemanager.googleapis.com/projects/demo-project";
    let (status, said) = iam(&server, &["import", project, file.to_str().expect("a path")]).await;
    assert_eq!(status, Some(0), "{said}");
    server.as_user(ANN).await.get("/storage/v1/b/box").await.expect(200);
    std::fs::write(&file, "no policy").expect("written");
    let (status, said) = iam(&server, &["import", project, file.to_str().expect("a path")]).await;
    assert_eq!(status, Some(1), "{said}");
}
