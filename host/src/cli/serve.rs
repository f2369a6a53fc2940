//! `fogbank serve`: start, serve, stop.

use super::Failure;
use super::data::{self, Locked};
use crate::app::{App, Parts};
use crate::config::{AuthMode, Config, Tls};
use crate::gateway::listener::Front;
use crate::gateway::operator::{self, OperatorToken};
use crate::gateway::{ContainerDoor, Gateway, Peer, Peers, listener, seed};
use crate::observe::{ToMetrics, log};
use crate::tls;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Serves until a signal says stop.
pub async fn run(config: Config) -> Result<(), Failure> {
    let observing = log::start(config.log_format, &config.log, tokio::runtime::Handle::current());
    let observing = observing.map_err(Failure::other)?;
    // Whatever is written from here on is this account's alone, what SQLite makes among it (F28).
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    // Before anything is touched: neither the folder nor the address may be somebody else's.
    let data = Locked::take(&config.data)?;
    let socket = bind(config.listen).await?;
    let stop = stop_at_signal()?;
    let served = serve(Arc::new(config), &data, socket, stop).await;
    data.withdraw();
    // Off the runtime's threads: it waits for the collector, which is spoken to on them.
    let _ = tokio::task::spawn_blocking(|| observing.stop()).await;
    served
}

async fn serve(
    config: Arc<Config>,
    data: &Locked,
    socket: TcpListener,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let local = socket.local_addr().map_err(|error| Failure::other(format!("no address: {error}")))?;
    let tls = tls::server(&config, data.path()).map_err(Failure::other)?;
    let parts = Parts {
        data: data.path().to_owned(),
        meters: Arc::new(ToMetrics),
        database_observer: Arc::new(ToMetrics),
        compiler: this_program(),
    };
    let app = App::start(Arc::clone(&config), parts).await.map_err(Failure::Other)?;
    let token = operator_token(&config, data.path())?;
    let tenants = Arc::clone(&app.tenants);
    let gateway = Gateway::new(Arc::clone(&app), tenants, Arc::clone(&config), data.path().to_owned(), token);
    let gateway = Arc::new(gateway);
    // Set once: there is one gateway.
    let _ = app.runtime.process.peers.set(Arc::new(Peers(Arc::downgrade(&gateway))));
    let docker = &app.runtime.process.docker;
    let door = ContainerDoor { gateway: Arc::downgrade(&gateway), docker: Arc::downgrade(docker) };
    docker.open_door(Arc::new(door));
    app.watch_containers().await;
    let listening = tokio::spawn(listener::run(Arc::clone(&gateway), socket, tls, Front::Clients, stop.clone()));
    let ready = get_ready(&gateway, &config, data, local).await;
    if ready.is_err() {
        stop.cancel();
    }
    let cut = listening.await.unwrap_or(0);
    gateway.set_ready(false);
    if cut > 0 {
        tracing::warn!(connections = cut, "the time to finish is over; connections were cut off");
    }
    app.stop().await;
    ready
}

/// The token of whoever may administer; none where everybody may.
fn operator_token(config: &Config, data: &Path) -> Result<Option<OperatorToken>, Failure> {
    if config.auth == AuthMode::Off {
        return Ok(None);
    }
    let token =
        OperatorToken::of(data).map_err(|error| Failure::other(format!("no administrator's token: {error}")))?;
    tracing::info!(file = %operator::file(data).display(), "the administrator's token is in this file");
    Ok(Some(token))
}

/// Plays the seed and says that the server is there.
async fn get_ready(
    gateway: &Arc<Gateway<Arc<App>>>,
    config: &Config,
    data: &Locked,
    local: SocketAddr,
) -> Result<(), Failure> {
    if let Some(file) = &config.seed {
        let own = Peer { remote: local.ip(), local, tls: config.tls != Tls::Off };
        let played = seed::play(gateway, file, own).await.map_err(Failure::other)?;
        tracing::info!(requests = played, "the seed is played");
    }
    let base = data::base_url(local, &config.tls);
    let announced = data.announce(&base, tls::certificate(config, data.path()));
    announced.map_err(|error| Failure::other(format!("the data folder cannot be written: {error}")))?;
    gateway.set_ready(true);
    let mut output = io::stdout().lock();
    // Nobody may be reading; that is no reason not to serve.
    let _ = writeln!(output, "FOGBANK_LISTENING {base}").and_then(|()| output.flush());
    tracing::info!(base, data = %data.path().display(), "serving");
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => Failure::InUse(format!("{address} is in use by another process")),
        _ => Failure::other(format!("cannot listen on {address}: {error}")),
    })
}

/// Cancelled by the first SIGTERM or SIGINT; the second one ends the process at once.
fn stop_at_signal() -> Result<CancellationToken, Failure> {
    let failed = |error: io::Error| Failure::other(format!("no signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let stop = CancellationToken::new();
    let cancelled = stop.clone();
    tokio::spawn(async move {
        for _ in 0..2 {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            if cancelled.is_cancelled() {
                std::process::exit(1);
            }
            tracing::info!("stopping: finishing what is in hand");
            cancelled.cancel();
        }
    });
    Ok(stop)
}

/// This program, to start it again: also after its file was replaced, where the system can do that.
fn this_program() -> Option<PathBuf> {
    let own = Path::new("/proc/self/exe");
    if own.exists() { Some(own.to_owned()) } else { std::env::current_exe().ok() }
}
