//! The process: starts, refuses to start, ends.

use fogbank_tests::server::command;
use fogbank_tests::{Options, Server, raw, stored, wait_until};
use reqwest::Method;
use std::process::Output;
use std::time::{Duration, Instant};

fn run(args: &[&str]) -> Output {
    command(args).output().expect("the binary runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn f39_a_second_process_on_the_same_data_is_refused_before_it_touches_anything() {
    let server = Server::with(Options::new().own_database());
    let client = server.client();
    client.bucket("first").await;
    client.upload("first", "o", "content").await.expect(200);
    let before = stored::files_below(server.data());
    let data = server.data().display().to_string();
    let second = run(&["serve", "--listen", "127.0.0.1:0", "--data", &data]);
    assert_eq!(second.status.code(), Some(3), "{}", said(&second));
    assert!(said(&second).contains(&data), "the message names the folder: {}", said(&second));
    let names = |files: Vec<(std::path::PathBuf, u64)>| files.into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    assert_eq!(names(stored::files_below(server.data())), names(before));
    assert_eq!(client.download("first", "o").await.expect(200).text(), "content");
}

#[test]
fn an_address_in_use_is_status_3() {
    let server = Server::with(Options::new().own_database());
    let data = tempfile::tempdir().expect("a folder");
    let address = server.base().trim_start_matches("http://");
    let second = run(&["serve", "--listen", address, "--data", &data.path().display().to_string()]);
    assert_eq!(second.status.code(), Some(3), "{}", said(&second));
    assert!(said(&second).contains(address), "{}", said(&second));
}

#[test]
fn every_error_of_the_configuration_is_reported_at_once_with_status_2() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("fogbank.toml");
    std::fs::write(&file, "listen = \"nowhere\"\ncolour = \"blue\"\n[limits]\ndrain = \"soon\"\n").expect("written");
    let output = command(&["serve", "--config", &file.display().to_string()])
        .env("FOGBANK_LOG_FORMAT", "morse")
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    for part in ["nowhere", "colour", "drain", "morse"] {
        assert!(said(&output).contains(part), "{part} is missing in {}", said(&output));
    }
    assert_eq!(run(&["serve", "--no-such-flag"]).status.code(), Some(2));
}

#[test]
fn help_names_every_command() {
    let help = String::from_utf8(run(&["--help"]).stdout).expect("text");
    for command in ["serve", "env", "doctor", "plugin", "tenant"] {
        assert!(help.contains(command), "{command}: {help}");
    }
}

#[test]
fn env_prints_what_a_shell_understands() {
    let output = run(&["env"]);
    assert!(output.status.success(), "{}", said(&output));
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("export CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE="), "{text}");
    assert!(text.contains("STORAGE_EMULATOR_HOST"), "{text}");
    let json = run(&["env", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert!(json["env"]["STORAGE_EMULATOR_HOST"].is_string(), "{json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f31_a_stopping_server_finishes_what_it_has_in_hand_and_takes_nothing_new() {
    let mut server = Server::start();
    let client = server.client();
    client.bucket("stop").await;
    let address = server.base().to_owned();
    let mut slow = raw::Connection::open(&address);
    let head = "POST /upload/storage/v1/b/stop/o?uploadType=media&name=slow HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\nconnection: close\r\n\r\n";
    slow.send(head).send(vec![b'a'; 100_000]);
    std::thread::sleep(Duration::from_millis(300));
    server.terminate();
    wait_until(Duration::from_secs(5), "no new connections", || {
        std::net::TcpStream::connect(address.trim_start_matches("http://")).is_err()
    });
    slow.send(vec![b'b'; 100_000]);
    let (status, text) = slow.answer();
    assert_eq!(status, 200, "{text}");
    let ended = server.ended_within(Duration::from_secs(15)).expect("it ends");
    assert!(ended.success(), "{ended}: {}", server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn f31_a_request_that_never_ends_does_not_keep_the_server() {
    let mut server = Server::with(Options::new().env("FOGBANK_LIMITS_DRAIN", "1s"));
    let client = server.client();
    client.bucket("stop").await;
    let mut slow = raw::Connection::open(server.base());
    slow.send("POST /upload/storage/v1/b/stop/o?uploadType=media&name=never HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\n\r\nfirst");
    std::thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    server.terminate();
    assert!(server.ended_within(Duration::from_secs(10)).is_some(), "it ends in spite of it");
    assert!(began.elapsed() >= Duration::from_millis(900), "it waited for the limit: {:?}", began.elapsed());
    let left = stored::content_of(server.data(), "default", "storage");
    assert!(left.is_empty(), "nothing half-written is left: {left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn data_outlives_kill_9_and_a_restart() {
    let data = tempfile::tempdir().expect("a folder");
    let options = Options::new().data(data.path());
    let mut server = Server::with(options.clone());
    let client = server.client();
    client.bucket("kept").await;
    client.upload("kept", "o", "content").await.expect(200);
    server.kill();
    let server = Server::with(options);
    assert_eq!(server.client().download("kept", "o").await.expect(200).text(), "content");
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_are_made_listed_reset_and_deleted() {
    let server = Server::start();
    let blue = server.tenant("blue").await;
    blue.bucket("box").await;
    server.tenant_command("reset", "blue").await;
    blue.get("/storage/v1/b/box").await.expect(404);
    server.tenant_command("delete", "blue").await;
    let gone = blue.get("/storage/v1/b/box").await.expect(404).expect_google_form();
    assert!(gone.text().contains("blue"), "{}", gone.text());
    assert!(!server.data().join("tenants/blue").exists(), "nothing of it is left");
    let client = server.client();
    let named = client.request(Method::GET, "/storage/v1/b?project=p").header("host", "nobody.localhost");
    client.send(named).await.expect(404).expect_google_form();
}
