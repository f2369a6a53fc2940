//! Where a tenant's and service's SQLite file is.

use super::error::Error;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A tenant and a service, by names that are safe as names of folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub tenant: String,
    pub plugin: String,
}

const FILE: &str = "db.sqlite";

impl Place {
    /// Refuses a name that would lead elsewhere; whoever made it has checked it already.
    pub fn new(tenant: &str, plugin: &str) -> Result<Self, Error> {
        for name in [tenant, plugin] {
            let safe = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
            if !safe || name.len() > 200 {
                return Err(Error::Other(format!("{name:?} cannot name a folder")));
            }
        }
        Ok(Self { tenant: tenant.to_owned(), plugin: plugin.to_owned() })
    }

    fn folder(&self, data: &Path) -> PathBuf {
        data.join("tenants").join(&self.tenant).join(&self.plugin)
    }

    /// The file, whether it exists or not.
    pub fn file(&self, data: &Path) -> PathBuf {
        self.folder(data).join(FILE)
    }

    /// The file, which exists after this, and stays after a loss of power: SQLite itself does not flush the folder
    /// that a new file is in.
    pub fn make(&self, data: &Path) -> Result<PathBuf, Error> {
        let file = self.file(data);
        if !file.exists() {
            self.create(&file, data).map_err(|error| Error::Unavailable(format!("{}: {error}", file.display())))?;
        }
        Ok(file)
    }

    fn create(&self, file: &Path, data: &Path) -> io::Result<()> {
        let folder = self.folder(data);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        fs::File::options().create(true).append(true).open(file)?.sync_all()?;
        for folder in folder.ancestors().take_while(|folder| folder.starts_with(data)) {
            fs::File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    /// Removes the file and what SQLite keeps beside it.
    pub fn remove(&self, data: &Path) -> Result<(), Error> {
        let file = self.file(data);
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            match fs::remove_file(&name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::Unavailable(format!("{}: {error}", Path::new(&name).display())));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f04_names_that_lead_elsewhere_are_refused() {
        for name in ["", ".", "..", ".hidden", "a/b", "../a", "a\\b", "a\0b"] {
            assert!(Place::new(name, "storage").is_err(), "{name:?}");
            assert!(Place::new("default", name).is_err(), "{name:?}");
        }
        let place = Place::new("default", "storage").unwrap();
        assert_eq!(place.file(Path::new("/data")), Path::new("/data/tenants/default/storage/db.sqlite"));
    }

    #[test]
    fn a_file_that_was_made_can_be_removed() {
        let data = tempfile::tempdir().unwrap();
        let place = Place::new("default", "storage").unwrap();
        let file = place.make(data.path()).unwrap();
        assert!(file.is_file());
        place.remove(data.path()).unwrap();
        place.remove(data.path()).unwrap();
        assert!(!file.exists());
    }
}
