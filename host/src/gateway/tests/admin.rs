use super::support::server;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn f36_ready_needs_the_database_every_service_and_the_reserve() {
    let server = server("").await;
    let ready = "/_fogbank/health/ready";
    assert_eq!(server.get(ready).await.status, 200);
    server.fake.database_works.store(false, Ordering::Relaxed);
    let answer = server.get(ready).await;
    assert_eq!((answer.status, answer.json()["database"].as_str()), (503, Some("failing")));
    assert!(!answer.body.contains("secret"), "{answer:?}");
    assert_eq!(server.get("/_fogbank/health/live").await.status, 200);
    server.fake.database_works.store(true, Ordering::Relaxed);
    server.fake.problems.lock().expect("lock").insert("things".into(), vec!["does not compile".into()]);
    assert_eq!(server.get(ready).await.status, 503);
    server.fake.problems.lock().expect("lock").clear();
    assert_eq!(server.get(ready).await.status, 200);
    server.gateway.set_ready(false);
    assert_eq!(server.get(ready).await.status, 503);
}

#[tokio::test]
async fn f36_a_disk_without_its_reserve_is_not_ready() {
    let server = server("disk-reserve = \"1000000TiB\"").await;
    let answer = server.get("/_fogbank/health/ready").await;
    assert_eq!((answer.status, answer.json()["disk"]["status"].as_str()), (503, Some("failing")));
}

#[tokio::test]
async fn tenants_are_made_moved_emptied_and_removed() {
    let server = server("").await;
    let tenants = "/_fogbank/tenants";
    assert_eq!(server.send("POST", tenants, "", "{\"name\": \"blue\"}").await.status, 200);
    server.send("POST", tenants, "", "{\"name\": \"blue\"}").await.assert_error(409);
    server.send("POST", tenants, "", "{\"name\": \"../x\"}").await.assert_error(400);
    server.send("POST", tenants, "", "{\"name\"").await.assert_error(400);
    let clock = format!("{tenants}/blue/clock");
    let moved = server.send("POST", &clock, "", "{\"advance-ms\": 5000}").await.json();
    assert_eq!(moved["clock"]["offset-ms"], 5000);
    server.send("POST", &clock, "", "{\"advance-ms\": 9223372036854775807}").await.assert_error(400);
    let set = server.send("POST", &clock, "", "{\"set\": 4102444800000}").await.json();
    assert!(set["clock"]["now-ms"].as_u64().is_some_and(|now| now.abs_diff(4_102_444_800_000) < 5000), "{set}");
    let reset = server.send("POST", &format!("{tenants}/blue/reset"), "", "").await.json();
    assert_eq!(reset["clock"]["offset-ms"], 0);
    assert_eq!(server.get(tenants).await.json()["tenants"].as_array().map(Vec::len), Some(2));
    assert_eq!(server.send("DELETE", &format!("{tenants}/blue"), "", "").await.status, 200);
    server.get(&format!("{tenants}/blue")).await.assert_error(404);
    server.send("DELETE", &format!("{tenants}/default"), "", "").await.assert_error(400);
    server.send("PATCH", tenants, "", "").await.assert_error(405);
}

#[tokio::test]
async fn f29_a_foreign_page_cannot_empty_a_tenant() {
    let server = server("").await;
    let reset = "/_fogbank/tenants/default/reset";
    server.send("POST", reset, "Origin: https://evil.example\r\n", "").await.assert_error(403);
    assert_eq!(server.send("POST", reset, "Origin: http://localhost:3000\r\n", "").await.status, 200);
}

#[tokio::test]
async fn what_is_loaded_and_counted_can_be_read() {
    let server = server("").await;
    server.get("/things/v1/x").await;
    let plugins = server.get("/_fogbank/plugins").await.json();
    assert_eq!((&plugins["plugins"][0]["name"], &plugins["plugins"][0]["routes"]), (&"things".into(), &4.into()));
    let metrics = server.get("/_fogbank/metrics").await;
    assert!(metrics.body.contains("fogbank_requests_total{plugin=\"things\",tenant=\"default\""), "{}", metrics.body);
    let env = server.get("/_fogbank/env").await.json();
    assert_eq!(env["env"]["CLOUDSDK_CORE_PROJECT"], "demo-project");
    server.get("/_fogbank/env?tenant=nobody").await.assert_error(404);
    server.get("/_fogbank/unknown").await.assert_error(404);
    server.send("POST", "/_fogbank/metrics", "", "").await.assert_error(405);
}

#[tokio::test]
async fn f26_with_authentication_the_administration_is_for_administrators_and_health_for_everybody() {
    for mode in ["required", "optional", "audit"] {
        let server = server(&format!("auth = \"{mode}\"")).await;
        for path in
            ["/_fogbank/tenants", "/_fogbank/plugins", "/_fogbank/env", "/_fogbank/metrics", "/_fogbank/nothing"]
        {
            server.get(path).await.assert_error(401);
        }
        let reset = "/_fogbank/tenants/default/reset";
        server.send("POST", reset, "", &"x".repeat(1 << 20)).await.assert_error(401);
        server.send("POST", reset, "Authorization: Bearer fbadm_wrong\r\n", "").await.assert_error(401);
        let token = std::fs::read_to_string(crate::gateway::operator::file(server.folder.path())).expect("token");
        let header = format!("Authorization: Bearer {}\r\n", token.trim());
        assert_eq!(server.send("POST", reset, &header, "").await.status, 200, "{mode}");
        assert_eq!(server.send("GET", "/_fogbank/metrics", &header, "").await.status, 200, "{mode}");
        assert_eq!(server.get("/_fogbank/health/live").await.status, 200);
        assert_eq!(server.get("/_fogbank/health/ready").await.status, 200);
    }
}

#[tokio::test]
async fn metrics_are_for_this_machine_unless_the_configuration_opens_them() {
    let far = "X-Forwarded-For: 192.0.2.1\r\n";
    let metrics = "/_fogbank/metrics";
    let local = server("trusted-proxies = [\"127.0.0.1\"]").await;
    assert_eq!(local.get(metrics).await.status, 200);
    local.send("GET", metrics, far, "").await.assert_error(403);
    let open = server("trusted-proxies = [\"127.0.0.1\"]\nmetrics = \"open\"\nauth = \"required\"").await;
    assert_eq!(open.send("GET", metrics, far, "").await.status, 200);
    let closed = server("metrics = \"administrators\"\nauth = \"required\"").await;
    closed.get(metrics).await.assert_error(401);
}
