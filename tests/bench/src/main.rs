//! Measures Fogbank beside a native baseline in the same run, and prints the ratio: machines are noisy, ratios are less so.
//!
//! `cargo run --release -p fogbank-bench [-- --quick] [--only hello,metadata,...]`
//!
//! # Layout
//!
//! - [`load`]: requests over kept-alive connections, and what came of them.
//! - [`native`]: the baselines, a hyper server that does the same by hand, in a process of its own as Fogbank is.
//! - one module a group of rows.

mod decisions;
mod hello;
mod lists;
mod load;
mod machines;
mod metadata;
mod native;
mod report;
mod starts;
mod transfers;
mod writes;

use report::Report;

/// The allocator of the program that is measured, so that the baselines differ in what they do alone.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How much to measure.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Seconds of each measurement under load.
    pub seconds: u64,
    /// Rounds of which the middle one counts.
    pub rounds: usize,
    /// Connections.
    pub connections: usize,
    /// Bytes of the large transfers.
    pub sizes: &'static [u64],
    /// Objects in the large bucket.
    pub objects: u64,
    /// Instances that are made as records.
    pub instances: u64,
}

const FULL: Scale =
    Scale { seconds: 5, rounds: 3, connections: 64, sizes: &[256 << 20, 4 << 30], objects: 1_000_000, instances: 1000 };
const QUICK: Scale =
    Scale { seconds: 1, rounds: 1, connections: 64, sizes: &[64 << 20], objects: 20_000, instances: 200 };

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, folder, rest @ ..] = args.as_slice()
        && flag == native::ARGUMENT
    {
        return native::child(folder.into(), rest.first().map(Into::into)).await;
    }
    let scale = if args.iter().any(|arg| arg == "--quick") { QUICK } else { FULL };
    let only = args.iter().position(|arg| arg == "--only").and_then(|at| args.get(at + 1));
    let wanted = |name: &str| only.is_none_or(|only| only.split(',').any(|one| one == name));
    let mut report = Report::new();
    if wanted("starts") {
        starts::measure(&mut report).await;
    }
    if wanted("hello") {
        hello::measure(&mut report, scale).await;
    }
    if wanted("metadata") {
        metadata::measure(&mut report, scale).await;
    }
    if wanted("decisions") {
        decisions::measure(&mut report, scale).await;
    }
    if wanted("writes") {
        writes::measure(&mut report, scale).await;
    }
    if wanted("lists") {
        lists::measure(&mut report, scale).await;
    }
    if wanted("transfers") {
        transfers::measure(&mut report, scale).await;
    }
    if wanted("machines") {
        machines::measure(&mut report, scale).await;
    }
    report.print();
}
