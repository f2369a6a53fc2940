//! TCP ports of the machine that lead into containers.
//!
//! A port is listened on for as long as the container is there and the service wants it; where the container is, is looked up for
//! each connection, so that it may stop, start and get another address meanwhile.

use super::Docker;
use super::error::DockerError;
use super::names::Owner;
use super::states::Known;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long a container may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// How long to wait when the system has no room for another connection.
const OUT_OF_FILES: Duration = Duration::from_millis(50);

/// A port, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    pub address: String,
    pub port: u16,
    pub target_port: u16,
}

/// All ports that are forwarded.
#[derive(Default)]
pub struct Forwards {
    /// By container, then by the address listened on. Dropping one closes it and its connections.
    open: Mutex<HashMap<(Owner, String), BTreeMap<SocketAddr, Open>>>,
}

struct Open {
    target_port: u16,
    _close: DropGuard,
}

impl Forwards {
    /// Closes all that lead to a container.
    pub fn close(&self, owner: &Owner, name: &str) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&(owner.clone(), name.to_owned()));
    }
}

impl Docker {
    /// Forwards exactly these to the container; for each why it does not work, or none.
    pub async fn set_forwards(
        self: &Arc<Self>,
        owner: &Owner,
        container: &str,
        wanted: &[Forward],
    ) -> Result<Vec<Option<String>>, DockerError> {
        self.id_of(owner, container).await?;
        let places: Vec<Result<(SocketAddr, u16), String>> = wanted.iter().map(place).collect();
        let key = (owner.clone(), container.to_owned());
        let mut kept = {
            let mut open = self.forwards.open.lock().unwrap_or_else(PoisonError::into_inner);
            let open = open.entry(key.clone()).or_default();
            open.retain(|at, old| {
                places.iter().flatten().any(|(wanted, target)| wanted == at && *target == old.target_port)
            });
            open.keys().copied().collect::<Vec<_>>()
        };
        let mut answers = Vec::with_capacity(places.len());
        for place in places {
            answers.push(match place {
                Err(why) => Some(why),
                Ok((at, _)) if kept.contains(&at) => None,
                Ok((at, target_port)) => {
                    kept.push(at);
                    self.forward(&key, at, target_port).await.err().map(|error| explain(at, &error))
                }
            });
        }
        // It may have gone while its ports were opened.
        if self.states.get(owner, container).is_none() {
            self.forwards.close(owner, container);
        }
        Ok(answers)
    }

    async fn forward(self: &Arc<Self>, key: &(Owner, String), at: SocketAddr, target_port: u16) -> io::Result<()> {
        let listener = TcpListener::bind(at).await?;
        let close = self.stop.child_token();
        let accepting = accept(Arc::downgrade(self), listener, key.clone(), target_port, close.clone());
        self.tasks.spawn(accepting);
        let mut open = self.forwards.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.entry(key.clone()).or_default().insert(at, Open { target_port, _close: close.drop_guard() });
        Ok(())
    }

    /// The address of a container in the first of its networks, or of the one whose networks it shares.
    pub(super) fn address_of(&self, owner: &Owner, name: &str) -> Option<Ipv4Addr> {
        let known = self.states.get(owner, name)?;
        self.network_holder(&known)?.networks.first().and_then(|(_, address)| *address)
    }

    /// The container whose network namespace this one is in: itself, mostly.
    pub(super) fn network_holder(&self, known: &Arc<Known>) -> Option<Arc<Known>> {
        match &known.joined {
            Some(id) => self.states.by_id(id),
            None => Some(Arc::clone(known)),
        }
    }
}

/// Where to listen: an address of the machine's own that nobody else can reach.
fn place(forward: &Forward) -> Result<(SocketAddr, u16), String> {
    let address = forward.address.parse::<Ipv4Addr>().ok().filter(Ipv4Addr::is_loopback);
    let address = address.ok_or_else(|| format!("`{}` is no address of 127.0.0.0/8", forward.address))?;
    if forward.port == 0 || forward.target_port == 0 {
        return Err("port 0 is none".into());
    }
    Ok((SocketAddr::new(IpAddr::V4(address), forward.port), forward.target_port))
}

/// Why a port cannot be listened on, and what would help.
fn explain(at: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => format!(
            "{at}: this account may not listen on ports below 1024; `sysctl net.ipv4.ip_unprivileged_port_start=0` allows it"
        ),
        io::ErrorKind::AddrInUse => format!("{at} is in use"),
        io::ErrorKind::AddrNotAvailable => format!("{at}: only Linux has all of 127.0.0.0/8"),
        _ => format!("{at}: {error}"),
    }
}

async fn accept(
    docker: Weak<Docker>,
    listener: TcpListener,
    key: (Owner, String),
    target_port: u16,
    close: CancellationToken,
) {
    while let Some(accepted) = close.run_until_cancelled(listener.accept()).await {
        let Some(docker) = docker.upgrade() else { return };
        match accepted {
            Ok((client, _)) => {
                let target = docker.address_of(&key.0, &key.1).map(|address| SocketAddr::from((address, target_port)));
                let close = close.clone();
                docker.tasks.spawn(async move {
                    close.run_until_cancelled(carry(client, target)).await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection to a container could not be accepted");
                tokio::time::sleep(OUT_OF_FILES).await;
            }
        }
    }
}

/// Carries bytes both ways until both sides have ended. A container that does not listen closes the connection.
async fn carry(mut client: TcpStream, target: Option<SocketAddr>) {
    let Some(target) = target else { return };
    let mut server = match timeout(CONNECT, TcpStream::connect(target)).await {
        Ok(Ok(server)) => server,
        Ok(Err(error)) => return tracing::debug!(%error, %target, "a container does not listen"),
        Err(_) => return tracing::debug!(%target, "a container does not answer"),
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    if let Err(error) = tokio::io::copy_bidirectional(&mut client, &mut server).await {
        tracing::debug!(%error, %target, "a connection to a container broke off");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn forward(address: &str, port: u16) -> Forward {
        Forward { address: address.into(), port, target_port: 80 }
    }

    #[test]
    fn only_the_machine_itself_can_reach_a_forward() {
        assert!(place(&forward("127.1.2.3", 80)).is_ok());
        for (address, port) in
            [("0.0.0.0", 80), ("10.0.0.1", 80), ("::1", 80), ("localhost", 80), ("", 80), ("127.0.0.1", 0)]
        {
            assert!(place(&forward(address, port)).is_err(), "{address}:{port}");
        }
    }

    #[tokio::test]
    async fn bytes_go_both_ways_and_an_end_goes_through() {
        let (front, back) = (
            TcpListener::bind("127.0.0.1:0").await.expect("free"),
            TcpListener::bind("127.0.0.1:0").await.expect("free"),
        );
        let (at, target) = (front.local_addr().expect("bound"), back.local_addr().expect("bound"));
        let echo = tokio::spawn(async move {
            let (mut stream, _) = back.accept().await.expect("a connection");
            let mut said = String::new();
            stream.read_to_string(&mut said).await.expect("read");
            stream.write_all(said.to_uppercase().as_bytes()).await.expect("written");
        });
        let carrying =
            tokio::spawn(async move { carry(front.accept().await.expect("a connection").0, Some(target)).await });
        let mut client = TcpStream::connect(at).await.expect("connected");
        client.write_all(b"hello").await.expect("written");
        client.shutdown().await.expect("ended");
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.expect("read");
        assert_eq!(answer, "HELLO");
        echo.await.expect("ended");
        carrying.await.expect("ended");
    }
}
