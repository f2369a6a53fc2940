//! Where a service's files come from: a folder, or the binary that they are embedded in.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The files of one service. Paths are relative, with `/`.
pub trait Package: Send + Sync {
    /// The whole file; none where there is no such file.
    fn read(&self, path: &str) -> io::Result<Option<Cow<'static, [u8]>>>;

    /// Names of the plain files in a folder, in order of bytes; empty where there is no such folder.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// What to call a file of it in a message.
    fn place_of(&self, path: &str) -> String;

    /// What to call it in a message.
    fn place(&self) -> String {
        self.place_of("plugin.toml")
    }
}

/// Refuses a path that is not plainly one of a file in the package; the error is a sentence.
pub fn check_inside(path: &str) -> Result<(), String> {
    let plain = |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains(['\\', '\0']);
    match path.split('/').all(plain) {
        true => Ok(()),
        false => Err(format!("`{path}` is no file in the folder of plugin.toml")),
    }
}

/// A folder of the file system.
#[derive(Debug, Clone)]
pub struct FolderPackage(pub PathBuf);

impl Package for FolderPackage {
    fn read(&self, path: &str) -> io::Result<Option<Cow<'static, [u8]>>> {
        match std::fs::read(self.0.join(path)) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = match std::fs::read_dir(self.0.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.path().is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn place_of(&self, path: &str) -> String {
        self.0.join(path).display().to_string()
    }
}

/// Files in memory: what is embedded, and what tests write.
#[derive(Debug, Clone, Default)]
pub struct MemoryPackage {
    /// What to call it in a message.
    pub name: String,
    pub files: BTreeMap<String, Cow<'static, [u8]>>,
}

impl MemoryPackage {
    /// A package whose only file is `plugin.toml`.
    pub fn of_manifest(name: &str, manifest: &str) -> Self {
        let files = BTreeMap::from([("plugin.toml".to_owned(), Cow::Owned(manifest.as_bytes().to_vec()))]);
        Self { name: name.to_owned(), files }
    }
}

impl Package for MemoryPackage {
    fn read(&self, path: &str) -> io::Result<Option<Cow<'static, [u8]>>> {
        Ok(self.files.get(path).cloned())
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let below = format!("{folder}/");
        let names = self.files.keys().filter_map(|path| path.strip_prefix(&below));
        Ok(names.filter(|name| !name.contains('/')).map(str::to_owned).collect())
    }

    fn place_of(&self, path: &str) -> String {
        format!("{}/{path} (embedded)", self.name)
    }
}

/// The folders below `plugins` that hold a `plugin.toml`, in order of their names.
pub fn folders(plugins: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(plugins)? {
        let path = entry?.path();
        if path.join("plugin.toml").is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
