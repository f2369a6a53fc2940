//! Accepts connections on port 22; each is served by a process of its own, so that none can harm another.

use super::host_key::HostKey;
use crate::console::SSH;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Most connections at a time.
const MOST: usize = 200;

/// Serves until `stop` is true while nobody is connected.
///
/// # Errors
/// The port cannot be listened to.
pub fn run(stop: impl Fn() -> bool + Send + 'static) -> std::io::Result<()> {
    let listener = TcpListener::bind("[::]:22").or_else(|_| TcpListener::bind("0.0.0.0:22"))?;
    // Before the first connection, so that the key can be published and is one key for all.
    if let Err(error) = HostKey::load_or_make(Path::new("/etc/ssh")) {
        SSH.say(&format!("the host key is not kept: {error}"));
    }
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(5));
            if count.load(Ordering::SeqCst) == 0 && stop() {
                std::process::exit(0);
            }
        }
    });
    SSH.say("Server listening on port 22 (Fogbank's own, since this image has no openssh-server).");
    for stream in listener.incoming() {
        match stream {
            Ok(stream) if connections.load(Ordering::SeqCst) < MOST => serve(stream, &connections),
            Ok(_) => SSH.say(&format!("more than {MOST} connections: one is refused")),
            // Out of files, most likely: some are closed in a moment.
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
    Ok(())
}

fn serve(stream: TcpStream, connections: &Arc<AtomicUsize>) {
    let child = Command::new("/proc/self/exe").arg("ssh-connection").stdin(Stdio::from(OwnedFd::from(stream))).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return SSH.say(&format!("cannot serve a connection: {error}")),
    };
    connections.fetch_add(1, Ordering::SeqCst);
    let connections = connections.clone();
    std::thread::spawn(move || {
        if let Err(error) = child.wait() {
            SSH.say(&format!("a connection's process is lost: {error}"));
        }
        connections.fetch_sub(1, Ordering::SeqCst);
    });
}
