//! The baselines: a hyper server that does the same work by hand, without a component, a capability or a tenant.

mod instances;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use md5::{Digest, Md5};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::io::ReaderStream;

type Body = BoxBody<Bytes, std::io::Error>;

/// The argument with which this program is a baseline.
pub const ARGUMENT: &str = "--native";

/// What the native server answers from.
struct Source {
    folder: PathBuf,
    database: Option<SqlitePool>,
}

/// A baseline in a process of its own; ended when it is dropped.
pub struct Native {
    child: Child,
    base: String,
}

impl Native {
    /// Starts one that serves the files of `folder` and the rows of `database`.
    pub fn start(folder: &Path, database: Option<&Path>) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
        command.arg(ARGUMENT).arg(folder).args(database).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program starts");
        let mut base = String::new();
        let output = child.stdout.take().expect("piped");
        std::io::BufReader::new(output).read_line(&mut base).expect("its address");
        Self { child, base: base.trim().to_owned() }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> &str {
        &self.base
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The baseline itself: prints its base URL and serves until it is ended.
pub async fn child(folder: PathBuf, file: Option<PathBuf>) {
    let database = match file {
        Some(file) => Some(database(&file).await),
        None => None,
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    println!("http://{}", listener.local_addr().expect("bound"));
    let source = Arc::new(Source { folder, database });
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let source = Arc::clone(&source);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&source), request));
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// Opens a database as the host does.
async fn database(file: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new().max_connections(4).min_connections(4).test_before_acquire(false);
    pool.connect_with(options).await.expect("the database opens")
}

async fn answer(native: Arc<Source>, request: Request<Incoming>) -> Result<Response<Body>, std::io::Error> {
    let path = request.uri().path().to_string();
    match path.as_str() {
        "/hello" => Ok(json(Bytes::from_static(b"{\"message\":\"hello\"}"))),
        "/object" => object(&native).await,
        "/buckets" => buckets(&native).await,
        "/instances" => instance(&native, request.into_body()).await,
        "/upload" => upload(&native, request.into_body(), false).await,
        "/durable" => upload(&native, request.into_body(), true).await,
        path => download(&native.folder.join(path.trim_start_matches('/'))).await,
    }
}

fn json(bytes: Bytes) -> Response<Body> {
    let mut response = Response::new(Full::new(bytes).map_err(|never| match never {}).boxed());
    let value = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, value);
    response
}

/// The row of one object by its key, as JSON.
async fn object(native: &Source) -> Result<Response<Body>, std::io::Error> {
    let pool = native.database.as_ref().expect("this server has a database");
    let sql = "SELECT o.* FROM buckets b JOIN objects o ON o.bucket = b.id AND o.name = $2 AND o.state = 'live' \
               WHERE b.name = $1 AND b.soft_deleted_ms IS NULL";
    let row = sqlx::query(sql).bind("bench-objects").bind("object").fetch_one(pool).await;
    let row = row.map_err(std::io::Error::other)?;
    let document = serde_json::json!({
        "name": row.get::<String, _>("name"),
        "generation": row.get::<i64, _>("generation").to_string(),
        "metageneration": row.get::<i64, _>("metageneration").to_string(),
        "size": row.get::<i64, _>("size").to_string(),
        "crc32c": row.get::<i64, _>("crc32c"),
        "storageClass": row.get::<String, _>("storage_class"),
        "timeCreated": row.get::<i64, _>("created_ms"),
        "updated": row.get::<i64, _>("updated_ms"),
    });
    Ok(json(document.to_string().into()))
}

/// The rows of a project's buckets, as JSON.
async fn buckets(native: &Source) -> Result<Response<Body>, std::io::Error> {
    let pool = native.database.as_ref().expect("this server has a database");
    let sql = "SELECT * FROM buckets WHERE project = $1 AND soft_deleted_ms IS NULL ORDER BY name LIMIT 1000";
    let rows = sqlx::query(sql).bind("bench").fetch_all(pool).await.map_err(std::io::Error::other)?;
    let bucket = |row: &sqlx::sqlite::SqliteRow| {
        let config: serde_json::Value = serde_json::from_str(&row.get::<String, _>("config")).unwrap_or_default();
        serde_json::json!({
            "name": row.get::<String, _>("name"),
            "metageneration": row.get::<i64, _>("metageneration").to_string(),
            "timeCreated": row.get::<i64, _>("created_ms"),
            "config": config,
        })
    };
    let items: Vec<_> = rows.iter().map(bucket).collect();
    Ok(json(serde_json::json!({ "items": items }).to_string().into()))
}

/// Writes what an instance leaves in databases.
async fn instance(native: &Source, body: Incoming) -> Result<Response<Body>, std::io::Error> {
    let pool = native.database.as_ref().expect("this server has a database");
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    Ok(json(instances::insert(pool, &body).await?.to_string().into()))
}

/// Writes a body to a file with both hashes, on a blocking thread behind a bounded channel.
async fn upload(native: &Source, mut body: Incoming, durable: bool) -> Result<Response<Body>, std::io::Error> {
    let (sender, mut chunks) = tokio::sync::mpsc::channel::<Bytes>(32);
    let folder = native.folder.clone();
    let writing = tokio::task::spawn_blocking(move || -> std::io::Result<(u64, String, u32)> {
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        let (mut md5, mut size) = (Md5::new(), 0);
        let mut crc = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32Iscsi);
        while let Some(chunk) = chunks.blocking_recv() {
            md5.update(&chunk);
            crc.update(&chunk);
            file.write_all(&chunk)?;
            size += chunk.len() as u64;
        }
        if durable {
            file.as_file().sync_data()?;
            std::fs::File::open(&folder)?.sync_all()?;
        }
        Ok((size, format!("{:?}", md5.finalize()), crc.finalize() as u32))
    });
    while let Some(frame) = body.frame().await {
        if let Ok(chunk) = frame.map_err(std::io::Error::other)?.into_data()
            && sender.send(chunk).await.is_err()
        {
            break;
        }
    }
    drop(sender);
    let (size, md5, crc) = writing.await.map_err(std::io::Error::other)??;
    Ok(json(serde_json::json!({ "size": size, "md5": md5, "crc32c": crc }).to_string().into()))
}

async fn download(file: &Path) -> Result<Response<Body>, std::io::Error> {
    let file = tokio::fs::File::open(file).await?;
    let length = file.metadata().await?.len();
    let chunks = ReaderStream::with_capacity(file, 256 << 10).map(|chunk| chunk.map(Frame::data));
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(chunks)));
    response.headers_mut().insert(hyper::header::CONTENT_LENGTH, length.into());
    Ok(response)
}
