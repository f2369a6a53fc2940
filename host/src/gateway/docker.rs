//! Whether a Docker daemon answers.

use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// How long it may take.
const PATIENCE: Duration = Duration::from_millis(500);

/// The daemon's socket: that of `DOCKER_HOST`, or the usual one.
pub fn socket() -> PathBuf {
    let named = std::env::var("DOCKER_HOST").ok();
    let path = named.as_deref().and_then(|host| host.strip_prefix("unix://")).unwrap_or("/var/run/docker.sock");
    PathBuf::from(path)
}

/// Asks the daemon whether it is there; the error is a sentence for the operator.
pub async fn ping() -> Result<(), String> {
    match tokio::time::timeout(PATIENCE, ask()).await {
        Ok(answer) => answer.map_err(|error| format!("{}: {error}", socket().display())),
        Err(_) => Err(format!("{}: no answer in {PATIENCE:?}", socket().display())),
    }
}

async fn ask() -> std::io::Result<()> {
    let mut stream = UnixStream::connect(socket()).await?;
    stream.write_all(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n").await?;
    let mut answer = [0_u8; 12];
    stream.read_exact(&mut answer).await?;
    match answer.ends_with(b" 200") {
        true => Ok(()),
        false => Err(std::io::Error::other(String::from_utf8_lossy(&answer).into_owned())),
    }
}
