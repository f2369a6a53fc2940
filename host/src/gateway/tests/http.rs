use super::support::server;

#[tokio::test]
async fn a_request_reaches_its_route() {
    let server = server("").await;
    let answer = server.send("POST", "/things/v1/echo/a%2Fb?x=%20", "X-Request-Id: mine-1\r\n", "hello").await;
    let about = answer.json();
    assert_eq!((about["route"].as_str(), about["body"].as_str()), (Some("things.echo"), Some("hello")));
    assert_eq!(about["params"][0][1], "a/b");
    assert_eq!((about["path"].as_str(), about["query"].as_str()), (Some("/things/v1/echo/a%2Fb"), Some("x=%20")));
    assert_eq!(answer.header("x-request-id"), Some("mine-1"));
}

#[tokio::test]
async fn f34_unknown_paths_wrong_methods_and_what_is_not_implemented_are_json() {
    let server = server("").await;
    server.get("/things/v1/a/b/c").await.assert_error(404);
    server.get("/nowhere").await.assert_error(404);
    let answer = server.send("DELETE", "/things/v1/x", "", "").await;
    answer.assert_error(405);
    assert_eq!(answer.header("allow"), Some("GET, HEAD"));
    let answer = server.get("/things/v1/later").await;
    answer.assert_error(400);
    let error = &answer.json()["error"];
    assert_eq!(
        (error["status"].as_str(), error["errors"][0]["reason"].as_str()),
        (Some("UNIMPLEMENTED"), Some("notImplemented"))
    );
    assert!(error["message"].as_str().is_some_and(|message| message.contains("things.later")));
}

#[tokio::test]
async fn f33_a_failure_or_a_panic_fails_its_own_request() {
    let server = server("").await;
    for (how, status) in [("trap", 500), ("panic", 500), ("full", 429)] {
        let answer = server.send("POST", &format!("/things/v1/fail/{how}"), "X-Request-Id: id-7\r\n", "").await;
        answer.assert_error(status);
        assert!(how == "panic" || answer.body.contains("things"), "{answer:?}");
        assert!(answer.body.contains("id-7") && !answer.body.contains("secret"), "{answer:?}");
        assert_eq!(server.get("/things/v1/x").await.status, 200);
    }
}

#[tokio::test]
async fn a_body_beyond_its_limit_is_413_declared_or_not() {
    let server = server("").await;
    let long = "x".repeat(1025);
    server.send("POST", "/things/v1/echo/x", "", &long).await.assert_error(413);
    let chunked = format!("401\r\n{long}\r\n0\r\n\r\n");
    let request = format!("POST /things/v1/echo/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}");
    server.raw(request.as_bytes()).await.expect("an answer").assert_error(413);
    assert_eq!(server.send("POST", "/things/v1/echo/x", "", &long[..1024]).await.status, 200);
}

#[tokio::test]
async fn a_packed_body_reaches_the_service_unpacked() {
    use std::io::Write;
    let server = server("").await;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(b"hello").expect("packed");
    let packed = packer.finish().expect("packed");
    let head = format!(
        "POST /things/v1/echo/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        packed.len()
    );
    let answer = server.raw(&[head.as_bytes(), &packed].concat()).await.expect("an answer");
    assert_eq!((&answer.json()["body"], &answer.json()["encoded"]), (&"hello".into(), &false.into()));
    let broken = [head.as_bytes(), &vec![7; packed.len()]].concat();
    server.raw(&broken).await.expect("an answer").assert_error(400);
}

#[tokio::test]
async fn a_tenant_has_its_own_base_url_and_an_unknown_one_is_404() {
    let server = server("").await;
    server.get("/_tenants/blue/things/v1/x").await.assert_error(404);
    server.gateway.tenants.create("blue", None).expect("made");
    let about = server.get("/_tenants/blue/things/v1/x").await.json();
    assert_eq!((about["tenant"].as_str(), about["path"].as_str()), (Some("blue"), Some("/things/v1/x")));
    assert_eq!(about["base"], "http://cloud.test/_tenants/blue");
    server.get("/_tenants/..%2fblue/things/v1/x").await.assert_error(404);
}

#[tokio::test]
async fn a_tenant_at_its_quota_is_429_and_another_is_not() {
    let server = server("[quotas]\nper-second = 2").await;
    server.gateway.tenants.create("blue", None).expect("made");
    let mut refused = 0;
    for _ in 0..5 {
        let answer = server.get("/_tenants/blue/things/v1/x").await;
        refused += u32::from(answer.status == 429);
    }
    assert!(refused >= 2, "{refused}");
    assert_eq!(server.get("/things/v1/x").await.status, 200);
}

#[tokio::test]
async fn a_caller_beyond_its_rate_is_429_and_says_when() {
    let server = server("[limits]\nper-caller = 3").await;
    let mut refused = Vec::new();
    for _ in 0..8 {
        refused.extend(Some(server.get("/things/v1/x").await).filter(|answer| answer.status == 429));
    }
    assert!(refused.len() >= 4, "{refused:?}");
    let answer = &refused[0];
    answer.assert_error(429);
    assert_eq!(answer.header("retry-after"), Some("1"));
    let error = &answer.json()["error"];
    assert_eq!(
        (error["status"].as_str(), error["errors"][0]["reason"].as_str()),
        (Some("RESOURCE_EXHAUSTED"), Some("rateLimitExceeded"))
    );
    assert_eq!(server.get("/_fogbank/health/live").await.status, 200, "the operator is not a caller");
}

#[tokio::test]
async fn a_head_says_the_length_that_a_get_would_have_also_where_it_is_nothing() {
    let server = server("").await;
    for name in ["x", "empty"] {
        let path = format!("/things/v1/{name}");
        let (get, head) = (server.get(&path).await, server.send("HEAD", &path, "", "").await);
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        assert!(head.header("content-length").is_some(), "{head:?}");
        assert_eq!(head.header("content-length"), get.header("content-length"), "{name}");
    }
}

#[tokio::test]
async fn callers_with_names_are_counted_by_name_and_the_rest_by_address() {
    let server = server("auth = \"required\"\n[limits]\nper-caller = 2").await;
    let ask = async |token: &str| {
        let mut statuses = Vec::new();
        for _ in 0..4 {
            let header = format!("Authorization: Bearer {token}\r\n");
            statuses.push(server.send("GET", "/things/v1/x", &header, "").await.status);
        }
        statuses
    };
    for name in ["user:ann@example.com", "user:bob@example.com"] {
        let statuses = ask(name).await;
        assert!(statuses[0] != 429 && statuses[3] == 429, "{name}: {statuses:?}");
    }
    let guesses = ask("guess").await;
    assert!(guesses[0] == 401 && guesses[3] == 429, "guessing tokens is bounded too: {guesses:?}");
}

#[tokio::test]
async fn the_hosts_own_answers_are_not_guessed_at() {
    let server = server("").await;
    for path in ["/nowhere", "/_fogbank/health/ready", "/_fogbank/metrics", "/_fogbank/unknown", "/things/v1/later"] {
        assert_eq!(server.get(path).await.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
    let broken = server.raw(b"BROKEN\r\n\r\n").await.expect("an answer");
    assert_eq!(broken.header("x-content-type-options"), Some("nosniff"), "{broken:?}");
    let services = server.get("/things/v1/x").await;
    assert_eq!(services.header("x-content-type-options"), None, "{services:?}");
    assert!(!services.head.contains("strict-transport-security"));
}

#[tokio::test]
async fn f29_a_page_may_call_only_from_an_origin_that_is_allowed_as_a_whole() {
    let server = server("cors-origins = [\"https://example.com\"]").await;
    let ask = "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-a\r\n";
    for (origin, allowed) in [
        ("https://example.com", true),
        ("https://evil-example.com", false),
        ("https://example.com.evil", false),
        ("http://example.com", false),
        ("null", false),
    ] {
        let headers = format!("Origin: {origin}\r\n{ask}");
        let preflight = server.send("OPTIONS", "/things/v1/echo/x", &headers, "").await;
        assert_eq!(preflight.status, 204, "{preflight:?}");
        let name = "access-control-allow-origin";
        assert_eq!(preflight.header(name), allowed.then_some(origin), "{preflight:?}");
        assert_eq!(preflight.header("access-control-allow-methods"), allowed.then_some("POST"));
        let answer = server.send("GET", "/things/v1/x", &format!("Origin: {origin}\r\n"), "").await;
        assert_eq!((answer.status, answer.header(name)), (200, allowed.then_some(origin)), "{answer:?}");
    }
}

#[tokio::test]
async fn a_client_that_sends_on_reads_its_error_and_goes_on() {
    let server = server("").await;
    let long = "x".repeat(1 << 20);
    let first = format!("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{long}", long.len());
    let second = "GET /things/v1/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = server.raw(format!("{first}{second}").as_bytes()).await.expect("an answer");
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("HTTP/1.1 200 OK"), "{answer:?}");
}

#[tokio::test]
async fn a_seed_is_played_and_a_broken_one_names_its_line() {
    let server = server("").await;
    let seed = server.folder.path().join("seed.jsonl");
    std::fs::write(server.folder.path().join("body.bin"), "from a file").expect("written");
    let good = "# a comment\n{\"method\": \"POST\", \"path\": \"/things/v1/echo/x\", \"bodyFile\": \"body.bin\"}\n\n\
                {\"path\": \"/nowhere\", \"expect\": 404}\n";
    std::fs::write(&seed, good).expect("written");
    let peer = crate::gateway::Peer { remote: server.address.ip(), local: server.address, tls: false };
    assert_eq!(crate::gateway::seed::play(&server.gateway, &seed, peer).await, Ok(2));
    for (bad, place) in [("{\"path\": \"/nowhere\"}", "line 5"), ("{\"pat\": 1}", "line 5")] {
        std::fs::write(&seed, format!("{good}{bad}")).expect("written");
        let error = crate::gateway::seed::play(&server.gateway, &seed, peer).await.expect_err("broken");
        assert!(error.contains(place), "{error}");
    }
}
