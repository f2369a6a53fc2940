//! Services that misbehave: only the request at hand suffers (F33), and nothing is left behind (F24, F16).

use fogbank_tests::guests::{self, Plugins};
use fogbank_tests::{Client, Options, Server, stored, wait_until};
use reqwest::Method;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// What a client gets of each route of the guest `misbehave`. A route without a line here fails the test.
enum Gets {
    /// An answer of this status, in Google's form where it is an error.
    Status(u16),
    /// An answer that breaks off: a client never takes it for whole.
    Broken,
    /// More than the test wants to read; the client leaves.
    Endless,
}

use Gets::{Broken, Endless, Status};

const ROUTES: &[(&str, Gets)] = &[
    ("hello", Status(200)),
    ("panic", Status(500)),
    ("loop", Status(504)),
    ("allocate", Status(500)),
    ("recurse", Status(500)),
    ("streamThenTrap", Broken),
    ("streamForever", Endless),
    ("halfRead", Status(200)),
    ("ignoreBody", Status(204)),
    ("hugeHeaders", Status(500)),
    ("badHeader", Status(500)),
    ("badStatus", Status(500)),
    ("sleep", Status(504)),
    ("stderr", Status(204)),
    ("startTwice", Status(200)),
    ("writtenWithout", Status(500)),
    ("endlessQuery", Status(504)),
    ("holdTransaction", Status(504)),
    ("trapInTransaction", Status(500)),
    ("rows", Status(200)),
    ("stageThenTrap", Status(500)),
    ("leakStaged", Status(200)),
];

/// The method and path of each route, from the manifest.
fn manifest() -> Vec<(String, Method, String)> {
    let text = std::fs::read_to_string(guests::folder().join("misbehave/plugin.toml")).expect("a manifest");
    let value = |route: &str, key: &str| {
        let line = route.lines().find_map(|line| line.strip_prefix(&format!("{key} = ")));
        line.expect("each route has it").trim_matches('"').to_owned()
    };
    let routes = text.split("[[route]]").skip(1);
    routes
        .map(|route| {
            let id = value(route, "id").trim_start_matches("misbehave.").to_owned();
            (id, value(route, "method").parse().expect("a method"), value(route, "path"))
        })
        .collect()
}

fn server() -> Server {
    Server::with(Options::new().plugins(&Plugins::of(&["misbehave"])))
}

async fn hello(client: &Client) {
    assert_eq!(client.get("/misbehave/v1/hello").await.expect(200).json()["message"], "hello");
}

#[test]
fn every_guest_has_its_tests() {
    let used: String = std::fs::read_dir(fogbank_tests::top().join("tests/tests/host"))
        .expect("tests")
        .flatten()
        .map(|entry| std::fs::read_to_string(entry.path()).unwrap_or_default())
        .collect();
    for guest in guests::all() {
        assert!(used.contains(&format!("\"{guest}\"")), "no test uses the guest {guest}");
    }
    let tabled: BTreeSet<_> = ROUTES.iter().map(|(id, _)| (*id).to_owned()).collect();
    let there: BTreeSet<_> = manifest().into_iter().map(|(id, ..)| id).collect();
    assert_eq!(tabled, there, "the table of the guest `misbehave` and its manifest");
}

#[tokio::test(flavor = "multi_thread")]
async fn f33_each_way_to_misbehave_fails_its_own_request_only() {
    let server = server();
    let client = server.client();
    for (id, method, path) in manifest() {
        let request = client.request(method.clone(), &path);
        let request = if method == Method::POST { request.body(vec![7_u8; 200_000]) } else { request };
        let (_, gets) = ROUTES.iter().find(|(name, _)| **name == id).expect("in the table");
        match gets {
            Status(status) => {
                let answer = client.send(request).await.expect(*status);
                if *status >= 400 {
                    let answer = answer.expect_google_form();
                    assert!(!answer.text().contains("/etc/shadow"), "{}", answer.text());
                }
            }
            Broken => assert!(client.try_send(request).await.is_err(), "{id}: a broken answer was taken for whole"),
            Endless => {
                let mut response = request.send().await.expect("a head");
                assert!(response.chunk().await.expect("bytes").is_some());
            }
        }
        hello(&client).await;
    }
    server.log_with("a secret of the service: /etc/shadow");
}

#[tokio::test(flavor = "multi_thread")]
async fn f33_others_are_served_while_loops_run() {
    let server = server();
    let client = server.client();
    let loops: Vec<_> = (0..4)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.get("/misbehave/v1/loop").await.status })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    for _ in 0..20 {
        let began = Instant::now();
        hello(&client).await;
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
    for one in loops {
        assert_eq!(one.await.expect("ends"), 504);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f33_a_loop_ends_near_its_budget() {
    let server = server();
    let client = server.client();
    hello(&client).await;
    let began = Instant::now();
    client.get("/misbehave/v1/loop").await.expect(504);
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(900), "a budget of one second: {took:?}");
    assert!(took < Duration::from_secs(10), "a budget of one second, on a busy machine: {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f24_transactions_that_nobody_finishes_block_nobody_for_long() {
    let server = server();
    let client = server.client();
    for _ in 0..40 {
        client.send(client.request(Method::POST, "/misbehave/v1/trap-in-transaction")).await.expect(500);
    }
    let holder = client.clone();
    let held = tokio::spawn(async move {
        holder.send(holder.request(Method::POST, "/misbehave/v1/hold-transaction")).await.status
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    client.get("/misbehave/v1/hello").await.expect(200);
    assert_eq!(held.await.expect("ends"), 504);
    let rows = client.get("/misbehave/v1/rows").await.expect(200).json();
    assert_eq!(rows, serde_json::json!(["kept"]), "what was never committed is not there");
}

#[tokio::test(flavor = "multi_thread")]
async fn f16_staged_bytes_go_with_the_instance() {
    let server = server();
    let client = server.client();
    for path in ["stage-then-trap", "leak-staged"] {
        let request = client.request(Method::POST, &format!("/misbehave/v1/{path}")).body(vec![1_u8; 1 << 20]);
        client.send(request).await;
    }
    wait_until(Duration::from_secs(10), "staged bytes are removed", || {
        stored::content_of(server.data(), "default", "misbehave").is_empty()
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn f33_a_client_that_leaves_ends_the_guest() {
    let server = server();
    let client = server.client();
    for _ in 0..8 {
        let mut response = client.request(Method::GET, "/misbehave/v1/stream-forever").send().await.expect("a head");
        assert!(response.chunk().await.expect("bytes").is_some());
    }
    let busy = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).unwrap_or_default();
        let times: Vec<u64> =
            stat.rsplit(')').next().unwrap_or_default().split(' ').filter_map(|n| n.parse().ok()).collect();
        times.get(10).zip(times.get(11)).map_or(0, |(user, system)| user + system)
    };
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = busy();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(busy() - before < 50, "hundredths of a second of CPU in one second of rest: {}", busy() - before);
}
