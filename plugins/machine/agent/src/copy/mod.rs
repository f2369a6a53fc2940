//! `agent copy FROM TO` and `agent size DIRECTORY`: what a snapshot of a disk needs, run in a container that mounts both
//! volumes. Progress and the outcome are lines of JSON on standard output; the exit status alone says that a copy is whole.

mod attributes;
mod contents;
mod tree;

use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use tree::{Counts, Error};

/// How often progress is told.
const TELL: Duration = Duration::from_millis(500);

/// Empties `to` and copies into it what is in `from`: contents, holes, modes, owners, times, links and, where both file
/// systems can, extended attributes. May be repeated after it broke off.
pub fn run(from: &Path, to: &Path) -> ExitCode {
    stop_when_told();
    let result = tree::measure(from).and_then(|total| {
        let mut progress = Progress { total, told: Instant::now() };
        tree::copy(from, to, &mut |counts| progress.tell(counts))
    });
    finish(result)
}

/// Measures a tree: bytes of contents, without holes, and the number of files of all kinds.
pub fn size(directory: &Path) -> ExitCode {
    stop_when_told();
    finish(tree::measure(directory))
}

/// The first process of a container ignores SIGTERM unless it says what it means: here, the status of a shell's child that
/// was ended by it.
fn stop_when_told() {
    let always = Arc::new(AtomicBool::new(true));
    if let Err(error) = signal_hook::flag::register_conditional_shutdown(signal_hook::consts::SIGTERM, 143, always) {
        eprintln!("cannot listen to signals: {error}");
    }
}

struct Progress {
    total: Counts,
    told: Instant,
}

impl Progress {
    fn tell(&mut self, now: &Counts) {
        if self.told.elapsed() < TELL {
            return;
        }
        self.told = Instant::now();
        let total = &self.total;
        say(&json!({"bytes": now.bytes, "files": now.files, "totalBytes": total.bytes, "totalFiles": total.files}));
    }
}

fn finish(result: Result<Counts, Error>) -> ExitCode {
    match result {
        Ok(counts) => {
            say(&json!({"done": true, "bytes": counts.bytes, "files": counts.files}));
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&json!({"done": false, "error": error.to_string()}));
            ExitCode::FAILURE
        }
    }
}

/// Nobody reading the progress is no reason to stop.
fn say(line: &Value) {
    let mut output = std::io::stdout().lock();
    drop(writeln!(output, "{line}").and_then(|()| output.flush()));
}
