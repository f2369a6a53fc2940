//! Secrets are shown once, never logged, and kept in files that only their owner reads (F28).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fogbank_tests::{Options, Server, stored};
use reqwest::Method;
use sha2::{Digest, Sha256};
use std::os::unix::fs::PermissionsExt;

#[tokio::test(flavor = "multi_thread")]
async fn f28_the_secret_of_an_hmac_key_is_shown_once() {
    let server = Server::with(Options::new().arg("--log").arg("debug"));
    let client = server.client();
    let path = "/storage/v1/projects/p/hmacKeys?serviceAccountEmail=sa@p.iam.gserviceaccount.com";
    let made = client.send(client.request(Method::POST, path)).await.expect(200).json();
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    let id = made["metadata"]["accessId"].as_str().expect("an id").to_owned();
    assert_eq!(secret.len(), 40, "{secret}");
    for path in [format!("/storage/v1/projects/p/hmacKeys/{id}"), "/storage/v1/projects/p/hmacKeys".to_owned()] {
        let answer = client.get(&path).await.expect(200);
        assert!(answer.text().contains(&id) && !answer.text().contains(&secret), "{}", answer.text());
    }
    client.delete(&format!("/storage/v1/projects/p/hmacKeys/{id}")).await.expect(400).expect_google_form();
    let inactive = serde_json::json!({ "state": "INACTIVE" });
    client.put(&format!("/storage/v1/projects/p/hmacKeys/{id}"), inactive).await.expect(200);
    client.delete(&format!("/storage/v1/projects/p/hmacKeys/{id}")).await.expect(204);
    assert!(!server.log().contains(&secret), "the secret is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn f28_a_customers_key_is_neither_kept_nor_logged() {
    let server = Server::with(Options::new().arg("--log").arg("debug"));
    let client = server.client();
    client.bucket("box").await;
    let key = [7_u8; 32];
    let (key64, hash) = (STANDARD.encode(key), STANDARD.encode(Sha256::digest(key)));
    let keyed = |request: reqwest::RequestBuilder, key: &str| {
        request
            .header("x-goog-encryption-algorithm", "AES256")
            .header("x-goog-encryption-key", key)
            .header("x-goog-encryption-key-sha256", &hash)
    };
    let object = client.send(keyed(client.media("box", "o"), &key64).body("content")).await.expect(200).json();
    assert_eq!(object["customerEncryption"]["keySha256"], hash);
    client.download("box", "o").await.expect(400).expect_google_form();
    let read =
        client.send(keyed(client.request(Method::GET, "/storage/v1/b/box/o/o?alt=media"), &key64)).await.expect(200);
    assert_eq!(read.text(), "content");
    let other = STANDARD.encode([8_u8; 32]);
    client
        .send(keyed(client.request(Method::GET, "/storage/v1/b/box/o/o?alt=media"), &other))
        .await
        .expect(400)
        .expect_google_form();
    assert!(!server.log().contains(&key64), "the key is in the log");
    assert_eq!(stored::files_with(server.data(), key64.as_bytes()), Vec::<std::path::PathBuf>::new());
    assert_eq!(stored::files_with(server.data(), &key), Vec::<std::path::PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn f28_the_data_folder_is_its_owners_alone() {
    let parent = tempfile::tempdir().expect("a folder");
    let data = parent.path().join("data");
    let server =
        Server::with(Options::new().data(&data).env("FOGBANK_CACHE", data.join("cache").display().to_string()));
    server.client().bucket("box").await;
    server.client().upload("box", "o", "content").await.expect(200);
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700, "the data folder");
    assert_eq!(mode(&data.join("cache")), 0o700, "compiled code is written by us alone");
    // Where the server listens is no secret.
    let open = data.join("server.json");
    for (file, _) in stored::files_below(&data).into_iter().filter(|(file, _)| *file != open) {
        assert_eq!(mode(&file) & 0o077, 0, "{} is readable by others: {:o}", file.display(), mode(&file));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f28_credentials_of_requests_are_not_logged() {
    let server = Server::with(Options::new().arg("--log").arg("debug,access=debug"));
    let client = server.client();
    let request = client
        .request(Method::GET, "/storage/v1/b?project=p&access_token=token-in-a-query")
        .header("authorization", "Bearer token-in-a-header");
    client.send(request).await.expect(200);
    for token in ["token-in-a-query", "token-in-a-header"] {
        assert!(!server.log().contains(token), "{token} is in the log");
    }
}
