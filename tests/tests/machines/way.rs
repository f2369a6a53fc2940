//! The server's way to the engine: a socket of the test's own, which can be closed, and on which requests can be kept waiting or refused
//! in the engine's name.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Notify, watch};

/// A socket that leads to the engine's while it is open.
pub struct Way {
    path: PathBuf,
    gate: Arc<Gate>,
    _folder: tempfile::TempDir,
}

struct Gate {
    open: watch::Sender<bool>,
    rules: Mutex<Vec<Rule>>,
}

/// What happens to requests whose first line has the words of `text` in it.
struct Rule {
    text: String,
    then: Then,
    /// How many of them yet.
    times: u32,
    met: u32,
}

/// What happens to a request.
#[derive(Debug, Clone)]
pub enum Then {
    /// It is answered with this status and message, and the engine does not hear of it.
    Refuse(u16, &'static str),
    /// The engine hears of it that much later.
    Delay(Duration),
    /// The engine hears of it when the test says so.
    Hold(Arc<Notify>),
    /// The engine does it, and the connection ends before its answer comes.
    LoseAnswer,
}

impl Way {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&path).expect("a socket");
        let gate = Arc::new(Gate { open: watch::Sender::new(true), rules: Mutex::default() });
        let each = Arc::clone(&gate);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(lead(client, Arc::clone(&each)));
            }
        });
        Self { path, gate, _folder: folder }
    }

    /// As `DOCKER_HOST` has it.
    pub fn host(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// Shuts it, which ends what is on it, or opens it again.
    pub fn set(&self, open: bool) {
        self.gate.open.send_replace(open);
    }

    /// What happens to the next `times` requests whose first line has the words of `text` in their order (`POST containers/create`).
    pub fn on(&self, text: &str, times: u32, then: Then) {
        self.gate.rules.lock().expect("rules").push(Rule { text: text.to_owned(), then, times, met: 0 });
    }

    /// Whether a rule has met a request.
    pub fn has_met(&self) -> bool {
        self.gate.rules.lock().expect("rules").iter().any(|rule| rule.met > 0)
    }

    /// Ends all rules; how many requests they met.
    pub fn met(&self) -> u32 {
        self.gate.rules.lock().expect("rules").drain(..).map(|rule| rule.met).sum()
    }
}

impl Gate {
    fn then(&self, request: &[u8]) -> Option<Then> {
        let line = std::str::from_utf8(request.split(|byte| *byte == b'\r').next()?).ok()?;
        let mut rules = self.rules.lock().expect("rules");
        let meets = |rule: &&mut Rule| rule.times > 0 && line.ends_with("HTTP/1.1") && matches(line, &rule.text);
        let rule = rules.iter_mut().find(meets)?;
        rule.times -= 1;
        rule.met += 1;
        Some(rule.then.clone())
    }
}

/// Whether all words of `text` are in the line, in their order.
fn matches(line: &str, text: &str) -> bool {
    let mut rest = line;
    text.split(' ').all(|word| match rest.find(word) {
        Some(at) => {
            rest = &rest[at + word.len()..];
            true
        }
        None => false,
    })
}

/// One connection. The client may end its half alone, as it does on a process's input; when the engine ends its own, all is said.
async fn lead(client: UnixStream, gate: Arc<Gate>) {
    let mut open = gate.open.subscribe();
    if !*open.borrow_and_update() {
        return;
    }
    let Ok(engine) = UnixStream::connect(engine()).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_engine, to_engine) = engine.into_split();
    let line = Line { to_client: tokio::sync::Mutex::new(to_client), lost: AtomicBool::new(false), gate: &gate };
    let asking = async {
        if !line.ask(from_client, to_engine).await {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = line.answer(from_engine) => {}
        () = asking => {}
        _ = open.wait_for(|open| !open) => {}
    }
}

/// A connection's side to the client.
struct Line<'a> {
    to_client: tokio::sync::Mutex<OwnedWriteHalf>,
    /// The engine's next words are not passed on.
    lost: AtomicBool,
    gate: &'a Gate,
}

impl Line<'_> {
    /// Carries requests until the client has said all; whether the connection is to end with that. The head of a request comes in one
    /// piece, since clients write it so.
    async fn ask(&self, mut client: OwnedReadHalf, mut engine: OwnedWriteHalf) -> bool {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(length @ 1..) = client.read(&mut buffer).await {
            match self.gate.then(&buffer[..length]) {
                None => {}
                Some(Then::Delay(time)) => tokio::time::sleep(time).await,
                Some(Then::Hold(word)) => word.notified().await,
                Some(Then::LoseAnswer) => self.lost.store(true, Ordering::Relaxed),
                Some(Then::Refuse(status, message)) => {
                    self.refuse(status, message).await;
                    // The rest of the request, so that the client gets to read the answer.
                    while let Ok(1..) = client.read(&mut buffer).await {}
                    return true;
                }
            }
            if engine.write_all(&buffer[..length]).await.is_err() {
                return true;
            }
        }
        let _ = engine.shutdown().await;
        false
    }

    async fn refuse(&self, status: u16, message: &str) {
        let body = serde_json::json!({ "message": message }).to_string();
        let head = format!("HTTP/1.1 {status} Refused\r\ncontent-type: application/json\r\nconnection: close\r\n");
        let text = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        let mut to_client = self.to_client.lock().await;
        // A client that has gone needs no answer.
        let _ = to_client.write_all(text.as_bytes()).await;
        let _ = to_client.shutdown().await;
    }

    async fn answer(&self, mut engine: OwnedReadHalf) {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(length @ 1..) = engine.read(&mut buffer).await {
            if self.lost.load(Ordering::Relaxed)
                || self.to_client.lock().await.write_all(&buffer[..length]).await.is_err()
            {
                return;
            }
        }
    }
}

fn engine() -> PathBuf {
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    host.strip_prefix("unix://").map_or_else(|| Path::new("/var/run/docker.sock").to_path_buf(), PathBuf::from)
}
