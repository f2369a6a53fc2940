//! Whether the server can do its work (F36): live always; ready when the database answers, every service is loaded, and the
//! disk has its reserve. Docker is reported and changes nothing.

use super::admin::json_answer;
use super::backend::Backend;
use super::pipeline::Gateway;
use crate::capability::docker::client;
use crate::capability::http::Body;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// How long a check may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a container engine may take to answer.
const DOCKER: Duration = Duration::from_millis(500);

/// The answer of `/_fogbank/health/ready`. What the operator should know of a failure is in the log.
pub(super) async fn ready<B: Backend>(gateway: &Gateway<B>) -> Response<Body> {
    let configured = gateway.config.docker.host.as_deref();
    let host = client::host(configured);
    let (database, docker) = tokio::join!(database(gateway), client::ask(&host, DOCKER));
    let disk = disk(&gateway.data, gateway.config.disk_reserve);
    let problems = gateway.backend.problems();
    let ready = gateway.is_ready() && database && disk.enough && problems.is_empty();
    let plugins = gateway.backend.services().into_iter().map(|service| {
        (service.manifest.name.to_string(), json!({ "state": "serving", "version": service.manifest.version }))
    });
    let broken: Vec<&String> = problems.keys().collect();
    let report = json!({
        "status": if ready { "ready" } else { "unready" },
        "started": gateway.is_ready(),
        "database": word(database),
        "disk": { "status": word(disk.enough), "available": disk.available, "reserve": gateway.config.disk_reserve },
        "plugins": plugins.collect::<serde_json::Map<String, Value>>(),
        "not-loaded": broken,
        "docker": if docker.is_ok() { "ok" } else { "unavailable" },
    });
    json_answer(if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &report)
}

fn word(fine: bool) -> &'static str {
    if fine { "ok" } else { "failing" }
}

async fn database<B: Backend>(gateway: &Gateway<B>) -> bool {
    let why = match tokio::time::timeout(PATIENCE, gateway.backend.check_database()).await {
        Ok(Ok(())) => return true,
        Ok(Err(why)) => why,
        Err(_) => format!("no answer in {PATIENCE:?}"),
    };
    tracing::warn!(why, "the database does not answer");
    false
}

/// Room on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Bytes that this account may still use.
    pub available: u64,
    /// Whether that is more than the reserve.
    pub enough: bool,
}

/// Room on the disk of `folder`; none where it cannot be asked.
pub fn disk(folder: &Path, reserve: u64) -> Disk {
    match rustix::fs::statvfs(folder) {
        Ok(about) => {
            let available = about.f_bavail.saturating_mul(about.f_frsize);
            Disk { available, enough: available >= reserve }
        }
        Err(error) => {
            tracing::warn!(%error, folder = %folder.display(), "the disk cannot be asked for its room");
            Disk { available: 0, enough: false }
        }
    }
}
