//! The data folder: found or made, and locked against a second process before anything in it is touched (F39).

use super::Failure;
use crate::config::{DataFolder, Tls};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A data folder that belongs to this process until it is dropped.
#[derive(Debug)]
pub struct Locked {
    path: PathBuf,
    _lock: File,
    /// Removed when it is dropped.
    _temporary: Option<TempDir>,
}

impl Locked {
    /// Takes the folder, making it where it is missing.
    pub fn take(folder: &DataFolder) -> Result<Self, Failure> {
        let (path, temporary) = match folder {
            DataFolder::At(path) => (path.clone(), None),
            DataFolder::Ephemeral => {
                let made = TempDir::with_prefix("fogbank-");
                let made = made.map_err(|error| Failure::other(format!("no temporary folder: {error}")))?;
                (made.path().to_owned(), Some(made))
            }
        };
        let failed = |error: io::Error| Failure::other(format!("the data folder {}: {error}", path.display()));
        make(&path).map_err(failed)?;
        let path = path.canonicalize().map_err(failed)?;
        let lock = File::options().create(true).truncate(false).write(true).mode(0o600).open(path.join("lock"));
        let lock = lock.map_err(failed)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { path, _lock: lock, _temporary: temporary }),
            Err(rustix::io::Errno::WOULDBLOCK) => {
                Err(Failure::InUse(format!("the data folder {} is in use by another process", path.display())))
            }
            Err(error) => Err(failed(error.into())),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes where the server is, and the certificate that it shows, for the other commands.
    pub fn announce(&self, base: &str, certificate: Option<PathBuf>) -> io::Result<()> {
        let about = About { base: base.to_owned(), certificate, pid: std::process::id() };
        let unfinished = self.path.join("server.json.new");
        std::fs::write(&unfinished, serde_json::to_vec(&about)?)?;
        std::fs::rename(unfinished, self.path.join(ABOUT))
    }

    /// Takes the note away again.
    pub fn withdraw(&self) {
        if let Err(error) = std::fs::remove_file(self.path.join(ABOUT)) {
            tracing::debug!(%error, "the note of the running server could not be removed");
        }
    }
}

const ABOUT: &str = "server.json";

/// A server that runs, or ran.
#[derive(Debug, Serialize, Deserialize)]
pub struct About {
    pub base: String,
    /// The file with its certificate, where it speaks TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    pid: u32,
}

/// The server that runs, or ran, on a data folder.
pub fn announced(folder: &Path) -> Option<About> {
    serde_json::from_slice(&std::fs::read(folder.join(ABOUT)).ok()?).ok()
}

/// How a client on this machine reaches a listening address.
pub fn base_url(mut listening: SocketAddr, tls: &Tls) -> String {
    if listening.ip().is_unspecified() {
        let loopback = if listening.is_ipv4() { "127.0.0.1" } else { "::1" };
        listening.set_ip(loopback.parse().unwrap_or(listening.ip()));
    }
    let scheme = if *tls == Tls::Off { "http" } else { "https" };
    format!("{scheme}://{listening}")
}

fn make(path: &Path) -> io::Result<()> {
    match path.is_dir() {
        true => Ok(()),
        false => std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f39_a_second_process_is_refused_and_touches_nothing() {
        let folder = tempfile::tempdir().expect("folder");
        let data = DataFolder::At(folder.path().join("data"));
        let first = Locked::take(&data).expect("free");
        first.announce("http://127.0.0.1:7", None).expect("written");
        let before = std::fs::read_dir(first.path()).expect("folder").count();
        let second = Locked::take(&data).expect_err("taken");
        assert_eq!(second.status(), 3);
        assert_eq!(std::fs::read_dir(first.path()).expect("folder").count(), before);
        assert_eq!(announced(first.path()).expect("announced").base, "http://127.0.0.1:7");
        drop(first);
        assert!(Locked::take(&data).is_ok());
    }

    #[test]
    fn an_ephemeral_folder_goes_with_its_server() {
        let locked = Locked::take(&DataFolder::Ephemeral).expect("made");
        let path = locked.path().to_owned();
        assert!(path.is_dir());
        drop(locked);
        assert!(!path.exists());
    }

    #[test]
    fn a_server_on_all_addresses_is_reached_on_loopback() {
        assert_eq!(base_url("0.0.0.0:80".parse().expect("address"), &Tls::Off), "http://127.0.0.1:80");
        assert_eq!(base_url("[::]:80".parse().expect("address"), &Tls::SelfSigned), "https://[::1]:80");
    }
}
