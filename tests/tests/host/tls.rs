//! TLS: with a certificate that is made here, and with the operator's.

use fogbank_tests::server::command;
use fogbank_tests::tls::{Answer, exchange};
use fogbank_tests::{Options, Server, raw};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn self_signed(data: &Path) -> Server {
    Server::with(Options::new().data(data).arg("--tls").arg("self-signed"))
}

fn own_certificate(data: &Path) -> PathBuf {
    data.join("tls/cert.pem")
}

fn get(server: &Server, path: &str) -> Answer {
    exchange(server.base(), "GET", path, "", &own_certificate(server.data())).expect("an answer")
}

#[test]
fn a_self_signed_certificate_is_good_for_every_client_and_stays_over_a_restart() {
    let data = tempfile::tempdir().expect("a folder");
    let mut server = self_signed(data.path());
    assert!(server.base().starts_with("https://127.0.0.1:"), "{}", server.base());
    let first = get(&server, "/_fogbank/health/live");
    assert_eq!(first.status, 200, "{}", first.text);
    let key = data.path().join("tls/key.pem");
    let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&key), mode(&data.path().join("tls"))), (0o600, 0o700));
    let kept = std::fs::read(&key).expect("the key");
    server.kill();
    let server = self_signed(data.path());
    assert_eq!(get(&server, "/_fogbank/health/live").certificate, first.certificate);
    assert_eq!(std::fs::read(&key).expect("the key"), kept);
    let log = server.log();
    assert!(!log.contains("PRIVATE KEY"), "{log}");
}

#[test]
fn links_in_answers_are_https() {
    let data = tempfile::tempdir().expect("a folder");
    let server = self_signed(data.path());
    let path = "/storage/v1/b?project=p";
    let made = exchange(server.base(), "POST", path, "{\"name\": \"boxes\"}", &own_certificate(data.path()));
    let made = made.expect("an answer");
    assert_eq!(made.status, 200, "{}", made.text);
    assert!(made.text.contains(&format!("{}/storage/v1/b/boxes", server.base())), "{}", made.text);
}

#[test]
fn clear_http_is_refused_in_googles_form() {
    let data = tempfile::tempdir().expect("a folder");
    let server = self_signed(data.path());
    let clear = server.base().replace("https://", "http://");
    let request = "GET /storage/v1/b?project=p HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let (status, text) = raw::exchange(&clear, request);
    assert_eq!(status, 400, "{text}");
    let (_, body) = text.split_once("\r\n\r\n").expect("a body");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body["error"]["code"], 400);
    assert!(body["error"]["message"].as_str().is_some_and(|message| message.contains("https://")), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_reach_a_server_over_tls_and_env_has_clients_trust_it() {
    let data = tempfile::tempdir().expect("a folder");
    let server = self_signed(data.path());
    server.tenant_command("create", "blue").await;
    server.tenant_command("delete", "blue").await;
    let output = command(&["env", "--data"]).arg(data.path()).output().expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains(&format!("'{}", server.base())), "{text}");
    for variable in ["CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"]
    {
        let prefix = format!("export {variable}='");
        let line =
            text.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_else(|| panic!("{variable}: {text}"));
        let file = std::fs::read_to_string(line.trim_end_matches('\'')).expect("the file that is named");
        assert!(file.contains("BEGIN CERTIFICATE"), "{variable}");
    }
}

#[test]
fn the_operators_own_certificate_is_served() {
    let data = tempfile::tempdir().expect("a folder");
    drop(self_signed(data.path()));
    let (certificate, key) = (own_certificate(data.path()), data.path().join("tls/key.pem"));
    let files = format!("{},{}", certificate.display(), key.display());
    let server = Server::with(Options::new().arg("--tls").arg(files));
    let answer = exchange(server.base(), "GET", "/_fogbank/health/live", "", &certificate).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(!server.data().join("tls").exists(), "none is made beside it");
}

#[test]
fn certificates_that_cannot_be_used_are_status_2_and_named_with_all_else_that_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let (certificate, key) = (folder.path().join("broken.pem"), folder.path().join("missing.pem"));
    std::fs::write(&certificate, "-----BEGIN CERTIFICATE-----\nno base64\n-----END CERTIFICATE-----\n")
        .expect("written");
    let files = format!("{},{}", certificate.display(), key.display());
    let output = command(&["serve", "--tls", &files, "--log-format", "morse"]).output().expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in ["--tls", "broken.pem", "missing.pem", "morse"] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
}
