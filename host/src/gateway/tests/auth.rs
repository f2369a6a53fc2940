//! Who is let in, by mode.

use super::support::server;

const ANN: &str = "Authorization: Bearer user:ann@example.com\r\n";
const BOB: &str = "Authorization: Bearer user:bob@example.com\r\n";

#[tokio::test]
async fn off_asks_nobody() {
    let server = server("").await;
    for headers in ["", BOB, "Authorization: Bearer nonsense\r\n", "Authorization: Basic x\r\n"] {
        assert_eq!(server.send("GET", "/things/v1/one", headers, "").await.status, 200, "{headers}");
    }
    assert!(server.fake.asked.lock().expect("lock").is_empty());
}

#[tokio::test]
async fn f26_required_lets_in_who_has_the_routes_permission_on_its_resource() {
    let server = server("auth = \"required\"").await;
    assert_eq!(server.send("GET", "/things/v1/one", ANN, "").await.status, 200);
    let refused = server.send("GET", "/things/v1/one", BOB, "").await;
    refused.assert_error(403);
    let error = &refused.json()["error"];
    assert_eq!(error["status"], "PERMISSION_DENIED");
    assert_eq!(error["details"][0]["reason"], "IAM_PERMISSION_DENIED");
    assert_eq!(error["details"][0]["metadata"]["permission"], "p");
    let asked = server.fake.asked.lock().expect("lock").clone();
    assert_eq!(
        asked,
        ["user:ann@example.com p //things.example.com/one", "user:bob@example.com p //things.example.com/one"]
    );
}

#[tokio::test]
async fn f27_somebody_unknown_is_401_and_told_how_to_be_known() {
    let server = server("auth = \"required\"").await;
    let missing = server.get("/things/v1/one").await;
    missing.assert_error(401);
    assert!(missing.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")), "{missing:?}");
    let bad = server.send("GET", "/things/v1/one", "Authorization: Bearer nonsense\r\n", "").await;
    bad.assert_error(401);
    assert_eq!(bad.json()["error"]["details"][0]["reason"], "UNKNOWN_TOKEN");
    let challenge = bad.header("www-authenticate").expect("a challenge");
    assert!(challenge.contains("invalid_token") && challenge.contains("Nobody knows this token."), "{challenge}");
    server.send("GET", "/things/v1/one", "Authorization: Basic x\r\n", "").await.assert_error(401);
    let twice = format!("{ANN}{BOB}");
    server.send("GET", "/things/v1/one", &twice, "").await.assert_error(400);
}

#[tokio::test]
async fn optional_decides_only_about_those_who_say_who_they_are() {
    let server = server("auth = \"optional\"").await;
    assert_eq!(server.get("/things/v1/one").await.status, 200);
    assert_eq!(server.send("GET", "/things/v1/one", ANN, "").await.status, 200);
    server.send("GET", "/things/v1/one", BOB, "").await.assert_error(403);
    server.send("GET", "/things/v1/one?key=unknown", "", "").await.assert_error(401);
}

#[tokio::test]
async fn a_token_outweighs_a_key() {
    let server = server("auth = \"required\"").await;
    let headers = format!("{ANN}X-API-Key: unknown\r\n");
    assert_eq!(server.send("GET", "/things/v1/one?key=unknown", &headers, "").await.status, 200);
    server.send("GET", "/things/v1/one", "X-API-Key: unknown\r\n", "").await.assert_error(401);
}

#[tokio::test]
async fn audit_lets_bad_credentials_in() {
    let server = server("auth = \"audit\"").await;
    assert_eq!(server.send("GET", "/things/v1/one?key=unknown", "", "").await.status, 401, "the fake does not audit");
    let asked = server.fake.asked.lock().expect("lock").clone();
    assert_eq!(asked, ["allUsers p //things.example.com/one"]);
}

#[tokio::test]
async fn the_operator_may_everything_and_nobody_else_may_administer() {
    let server = server("auth = \"required\"").await;
    let token = std::fs::read_to_string(crate::gateway::operator::file(server.folder.path())).expect("token");
    let operator = format!("Authorization: Bearer {}\r\n", token.trim());
    assert_eq!(server.send("GET", "/things/v1/one", &operator, "").await.status, 200);
    assert_eq!(server.send("GET", "/_fogbank/tenants", &operator, "").await.status, 200);
    assert_eq!(server.get("/_fogbank/health/ready").await.status, 200);
    server.get("/_fogbank/tenants").await.assert_error(401);
    server.get("/_fogbank/metrics").await.assert_error(401);
    server.send("GET", "/_fogbank/tenants", ANN, "").await.assert_error(403);
    server.send("DELETE", "/_fogbank/tenants/default", "Authorization: Bearer x\r\n", "").await.assert_error(401);
}

#[tokio::test]
async fn an_administrator_is_named_by_the_operator() {
    let server = server("auth = \"required\"\nadministrators = [\"user:bob@example.com\"]").await;
    assert_eq!(server.send("GET", "/_fogbank/tenants", BOB, "").await.status, 200);
    assert_eq!(server.send("GET", "/things/v1/one", BOB, "").await.status, 200);
    server.send("GET", "/_fogbank/tenants", ANN, "").await.assert_error(403);
}
