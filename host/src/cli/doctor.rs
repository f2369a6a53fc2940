//! `fogbank doctor`: what works on this machine, and what to do where something does not.

use super::Failure;
use super::args::Settings;
use super::client::Client;
use crate::capability::docker::{Backend, client};
use crate::config::{Config, DataFolder, Database, Tls};
use http::Method;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::TcpListener;

/// How long the container engine may take.
const DOCKER: Duration = Duration::from_secs(1);

/// One line of the report.
struct Finding {
    what: &'static str,
    /// None where it is as good as missing, and nothing needs it.
    fine: Option<bool>,
    text: String,
}

/// Looks around and prints what it finds; fails where the server could not run.
pub async fn run(settings: &Settings) -> Result<(), Failure> {
    let config = settings.config()?;
    let mut findings = vec![version(), engine(), address_space(), disk(&config)];
    findings.push(port(config.listen, &Client::of(&config)?).await);
    findings.push(encryption(&config));
    findings.push(database(&config));
    findings.push(containers(&config).await);
    findings.push(files());
    for Finding { what, fine, text } in &findings {
        let mark = match fine {
            Some(true) => "ok     ",
            Some(false) => "PROBLEM",
            None => "absent ",
        };
        println!("{mark}  {what:14} {text}");
    }
    match findings.iter().any(|finding| finding.fine == Some(false)) {
        true => Err(Failure::other("something above keeps the server from running well")),
        false => Ok(()),
    }
}

fn version() -> Finding {
    let contract = crate::plugin::bindings::VERSION;
    let (version, system, machine) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    let text = format!("fogbank {version}, contract {contract}, {system} on {machine}");
    Finding { what: "version", fine: Some(true), text }
}

fn engine() -> Finding {
    match crate::plugin::engine::build() {
        Ok((_, allocation)) => {
            Finding { what: "engine", fine: Some(true), text: format!("instances are allocated {allocation:?}") }
        }
        Err(error) => Finding { what: "engine", fine: Some(false), text: format!("no WebAssembly engine: {error:#}") },
    }
}

/// The pool of instances reserves address space, not memory; a limit on it (`ulimit -v`) makes each instance slower.
fn address_space() -> Finding {
    let limit = rustix::process::getrlimit(rustix::process::Resource::As).current;
    let (fine, text) = match limit {
        None => (Some(true), "not limited".to_owned()),
        Some(bytes) => (Some(true), format!("limited to {} GiB (ulimit -v): instances may not be pooled", bytes >> 30)),
    };
    Finding { what: "address space", fine, text }
}

fn disk(config: &Config) -> Finding {
    let folder = match &config.data {
        DataFolder::At(folder) => folder.clone(),
        DataFolder::Ephemeral => std::env::temp_dir(),
    };
    let disk = crate::gateway::disk(&existing(&folder), config.disk_reserve);
    let (free, reserve) = (disk.available >> 20, config.disk_reserve >> 20);
    let text = format!("{}: {free} MiB free, {reserve} MiB are kept in reserve (disk-reserve)", folder.display());
    Finding { what: "disk", fine: Some(disk.enough), text }
}

/// The folder, or the nearest one above it that is there.
fn existing(folder: &Path) -> PathBuf {
    folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

async fn port(listen: SocketAddr, client: &Client) -> Finding {
    let what = "address";
    match TcpListener::bind(listen).await {
        Ok(_) => Finding { what, fine: Some(true), text: format!("{listen} is free") },
        Err(error) => match client.try_send(Method::GET, "/health/ready", None).await {
            Ok((status, _)) => {
                Finding { what, fine: Some(true), text: format!("a fogbank serves at {listen} (health: {status})") }
            }
            Err(_) => {
                Finding { what, fine: Some(false), text: format!("{listen}: {error}; choose another with --listen") }
            }
        },
    }
}

fn encryption(config: &Config) -> Finding {
    let text = match &config.tls {
        Tls::Off => "off: clear HTTP (tls)".to_owned(),
        Tls::SelfSigned => match crate::tls::configured(config) {
            Some(file) if file.is_file() => {
                format!("self-signed, {}; `fogbank env` has clients trust it", file.display())
            }
            _ => "self-signed, made by the first start; `fogbank env` has clients trust it".to_owned(),
        },
        Tls::Files { certificate, .. } => format!("with the certificate in {}", certificate.display()),
    };
    Finding { what: "tls", fine: Some(true), text }
}

fn database(config: &Config) -> Finding {
    let text = match &config.database {
        Database::Sqlite => "SQLite, a file for each tenant and service".to_owned(),
        // The URL may hold a password.
        Database::Postgres(_) => "PostgreSQL, as configured".to_owned(),
    };
    Finding { what: "database", fine: Some(true), text }
}

/// The container engine, and what machines would be.
async fn containers(config: &Config) -> Finding {
    let (what, docker) = ("docker", &config.docker);
    if docker.backend == Backend::Records {
        let text = "not used: machines are records that change state (compute = metadata)".to_owned();
        return Finding { what, fine: None, text };
    }
    match client::ask(&client::host(docker.host.as_deref()), DOCKER).await {
        Ok(version) => {
            let (pool, pull) = (docker.pool, if docker.images.pull { "pulled" } else { "not pulled" });
            let text = format!("version {version} answers; bridges are made in {pool}, missing images are {pull}");
            Finding { what, fine: Some(true), text }
        }
        Err(why) => {
            let text = format!("{why}; only services that run containers need it, and --compute metadata does without");
            Finding { what, fine: None, text }
        }
    }
}

/// Each connection and each file in hand is a descriptor.
fn files() -> Finding {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    let text = match limit {
        u64::MAX => "not limited".to_owned(),
        limit if limit < 4096 => format!("{limit} at once (ulimit -n): few for many clients"),
        limit => format!("{limit} at once"),
    };
    Finding { what: "open files", fine: Some(true), text }
}
