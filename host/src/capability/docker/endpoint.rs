//! How a container calls its service: a listener on its bridge's gateway, and a token that says which container is calling.
//!
//! Containers keep the URL, so a bridge has the same port after a restart; the file with the ports is written before a URL is
//! given out. A token is made from the installation's secret and the engine's id of the container: it need not be kept, nobody
//! else can make one, and it is as good as the container is there.

use super::Docker;
use super::error::DockerError;
use super::names::Owner;
use super::states::Known;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::net::TcpListener;
use tokio::sync::Mutex as AsyncMutex;
use tokio_util::sync::CancellationToken;

/// What tokens are for, among all that the installation seals.
const PURPOSE: &str = "docker endpoint";

/// The name by which containers of an engine that runs in a virtual machine reach the machine around it.
const AROUND: &str = "host.docker.internal";

/// Serves requests that come from containers. The gateway is one.
pub trait Door: Send + Sync {
    /// Serves what connects to `listener`, until `stop`.
    fn open(&self, listener: TcpListener, stop: CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// A container that calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calling {
    pub tenant: Arc<str>,
    pub domain: Arc<str>,
    /// The service's own name for it.
    pub name: Arc<str>,
}

/// Where containers reach this process.
pub struct Endpoints {
    file: PathBuf,
    door: OnceLock<Arc<dyn Door>>,
    /// The addresses that are listened on, and their ports.
    open: AsyncMutex<BTreeMap<Ipv4Addr, u16>>,
    /// The ports of earlier, once they are read.
    known: Mutex<Option<BTreeMap<Ipv4Addr, u16>>>,
}

impl Endpoints {
    /// With the ports that `file` remembers.
    pub fn new(file: PathBuf) -> Self {
        Self { file, door: OnceLock::new(), open: AsyncMutex::default(), known: Mutex::default() }
    }

    fn port_of(&self, address: Ipv4Addr) -> u16 {
        self.ports().get(&address).copied().unwrap_or(0)
    }

    fn ports(&self) -> BTreeMap<Ipv4Addr, u16> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get_or_insert_with(|| read(&self.file)).clone()
    }

    fn remember(&self, address: Ipv4Addr, port: u16) -> io::Result<()> {
        let mut ports = self.ports();
        if ports.insert(address, port) == Some(port) {
            return Ok(());
        }
        write(&self.file, &ports)?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(ports);
        Ok(())
    }
}

impl Docker {
    /// Who serves what containers ask.
    pub fn open_door(&self, door: Arc<dyn Door>) {
        // Set once: there is one gateway.
        let _ = self.endpoints.door.set(door);
    }

    /// Where the container reaches this process, and the token that it shows there.
    pub async fn endpoint(self: &Arc<Self>, owner: &Owner, container: &str) -> Result<(String, String), DockerError> {
        let id = self.id_of(owner, container).await?;
        let known = self.states.get(owner, container).ok_or(DockerError::NotFound)?;
        let (listen, host) = match cfg!(target_os = "linux") {
            true => {
                let gateway = self.gateway_of(owner, &known).await?;
                (gateway, gateway.to_string())
            }
            // The engine's bridges are inside its virtual machine.
            false => (Ipv4Addr::LOCALHOST, AROUND.to_owned()),
        };
        let port = self.listen(listen).await.map_err(|error| {
            DockerError::Other(format!(
                "containers cannot reach this Fogbank, which cannot listen on {listen}: {error}"
            ))
        })?;
        Ok((format!("http://{host}:{port}"), format!("{id}.{}", self.installation.seal(PURPOSE, &id))))
    }

    async fn gateway_of(&self, owner: &Owner, known: &Arc<Known>) -> Result<Ipv4Addr, DockerError> {
        let holder = self.network_holder(known).ok_or(DockerError::NotFound)?;
        let network = holder.networks.first();
        let (network, _) = network.ok_or_else(|| DockerError::other("a container without a network calls nobody"))?;
        self.own_network(owner, network).await.map(|network| network.gateway)
    }

    /// Listens on an address, on the port that it had before; on another where that is taken.
    async fn listen(self: &Arc<Self>, address: Ipv4Addr) -> io::Result<u16> {
        let mut open = self.endpoints.open.lock().await;
        if let Some(port) = open.get(&address) {
            return Ok(*port);
        }
        let Some(door) = self.endpoints.door.get().cloned() else {
            return Err(io::Error::other("the server is not ready yet"));
        };
        let bind = |port| TcpListener::bind(SocketAddr::new(IpAddr::V4(address), port));
        let before = self.endpoints.port_of(address);
        let listener = match bind(before).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && before != 0 => {
                tracing::warn!(%address, port = before, "the port that containers know is taken; they have to be told another");
                bind(0).await?
            }
            bound => bound?,
        };
        let port = listener.local_addr()?.port();
        self.endpoints.remember(address, port)?;
        self.tasks.spawn(door.open(listener, self.stop.child_token()));
        open.insert(address, port);
        Ok(port)
    }

    /// Listens again where containers of earlier know this process.
    pub(super) async fn open_endpoints(self: &Arc<Self>) {
        for address in self.endpoints.ports().into_keys() {
            // A bridge that is gone has no address to listen on.
            if let Err(error) = self.listen(address).await {
                tracing::debug!(%error, %address, "no listener for containers");
            }
        }
    }

    /// The container that a token was made for, while it is there.
    pub fn calling(&self, token: &str) -> Option<Calling> {
        let (id, seal) = token.split_once('.')?;
        if !self.installation.verifies(PURPOSE, id, seal) {
            return None;
        }
        let known = self.states.by_id(id)?;
        Some(Calling {
            tenant: Arc::clone(&known.owner.tenant),
            domain: Arc::clone(&known.owner.domain),
            name: known.name.as_str().into(),
        })
    }
}

/// The ports of earlier. What cannot be read is forgotten, and containers get another URL.
fn read(file: &Path) -> BTreeMap<Ipv4Addr, u16> {
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::warn!(%error, file = %file.display(), "the ports that containers know are lost");
            BTreeMap::new()
        }),
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(%error, file = %file.display(), "the ports that containers know cannot be read");
            }
            BTreeMap::new()
        }
    }
}

fn write(file: &Path, ports: &BTreeMap<Ipv4Addr, u16>) -> io::Result<()> {
    use std::io::Write as _;
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(&serde_json::to_vec(ports)?)?;
    draft.as_file().sync_all()?;
    draft.persist(file).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::states::tests::known;
    use super::super::tests::docker;
    use super::*;

    /// A door that says one word.
    struct Word;

    impl Door for Word {
        fn open(&self, listener: TcpListener, stop: CancellationToken) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            Box::pin(async move {
                let _listener = listener;
                stop.cancelled().await;
            })
        }
    }

    #[tokio::test]
    async fn f27_a_token_is_as_good_as_its_container() {
        let folder = tempfile::tempdir().expect("folder");
        let docker = docker(folder.path());
        docker.states.put(docker.states.ticket(), known("blue", "vm-1", "abc"));
        let token = format!("abc.{}", docker.installation.seal(PURPOSE, "abc"));
        let calling = docker.calling(&token).expect("it is there");
        assert_eq!((&*calling.tenant, &*calling.domain, &*calling.name), ("blue", "things", "vm-1"));
        for forged in ["abc", "abc.", "abc.00", &token.replace("abc", "abd"), &format!("{token}00"), ""] {
            assert_eq!(docker.calling(forged), None, "{forged}");
        }
        docker.forget("abc");
        assert_eq!(docker.calling(&token), None, "it is gone");
    }

    #[tokio::test]
    async fn a_bridge_has_the_same_port_after_a_restart() {
        let folder = tempfile::tempdir().expect("folder");
        let mut ports = Vec::new();
        for _ in 0..2 {
            let docker = docker(folder.path());
            docker.open_door(Arc::new(Word));
            ports.push(docker.listen(Ipv4Addr::LOCALHOST).await.expect("bound"));
            assert_eq!(docker.listen(Ipv4Addr::LOCALHOST).await.ok(), ports.last().copied());
            docker.shutdown().await;
        }
        assert_eq!(ports[0], ports[1]);
    }
}
