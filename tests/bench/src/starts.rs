//! How long a start takes, and what a server at rest needs.

use super::load::{Shot, rate};
use super::report::{Report, median};
use fogbank_tests::Server;
use fogbank_tests::server::Options;
use std::time::Instant;

/// Cold: nothing is compiled yet. Warm: the compiled services are in the cache.
pub async fn measure(report: &mut Report) {
    let cache = tempfile::tempdir().expect("a temporary folder");
    let options = || Options::new().env("FOGBANK_CACHE", cache.path().display().to_string());
    let began = Instant::now();
    drop(Server::with(options()));
    report.figure("cold start, services compiled", format!("{:.0} ms", began.elapsed().as_secs_f64() * 1e3));
    let mut warm = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        drop(Server::with(options()));
        warm.push(began.elapsed().as_secs_f64() * 1e3);
    }
    report.figure("warm start", format!("{:.0} ms", median(warm)));
    let server = Server::with(options());
    server.client().bucket("bench-memory").await;
    report.figure("memory at rest", memory(&server));
    rate(server.base(), &Shot::get("/storage/v1/b/bench-memory"), 64, 2).await;
    report.figure("memory after 64 clients", memory(&server));
}

fn memory(server: &Server) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0);
    format!("{} MiB", kib / 1024)
}
