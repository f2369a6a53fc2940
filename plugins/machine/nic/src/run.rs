//! `nic run`: the container's first process, which serves until it is told to end.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use machine_config::METADATA_ADDRESS;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::{TcpListener, UdpSocket};
use tokio::signal::unix::{SignalKind, signal};

use crate::apply::{self, Error};
use crate::netlink::{Protocol, Socket};
use crate::settings::Source;
use crate::store::Store;
use crate::{METADATA_PORT, RESOLVER_PORT, dns, firewall, log, proxy};

/// Serves until SIGTERM or SIGINT.
pub fn run() -> Result<(), Error> {
    let store = Store::open()?;
    let _serving = store.serve()?;
    more_descriptors();
    let mark = prepare(&store)?;
    restore(&store);
    log::start();
    let source = Arc::new(Source::new(store, mark));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(source))?;
    // A lookup that is under way in a thread does not keep the program.
    runtime.shutdown_background();
    Ok(())
}

/// Makes the namespace safe before anything runs in it; gives the nic's mark.
fn prepare(store: &Store) -> Result<u32, Error> {
    let _lock: File = store.lock()?;
    let mark = store.mark()?;
    let mut socket = Socket::open(Protocol::Route).map_err(|error| Error::Kernel("netlink", error))?;
    apply::prepare(&mut socket, mark)?;
    let failed = |error| Error::Kernel("firewall", error);
    if !firewall::present().map_err(failed)? {
        store.begin()?;
        firewall::replace(&firewall::closed(mark)).map_err(failed)?;
    }
    Ok(mark)
}

/// Applies the last configuration again when the namespace is a new one, as it is after the container was started again.
fn restore(store: &Store) {
    if let (Ok(None), Ok(Some(configuration))) = (store.digest(), store.configuration())
        && let Err(error) = apply::apply(&configuration)
    {
        eprintln!("nic: the last configuration does not apply any more: {error}");
    }
}

/// A client's connection takes two descriptors, and Docker may start us with 1024.
fn more_descriptors() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        eprintln!("nic: the number of open files stays limited: {error}");
    }
}

async fn serve(source: Arc<Source>) -> io::Result<()> {
    let at = |port| SocketAddr::from((METADATA_ADDRESS, port));
    tokio::spawn(proxy::serve(TcpListener::bind(at(METADATA_PORT)).await?, source.clone()));
    tokio::spawn(dns::server::serve_udp(UdpSocket::bind(at(RESOLVER_PORT)).await?, source.clone()));
    tokio::spawn(dns::server::serve_tcp(TcpListener::bind(at(RESOLVER_PORT)).await?, source));
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}
