//! A gateway with made-up services, and a client that sends bytes as they are.

use crate::capability::http::Body;
use crate::capability::identity::authority::{Known, Refusal};
use crate::capability::identity::{Ask, Credential, Identity, Origin, Unavailable};
use crate::config::{Config, Layers};
use crate::gateway::operator::OperatorToken;
use crate::gateway::router::Router;
use crate::gateway::{Backend, Gateway, ServiceStatus, listener};
use crate::plugin::call::Call;
use crate::plugin::failure::Failure;
use crate::plugin::manifest::Manifest;
use crate::plugin::package::MemoryPackage;
use crate::tenant::{Tenant, TenantData, Tenants};
use ::http::Response;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const MANIFEST: &str = r#"
name = "things"
version = "0.1.0"
prefixes = ["/things/v1"]
gzip-body = true
hosts = ["things.example.com"]
[limits]
body = "1KiB"
[[route]]
id = "things.echo"
method = "POST"
path = "/things/v1/echo/{name}"
permission = "p"
[[route]]
id = "things.get"
method = "GET"
path = "/things/v1/{name}"
permission = "p"
resource = "//things.example.com/{name}"
[[route]]
id = "things.fail"
method = "POST"
path = "/things/v1/fail/{how}"
permission = "p"
[[route]]
id = "things.later"
method = "GET"
path = "/things/v1/later"
unimplemented = true
"#;

/// Services that answer what they were asked.
pub struct Fake {
    router: Arc<Router<()>>,
    manifest: Arc<Manifest>,
    pub database_works: AtomicBool,
    pub problems: Mutex<BTreeMap<String, Vec<String>>>,
    /// What the gateway wanted to know: who, which permission, on what.
    pub asked: Mutex<Vec<String>>,
}

impl Default for Fake {
    fn default() -> Self {
        let manifest = Manifest::read(&MemoryPackage::of_manifest("things", MANIFEST)).expect("manifest");
        let manifest = Arc::new(manifest);
        let router = Router::build([((), Arc::clone(&manifest))]).expect("no conflict");
        let (database_works, problems) = (AtomicBool::new(true), Mutex::default());
        Self { router: Arc::new(router), manifest, database_works, problems, asked: Mutex::default() }
    }
}

impl Backend for Arc<Fake> {
    type Service = ();

    fn router(&self) -> Arc<Router<()>> {
        Arc::clone(&self.router)
    }

    async fn authenticate(
        &self,
        _: &Arc<Tenant>,
        _: &Origin,
        credential: Credential,
    ) -> Result<Result<Known, Refusal>, Unavailable> {
        let known = |name: &str| Known { name: name.into(), restriction: String::new(), expires_ms: None };
        Ok(match credential {
            Credential::Bearer(token) if token.starts_with("user:") => Ok(known(&token)),
            _ => Err(Refusal { reason: "UNKNOWN_TOKEN".into(), message: "Nobody knows \"this\" token.".into() }),
        })
    }

    async fn may(&self, ask: &Ask<'_>, permission: &Arc<str>, resource: &str) -> Result<bool, Unavailable> {
        self.asked.lock().expect("lock").push(format!("{} {permission} {resource}", ask.caller.name));
        Ok(&*ask.caller.name == "user:ann@example.com")
    }

    async fn call(&self, (): &(), tenant: &Arc<Tenant>, call: Call) -> Result<Response<Body>, Failure> {
        let Call { head, mut body, .. } = call;
        let how = head.params.iter().find(|(name, _)| name == "how").map(|(_, how)| how.as_str());
        match how {
            Some("trap") => return Err(Failure::Trap { backtrace: "secret".into() }),
            Some("panic") => panic!("on purpose"),
            Some("slow") => tokio::time::sleep(Duration::from_millis(300)).await,
            Some("full") => return Err(Failure::NoInstance),
            _ => {}
        }
        if head.params.iter().any(|(name, value)| name == "name" && value == "empty") {
            return Ok(Response::new(Body::empty()));
        }
        let bytes = body.read_to_end(u64::MAX).await.map_err(Failure::RequestBody)?;
        let about = json!({
            "route": &*head.route,
            "params": head.params,
            "path": head.path,
            "query": head.query,
            "base": &*head.base_url,
            "tenant": &*tenant.name,
            "encoded": head.headers.contains_key("content-encoding"),
            "body": String::from_utf8_lossy(&bytes),
        });
        Ok(Response::new(Body::from_bytes(about.to_string())))
    }

    fn identity(&self) -> Option<&Identity> {
        None
    }

    fn services(&self) -> Vec<ServiceStatus> {
        vec![ServiceStatus { manifest: Arc::clone(&self.manifest), revision: "r".into() }]
    }

    fn problems(&self) -> BTreeMap<String, Vec<String>> {
        self.problems.lock().expect("lock").clone()
    }

    async fn check_database(&self) -> Result<(), String> {
        if self.database_works.load(Ordering::Relaxed) { Ok(()) } else { Err("secret reason".into()) }
    }
}

struct NoData;

impl TenantData for NoData {
    fn remove<'a>(&'a self, _: &'a str) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>> {
        Box::pin(async { Ok(()) })
    }
}

/// A server on a free port.
pub struct Server {
    pub gateway: Arc<Gateway<Arc<Fake>>>,
    pub fake: Arc<Fake>,
    pub address: SocketAddr,
    pub stop: CancellationToken,
    pub task: JoinHandle<usize>,
    pub folder: TempDir,
}

/// Starts one, with the text of a configuration file.
pub async fn server(configuration: &str) -> Server {
    let config = Config::from_layers(Layers::new().text("test.toml", configuration)).expect("configuration");
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("tenants.json");
    let tenants = Tenants::open(file, config.quotas, 9, Duration::from_millis(50), Box::new(NoData)).expect("tenants");
    let fake = Arc::new(Fake::default());
    let data = folder.path().to_owned();
    let tls = crate::tls::server(&config, &data).expect("tls");
    let token = Some(OperatorToken::of(&data).expect("token"));
    let gateway = Arc::new(Gateway::new(Arc::clone(&fake), Arc::new(tenants), Arc::new(config), data, token));
    gateway.set_ready(true);
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let address = socket.local_addr().expect("address");
    let stop = CancellationToken::new();
    let task = tokio::spawn(listener::run(Arc::clone(&gateway), socket, tls, listener::Front::Clients, stop.clone()));
    Server { gateway, fake, address, stop, task, folder }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Lower case names.
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines();
        lines.filter_map(|line| line.split_once(": ")).find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Panics unless it is an error in Google's form, with this status.
    pub fn assert_error(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
        let error = &self.json()["error"];
        assert_eq!(error["code"], status, "{self:?}");
        assert!(error["status"].is_string() && error["errors"][0]["reason"].is_string(), "{self:?}");
        assert!(self.header("x-request-id").is_some(), "{self:?}");
    }
}

impl Server {
    /// Sends bytes, ends the sending side, and gives everything that comes back, without a status where that is nothing.
    pub async fn raw(&self, bytes: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.address).await.expect("connects");
        stream.write_all(bytes).await.expect("sends");
        let _ = stream.shutdown().await;
        let mut all = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut all)).await;
        // A connection that is reset behind an answer is as good as closed.
        drop(read.expect("an end"));
        answer(&all)
    }

    /// A request with these header lines (each ends with CRLF) and this body.
    pub async fn send(&self, method: &str, target: &str, headers: &str, body: &str) -> Answer {
        let head = format!("{method} {target} HTTP/1.1\r\nHost: cloud.test\r\nConnection: close\r\n{headers}");
        let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let request = format!("{head}{length}\r\n{body}");
        self.raw(request.as_bytes()).await.expect("an answer")
    }

    pub async fn get(&self, target: &str) -> Answer {
        self.send("GET", target, "", "").await
    }
}

fn answer(bytes: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let head = head.lines().map(|line| match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}\n", name.to_ascii_lowercase()),
        None => format!("{line}\n"),
    });
    Some(Answer { status, head: head.collect(), body: body.to_owned() })
}
