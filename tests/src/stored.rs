//! What is in a data folder, seen from outside.

use std::path::{Path, PathBuf};

/// The folders of the files capability that hold content, below a service's own.
const CONTENT: [&str; 3] = ["files", "staging", "uploads"];

/// Every plain file below `folder`, with its size; empty where there is no such folder.
pub fn files_below(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for entry in entries.flatten() {
        match entry.metadata() {
            Ok(about) if about.is_dir() => found.extend(files_below(&entry.path())),
            Ok(about) => found.push((entry.path(), about.len())),
            Err(_) => {} // Gone meanwhile.
        }
    }
    found
}

/// Content of the service `plugin` of `tenant`: committed, staged, being uploaded.
pub fn content_of(data: &Path, tenant: &str, plugin: &str) -> Vec<(PathBuf, u64)> {
    let own = data.join("tenants").join(tenant).join(plugin);
    CONTENT.iter().flat_map(|folder| files_below(&own.join(folder))).collect()
}

/// Files that hold objects of Cloud Storage in the default tenant.
pub fn objects(data: &Path) -> Vec<(PathBuf, u64)> {
    files_below(&data.join("tenants/default/storage/files"))
}

/// Files below `folder` that contain it as bytes.
pub fn files_with(folder: &Path, token: &[u8]) -> Vec<PathBuf> {
    let contains = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(token.len()).any(|window| window == token)
    };
    files_below(folder).into_iter().map(|(path, _)| path).filter(contains).collect()
}
