//! The configuration as `nic run` sees it: read again when `nic apply` has put another in its place.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, PoisonError};

use machine_config::Configuration;

use crate::dns::forward::UnderWay;
use crate::endpoint::Endpoint;
use crate::etc;
use crate::store::Store;

/// What the servers need of a configuration.
pub struct Settings {
    pub configuration: Configuration,
    pub endpoint: Endpoint,
    /// Resolvers for names of the internet.
    pub resolvers: Vec<Ipv4Addr>,
}

/// Gives the settings that hold now.
pub struct Source {
    store: Store,
    /// The mark of the nic's sockets.
    pub mark: u32,
    /// Questions that the resolver has asked others.
    pub under_way: UnderWay,
    last: Mutex<Option<(Version, Arc<Settings>)>>,
}

/// Tells files apart that were put in one place: inode and time of change, in seconds and nanoseconds.
type Version = (u64, i64, i64);

impl Source {
    /// A source of what is in `store`.
    pub fn new(store: Store, mark: u32) -> Source {
        Source { store, mark, under_way: UnderWay::default(), last: Mutex::new(None) }
    }

    /// The settings; none before the first configuration.
    pub fn current(&self) -> Option<Arc<Settings>> {
        let found = fs::metadata(self.store.configuration_path()).ok()?;
        let version = (found.ino(), found.ctime(), found.ctime_nsec());
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, settings)) = last.as_ref().filter(|(known, _)| *known == version) {
            return Some(settings.clone());
        }
        let settings = Arc::new(self.read()?);
        *last = Some((version, settings.clone()));
        Some(settings)
    }

    fn read(&self) -> Option<Settings> {
        // What is there has been checked by `nic apply`.
        let configuration: Configuration = serde_json::from_slice(&self.store.configuration().ok()??).ok()?;
        let endpoint = Endpoint::new(&configuration.endpoint).ok()?;
        let mut resolvers = configuration.resolvers.clone();
        if resolvers.is_empty() {
            resolvers = etc::resolvers(&self.store.resolv_conf().ok()?.unwrap_or_default());
        }
        Some(Settings { configuration, endpoint, resolvers })
    }
}
