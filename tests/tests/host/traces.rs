//! Traces: one from the client through the host, the service and its database, sent over OTLP.

use fogbank_tests::{Options, Server, wait_until};
use reqwest::Method;
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Takes what is sent to `/v1/traces`.
struct Collector {
    base: String,
    received: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let received = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let into = Arc::clone(&into);
                std::thread::spawn(move || take(stream, &into));
            }
        });
        Self { base, received }
    }

    fn has(&self, bytes: &[u8]) -> bool {
        let received = self.received.lock().expect("lock");
        received.windows(bytes.len()).any(|window| window == bytes)
    }
}

fn take(stream: TcpStream, into: &Mutex<Vec<u8>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    loop {
        let (mut length, mut line) = (0, String::new());
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("the body");
        into.lock().expect("lock").extend_from_slice(&body);
        (&stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").expect("answered");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_goes_from_the_client_through_host_service_and_database() {
    let collector = Collector::start();
    let options = Options::new().env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.base.clone());
    let server = Server::with(options.env("OTEL_BSP_SCHEDULE_DELAY", "100"));
    let client = server.client();
    let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
    let insert = client.request(Method::POST, "/storage/v1/b?project=p").header("traceparent", parent);
    client.send(insert.json(&json!({ "name": "traced" }))).await.expect(200);
    let trace: Vec<u8> =
        (0..TRACE.len()).step_by(2).map(|at| u8::from_str_radix(&TRACE[at..at + 2], 16).expect("hex")).collect();
    wait_until(Duration::from_secs(20), "the trace arrives", || {
        collector.has(&trace) && [&b"request"[..], b"call", b"database."].iter().all(|name| collector.has(name))
    });
}
