//! What the nic keeps in files, for its own processes: `nic apply` writes, `nic run` reads.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The nic's folder, which the machine's own container does not have.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// Opens the folder `/run/nic`, or the one in `NIC_STATE`.
    pub fn open() -> io::Result<Store> {
        let folder = env::var_os("NIC_STATE").map_or_else(|| PathBuf::from("/run/nic"), PathBuf::from);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(Store { folder })
    }

    /// Waits until no other process applies; the file that is given holds the lock.
    pub fn lock(&self) -> io::Result<File> {
        let file = File::create(self.folder.join("lock"))?;
        file.lock()?;
        Ok(file)
    }

    /// The lock that `nic run` holds as long as it serves; waits for another to end.
    pub fn serve(&self) -> io::Result<File> {
        let file = File::create(self.folder.join("serving"))?;
        file.lock()?;
        Ok(file)
    }

    /// Whether a `nic run` serves.
    pub fn is_serving(&self) -> io::Result<bool> {
        match File::create(self.folder.join("serving"))?.try_lock() {
            Ok(()) => Ok(false),
            Err(fs::TryLockError::WouldBlock) => Ok(true),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// The mark of the nic's sockets: random, as it is what lets them pass the firewall, and made once. Called with the lock held.
    pub fn mark(&self) -> io::Result<u32> {
        let path = self.folder.join("mark");
        if let Ok(Ok(bytes)) = fs::read(&path).map(<[u8; 4]>::try_from) {
            return Ok(u32::from_ne_bytes(bytes));
        }
        let mut bytes = [0; 4];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        let mark = u32::from_ne_bytes(bytes).max(1);
        write(&path, &mark.to_ne_bytes())?;
        Ok(mark)
    }

    /// File of the last configuration that was applied.
    pub fn configuration_path(&self) -> PathBuf {
        self.folder.join("configuration.json")
    }

    /// The last configuration that was applied.
    pub fn configuration(&self) -> io::Result<Option<Vec<u8>>> {
        optional(fs::read(self.configuration_path()))
    }

    /// Digest of what the kernel has.
    pub fn digest(&self) -> io::Result<Option<String>> {
        optional(fs::read_to_string(self.folder.join("digest")))
    }

    /// Forgets what the kernel has, before it is changed.
    pub fn begin(&self) -> io::Result<()> {
        optional(fs::remove_file(self.folder.join("digest"))).map(|_| ())
    }

    /// Keeps what has been applied.
    pub fn commit(&self, configuration: &[u8]) -> io::Result<()> {
        write(&self.configuration_path(), configuration)?;
        write(&self.folder.join("digest"), machine_config::digest(configuration).as_bytes())
    }

    /// Docker's `/etc/resolv.conf` as it was before the nic wrote its own.
    pub fn resolv_conf(&self) -> io::Result<Option<String>> {
        optional(fs::read_to_string(self.folder.join("resolv.conf")))
    }

    /// Keeps Docker's `/etc/resolv.conf`.
    pub fn keep_resolv_conf(&self, text: &str) -> io::Result<()> {
        write(&self.folder.join("resolv.conf"), text.as_bytes())
    }
}

/// Nothing, for a file that is not there.
fn optional<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file that is there with all its bytes or as it was before; only root reads it.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let staged = path.with_extension("new");
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&staged)?;
    file.write_all(bytes)?;
    fs::rename(staged, path)
}
