use super::support::{Server, server};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const CONFIG: &str = "tls = \"self-signed\"\n[limits]\nheader-timeout = \"300ms\"";

/// Shakes hands; `alpn` is what the client speaks.
async fn connect(server: &Server, alpn: &[u8]) -> TlsStream<TcpStream> {
    let mut trusting = crate::tls::client(Some(&server.folder.path().join("tls/cert.pem"))).expect("a client");
    trusting.alpn_protocols = vec![alpn.to_vec()];
    let stream = TcpStream::connect(server.address).await.expect("connects");
    let name = "cloud.test".try_into().expect("a name");
    TlsConnector::from(Arc::new(trusting)).connect(name, stream).await.expect("shakes hands")
}

#[tokio::test]
async fn over_tls_links_are_https_and_a_body_arrives_whole() {
    let server = server(CONFIG).await;
    let mut stream = connect(&server, b"http/1.1").await;
    let request =
        "POST /things/v1/echo/x HTTP/1.1\r\nHost: cloud.test\r\nConnection: close\r\nContent-Length: 5\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream.write_all(b"hello").await.expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("an answer, and a proper end");
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(text.contains("\"base\":\"https://cloud.test\"") && text.contains("\"body\":\"hello\""), "{text}");
}

#[tokio::test]
async fn over_tls_http_2_is_spoken_where_the_client_can() {
    let server = server(CONFIG).await;
    let stream = connect(&server, b"h2").await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let connected = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = connected.expect("HTTP/2");
    tokio::spawn(connection);
    let request = http::Request::get("https://cloud.test/things/v1/x").body(Empty::<Bytes>::new()).expect("a request");
    let answer = sender.send_request(request).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.expect("whole").to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("https://cloud.test"), "{body:?}");
}

#[tokio::test]
async fn clear_http_to_a_server_that_speaks_tls_is_told_so() {
    let server = server(CONFIG).await;
    let answer = server.send("POST", "/things/v1/echo/x", "", &"x".repeat(1 << 20)).await;
    answer.assert_error(400);
    assert!(answer.body.contains("https://"), "{answer:?}");
    server.send("POST", "/_fogbank/tenants/default/reset", "", "").await.assert_error(400);
}

#[tokio::test]
async fn a_handshake_that_stands_still_or_makes_no_sense_ends_the_connection_only() {
    let server = server(CONFIG).await;
    for begun in [&[22_u8, 3, 1][..], &[22, 3, 1, 0, 5, 1, 2, 3, 4, 5], b""] {
        let mut stream = TcpStream::connect(server.address).await.expect("connects");
        stream.write_all(begun).await.expect("sent");
        let mut rest = Vec::new();
        let read = tokio::time::timeout(std::time::Duration::from_secs(5), stream.read_to_end(&mut rest));
        let _ = read.await.expect("it is let go");
        assert!(!rest.starts_with(b"HTTP"), "{rest:?}");
    }
    // One that has shaken hands and then says nothing, or half of HTTP/2's first line.
    for begun in [&b""[..], b"PRI * HTTP/2"] {
        let mut stream = connect(&server, b"h2").await;
        stream.write_all(begun).await.expect("sent");
        let mut rest = Vec::new();
        let read = tokio::time::timeout(std::time::Duration::from_secs(5), stream.read_to_end(&mut rest));
        let _ = read.await.expect("it is let go");
        assert!(rest.is_empty(), "{rest:?}");
    }
    connect(&server, b"http/1.1").await;
}

#[tokio::test]
async fn another_servers_certificate_is_not_trusted() {
    let (server, other) = (server(CONFIG).await, server(CONFIG).await);
    let trusting = crate::tls::client(Some(&other.folder.path().join("tls/cert.pem"))).expect("a client");
    let stream = TcpStream::connect(server.address).await.expect("connects");
    let name = "localhost".try_into().expect("a name");
    assert!(TlsConnector::from(Arc::new(trusting)).connect(name, stream).await.is_err());
}

#[tokio::test]
async fn f31_a_stopping_server_does_not_wait_for_handshakes() {
    let server = server("tls = \"self-signed\"").await;
    let _idle = TcpStream::connect(server.address).await.expect("connects");
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    server.stop.cancel();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(3), server.task).await;
    assert_eq!(ended.expect("at once").expect("ended"), 0);
}
