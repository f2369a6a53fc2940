//! Requests over kept-alive connections.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// One request, sent again and again.
#[derive(Debug, Clone)]
pub struct Shot {
    pub method: &'static str,
    /// Path and query; `{n}` is replaced by a number that is different each time.
    pub path: String,
    /// As the path.
    pub body: Bytes,
    /// An access token.
    pub token: Option<String>,
}

impl Shot {
    fn body(&self, n: u64) -> Bytes {
        match std::str::from_utf8(&self.body) {
            Ok(text) if text.contains("{n}") => text.replace("{n}", &n.to_string()).into(),
            _ => self.body.clone(),
        }
    }

    /// A GET.
    pub fn get(path: &str) -> Self {
        Self { method: "GET", path: path.into(), body: Bytes::new(), token: None }
    }
}

/// Requests a second that `connections` clients get done in `seconds`.
///
/// # Panics
/// When an answer is not 2xx: a fast refusal is no result.
pub async fn rate(base: &str, shot: &Shot, connections: usize, seconds: u64) -> f64 {
    let authority = base.trim_start_matches("http://").to_string();
    let (done, count) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let began = Instant::now();
    let until = began + Duration::from_secs(seconds);
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let (authority, shot, done, count) = (authority.clone(), shot.clone(), done.clone(), count.clone());
        clients.spawn(async move {
            let mut sender = connect(&authority).await;
            while Instant::now() < until {
                let n = count.fetch_add(1, Ordering::Relaxed);
                fire(&mut sender, &authority, &shot, n).await;
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    while let Some(client) = clients.join_next().await {
        client.expect("a client does not panic");
    }
    done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()
}

/// Sends `shot` `times` times over `connections` connections, and returns when all have been answered.
///
/// # Panics
/// As [`rate`].
pub async fn batch(base: &str, shot: &Shot, connections: usize, times: u64) {
    let authority = base.trim_start_matches("http://").to_string();
    let count = Arc::new(AtomicU64::new(0));
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let (authority, shot, count) = (authority.clone(), shot.clone(), Arc::clone(&count));
        clients.spawn(async move {
            let mut sender = connect(&authority).await;
            loop {
                let n = count.fetch_add(1, Ordering::Relaxed);
                if n >= times {
                    break;
                }
                fire(&mut sender, &authority, &shot, n).await;
            }
        });
    }
    while let Some(client) = clients.join_next().await {
        client.expect("a client does not panic");
    }
}

/// Milliseconds that one request takes on a connection of its own, the middle of `times`.
pub async fn latency(base: &str, shot: &Shot, times: usize) -> f64 {
    let authority = base.trim_start_matches("http://").to_string();
    let mut sender = connect(&authority).await;
    let mut took = Vec::new();
    for n in 0..times as u64 {
        let began = Instant::now();
        fire(&mut sender, &authority, shot, n).await;
        took.push(began.elapsed().as_secs_f64() * 1e3);
    }
    super::report::median(took)
}

async fn connect(authority: &str) -> http1::SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(authority).await.expect("the server listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
    tokio::spawn(connection);
    sender
}

async fn fire(sender: &mut http1::SendRequest<Full<Bytes>>, authority: &str, shot: &Shot, n: u64) {
    let mut request = hyper::Request::builder();
    if let Some(token) = &shot.token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request
        .method(shot.method)
        .uri(shot.path.replace("{n}", &n.to_string()))
        .header("host", authority)
        .header("content-type", "application/octet-stream")
        .body(Full::new(shot.body(n)))
        .expect("a request");
    // The connection is ready for another request a moment after the last answer's end.
    sender.ready().await.expect("the connection stays");
    let response = sender.send_request(request).await.expect("an answer");
    let status = response.status();
    let body = response.into_body().collect().await.expect("a whole answer").to_bytes();
    assert!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
}
