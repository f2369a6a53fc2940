//! Startup and shutdown scripts: finds them in the metadata, runs them one after the other, and labels what they print as
//! Google's script runner does. <https://cloud.google.com/compute/docs/instances/startup-scripts/linux>

mod execution;
mod source;

use crate::console::SCRIPTS;
use crate::metadata::{Backoff, Metadata, Server};
use execution::Finished;
use source::Source;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long a machine that stops asks for its scripts: who stops it waits, and the server may be gone before the machine is.
const PATIENCE: Duration = Duration::from_secs(3);

/// When scripts run.
#[derive(Clone, Copy, PartialEq)]
pub enum Event {
    Startup,
    Shutdown,
}

impl Event {
    fn name(self) -> &'static str {
        match self {
            Event::Startup => "startup",
            Event::Shutdown => "shutdown",
        }
    }
}

/// Runs the scripts of an event. Fails if one of them did.
pub fn run(event: Event) -> ExitCode {
    let server = Server::find();
    let Some(metadata) = read(&server, event) else {
        SCRIPTS.say("The metadata server does not answer: no shutdown script is run.");
        return ExitCode::FAILURE;
    };
    let name = event.name();
    SCRIPTS.say(&format!("Starting {name} scripts (version fogbank-{}).", env!("CARGO_PKG_VERSION")));
    let sources = Source::all(&metadata, name);
    if sources.is_empty() {
        SCRIPTS.say(&format!("No {name} scripts to run."));
    }
    let finished: Vec<Option<Finished>> = sources.iter().map(|source| run_one(&server, source)).collect();
    SCRIPTS.say(&format!("Finished running {name} scripts."));
    let success = finished.iter().all(|one| one.as_ref().is_some_and(|one| one.status.success()));
    // What the last scripts leave behind ends with the machine.
    if event == Event::Startup {
        finished.into_iter().flatten().for_each(Finished::follow);
    }
    if success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_one(server: &Server, source: &Source) -> Option<Finished> {
    SCRIPTS.say(&format!("Found {} in metadata.", source.key));
    match source.fetch(server).and_then(|script| execution::run(&source.key, &script)) {
        Ok(finished) => {
            SCRIPTS.say(&format!("{} {}", source.key, finished.status));
            Some(finished)
        }
        Err(error) => {
            SCRIPTS.say(&format!("Script {:?} failed with error: {error}", source.key));
            None
        }
    }
}

/// A machine that starts waits for its metadata as long as it takes; one that ends tries for seconds.
fn read(server: &Server, event: Event) -> Option<Metadata> {
    let mut backoff = Backoff::new();
    let began = Instant::now();
    loop {
        match server.tree() {
            Ok((metadata, _)) => return Some(metadata),
            Err(_) if event == Event::Shutdown && began.elapsed() > PATIENCE => return None,
            Err(_) => backoff.sleep(),
        }
    }
}
