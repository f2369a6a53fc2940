//! F27: what is no credential is refused with a reason of its own, and told apart from not being allowed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fogbank_tests::{Answer, Client, Options, Server};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const ANN: &str = "user:ann@example.com";
const BUCKETS: &str = "/storage/v1/b?project=demo-project";

async fn server() -> Server {
    let server = Server::with(Options::new().arg("--auth").arg("required"));
    grant(&server.operator(), &[ANN]).await;
    server
}

/// Lets `members` do everything with storage.
async fn grant(operator: &Client, members: &[&str]) {
    let policy = json!({ "policy": { "bindings": [{ "role": "roles/storage.admin", "members": members }] } });
    operator.post("/v1/projects/demo-project:setIamPolicy", policy).await.expect(200);
}

/// The reason of a 401, for programs; fails for any other answer.
fn refused(answer: &Answer) -> String {
    assert_eq!(answer.status, 401, "{}", answer.text());
    let error = answer.json()["error"].clone();
    assert_eq!(error["status"], "UNAUTHENTICATED");
    assert!(error["message"].as_str().is_some_and(|message| message.len() > 20), "{error}");
    let challenge = answer.header("www-authenticate").to_owned();
    assert!(challenge.starts_with("Bearer"), "{challenge}");
    error["details"][0]["reason"].as_str().expect("a reason").to_owned()
}

/// A token with another header, other claims, or another signature.
fn forged(token: &str, header: Option<Value>, claims: impl FnOnce(&mut Value), signature: Option<&str>) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).expect("base64")).expect("JSON");
    claims(&mut payload);
    let header = header.map_or_else(|| parts[0].to_owned(), |header| encode(&header));
    format!("{header}.{}.{}", encode(&payload), signature.unwrap_or(parts[2]))
}

#[tokio::test(flavor = "multi_thread")]
async fn f27_each_bad_token_is_refused_with_a_reason_of_its_own() {
    let server = server().await;
    let client = server.client();
    let good = server.token(ANN).await;
    client.with_token(&good).get(BUCKETS).await.expect(200);
    let none = json!({ "alg": "none", "typ": "JWT" });
    let unknown = json!({ "alg": "HS256", "typ": "at+jwt", "kid": "nobody" });
    let bad = [
        ("malformed", "nonsense".to_owned()),
        ("alg none", forged(&good, Some(none), |_| (), Some(""))),
        ("altered", forged(&good, None, |claims| claims["sub"] = json!("user:root@example.com"), None)),
        ("cut", good[..good.len() - 8].to_owned()),
        ("unknown key", forged(&good, Some(unknown), |_| (), None)),
    ];
    let mut reasons = BTreeSet::new();
    for (what, token) in bad {
        let answer = client.with_token(&token).get(BUCKETS).await;
        reasons.insert(refused(&answer));
        assert!(!answer.text().contains(&token), "{what}: the token is repeated");
    }
    server.advance_as_operator("default", Duration::from_secs(2 * 3600)).await;
    let expired = refused(&client.with_token(&good).get(BUCKETS).await);
    assert_eq!(expired, "ACCESS_TOKEN_EXPIRED");
    reasons.insert(expired);
    assert!(reasons.len() >= 4, "{reasons:?}");
    let later = server.token(ANN).await;
    server.reset_clock("default").await;
    reasons.insert(refused(&client.with_token(&later).get(BUCKETS).await));
    assert!(reasons.len() >= 5, "not valid yet is told apart: {reasons:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f27_a_token_of_one_tenant_is_none_in_another() {
    let server = server().await;
    for tenant in ["blue", "green"] {
        server.operator().post("/_fogbank/tenants", json!({ "name": tenant })).await.expect_success();
        grant(&server.operator().tenant(tenant), &[ANN]).await;
    }
    let wanted = json!({ "user": ANN, "project": "demo-project" });
    let made = server.operator().tenant("blue").post("/auth/tokens", wanted).await.expect(200).json();
    let token = made["access_token"].as_str().expect("a token");
    let client = server.client().with_token(token);
    client.tenant("blue").get(BUCKETS).await.expect(200);
    refused(&client.tenant("green").get(BUCKETS).await);
    // Where nothing else names a tenant the token does.
    client.tenant("blue").bucket("box-of-blue").await;
    client.get("/storage/v1/b/box-of-blue").await.expect(200);
    server.operator().get("/storage/v1/b/box-of-blue").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn f27_the_tokens_of_an_account_end_with_it() {
    let server = server().await;
    let operator = server.operator();
    let new = json!({ "accountId": "robot-one", "serviceAccount": { "displayName": "Robot" } });
    operator.post("/v1/projects/demo-project/serviceAccounts", new).await.expect(200);
    let account = "/v1/projects/-/serviceAccounts/robot-one@demo-project.iam.gserviceaccount.com";
    grant(&operator, &["serviceAccount:robot-one@demo-project.iam.gserviceaccount.com"]).await;
    let scope = json!({ "scope": ["https://www.googleapis.com/auth/cloud-platform"] });
    let made = operator.post(&format!("{account}:generateAccessToken"), scope).await.expect(200).json();
    let robot = server.client().with_token(made["accessToken"].as_str().expect("a token"));
    robot.get(BUCKETS).await.expect(200);
    operator.post(&format!("{account}:disable"), json!({})).await.expect(200);
    let disabled = refused(&robot.get(BUCKETS).await);
    operator.post(&format!("{account}:enable"), json!({})).await.expect(200);
    robot.get(BUCKETS).await.expect(200);
    operator.delete(account).await.expect(200);
    let deleted = refused(&robot.get(BUCKETS).await);
    assert_ne!(disabled, deleted);
    // A deletion that is sent again finds nothing.
    operator.delete(account).await.expect(404).expect_google_form();
}

#[tokio::test(flavor = "multi_thread")]
async fn f27_f28_api_keys_are_shown_once_expire_and_are_revoked() {
    let server = server().await;
    let (operator, client) = (server.operator(), server.client());
    let new = json!({ "user": ANN, "project": "demo-project", "expires": 3600 });
    let made = operator.post("/auth/api-keys", new).await.expect(200).json();
    let (id, key) = (made["id"].as_str().expect("an id"), made["key"].as_str().expect("a key").to_owned());
    let with = |key: String| {
        let request = client.request(Method::GET, BUCKETS).header("x-api-key", key);
        client.send(request)
    };
    with(key.clone()).await.expect(200);
    assert!(!operator.get("/auth/api-keys").await.expect(200).text().contains(&key), "shown once");
    let unknown = refused(&with(format!("{key}x")).await);
    server.advance_as_operator("default", Duration::from_secs(2 * 3600)).await;
    let expired = refused(&with(key.clone()).await);
    server.reset_clock("default").await;
    with(key.clone()).await.expect(200);
    operator.delete(&format!("/auth/api-keys/{id}")).await.expect(200);
    let revoked = refused(&with(key.clone()).await);
    assert_eq!(BTreeSet::from([unknown, expired, revoked]).len(), 3, "each has a reason of its own");
    let ann = server.as_user(ANN).await;
    ann.post("/auth/api-keys", json!({ "user": ANN })).await.expect(403);
    assert!(!server.log().contains(&key), "the key is in the log");
    let stored = fogbank_tests::stored::files_with(server.data(), key.as_bytes());
    assert!(stored.is_empty(), "the key is stored as it is: {stored:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f29_a_page_of_another_origin_reads_nothing() {
    let server = Server::with(Options::new().arg("--set").arg("cors-origins=https://example.com"));
    let client = server.client();
    client.bucket("box").await;
    let from = async |origin: &str| {
        let request = client.request(Method::GET, "/storage/v1/b/box").header("origin", origin);
        client.send(request).await.expect(200).header("access-control-allow-origin").to_owned()
    };
    assert_eq!(from("https://example.com").await, "https://example.com");
    for origin in ["https://evil-example.com", "https://example.com.evil", "http://example.com", "null"] {
        assert_eq!(from(origin).await, "", "{origin}");
    }
}
