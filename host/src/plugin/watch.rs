//! Hot reload: looks at the operator's folder of services every so often, and installs what has changed and is quiet.
//!
//! Looking is a poll and not a notification: it works on every file system, network and container mounts included, and a
//! few files cost nothing to look at.

use super::manifest::Glance;
use super::package::{self, FolderPackage, Package};
use super::registry::Registry;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// How often the folder is looked at. What has changed between two looks is still being written.
const INTERVAL: Duration = Duration::from_millis(250);

/// Path, time of change, size.
type File = (PathBuf, Option<SystemTime>, u64);

/// What a folder looked like: each file that matters.
type Look = Vec<File>;

#[derive(Default)]
struct Seen {
    latest: Look,
    installed: Look,
    /// The service that was installed from here.
    name: Option<Arc<str>>,
    named: Named,
}

/// Files that a manifest names, and the manifest that does.
#[derive(Default)]
struct Named {
    manifest: Option<File>,
    files: Vec<PathBuf>,
}

/// Watches `plugins` until `stop`. What is in the folder at the beginning counts as installed.
pub async fn watch(plugins: PathBuf, registry: Arc<Registry>, stop: CancellationToken) {
    let mut seen: BTreeMap<PathBuf, Seen> = BTreeMap::new();
    for folder in folders(&plugins) {
        let mut named = Named::default();
        let latest = look(&folder, &mut named);
        let name = Glance::at(&FolderPackage(folder.clone())).name.map(Arc::from);
        seen.insert(folder, Seen { installed: latest.clone(), latest, name, named });
    }
    while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
        let present = folders(&plugins);
        let gone: Vec<PathBuf> = seen.keys().filter(|folder| !present.contains(folder)).cloned().collect();
        for folder in gone {
            if let Some(name) = seen.remove(&folder).and_then(|seen| seen.name) {
                tracing::info!(plugin = &*name, "the service's folder is gone; it is taken out");
                registry.remove(&name).await;
            }
        }
        for folder in present {
            let seen = seen.entry(folder.clone()).or_default();
            let now = look(&folder, &mut seen.named);
            let quiet = now == seen.latest;
            seen.latest = now;
            if quiet && seen.latest != seen.installed {
                seen.installed = seen.latest.clone();
                seen.name = install(&registry, &folder).await.or(seen.name.take());
            }
        }
    }
}

async fn install(registry: &Registry, folder: &Path) -> Option<Arc<str>> {
    let package = FolderPackage(folder.to_owned());
    match registry.install(&package, false).await {
        Ok(plugin) => {
            tracing::info!(plugin = &*plugin.name, revision = plugin.revision, "a changed service is in place");
            Some(Arc::clone(&plugin.name))
        }
        Err(problems) => {
            for problem in problems {
                tracing::error!(place = package.place(), "a changed service does not serve: {problem}");
            }
            None
        }
    }
}

fn folders(plugins: &Path) -> Vec<PathBuf> {
    package::folders(plugins).unwrap_or_default()
}

fn look(folder: &Path, named: &mut Named) -> Look {
    named.follow(folder);
    let mut files: Look = named.files.iter().filter_map(|path| file(path.clone())).collect();
    let migrations = folder.join("migrations");
    for place in [folder.to_path_buf(), migrations.join("sqlite"), migrations.join("postgres")] {
        let Ok(entries) = std::fs::read_dir(place) else { continue };
        files.extend(entries.flatten().filter_map(|entry| file(entry.path())));
    }
    files.sort();
    files.dedup();
    files
}

fn file(path: PathBuf) -> Option<File> {
    let about = std::fs::metadata(&path).ok().filter(|about| about.is_file())?;
    Some((path, about.modified().ok(), about.len()))
}

impl Named {
    /// Reads the manifest again where it has changed.
    fn follow(&mut self, folder: &Path) {
        let manifest = file(folder.join("plugin.toml"));
        if self.manifest != manifest {
            let files = Glance::at(&FolderPackage(folder.to_owned())).files;
            self.files = files.iter().map(|path| folder.join(path)).collect();
            self.manifest = manifest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_a_file_that_the_manifest_names_is_seen() {
        let folder = tempfile::tempdir().expect("folder");
        let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).expect("writes");
        std::fs::create_dir(folder.path().join("more")).expect("folder");
        write("plugin.toml", "include = [\"more/routes.toml\"]\n[[asset]]\nname = \"a\"\nfile = \"more/a\"\n");
        let mut named = Named::default();
        let mut before = look(folder.path(), &mut named);
        for (path, text) in [("more/routes.toml", "1"), ("more/routes.toml", "12"), ("more/a", "1"), ("x.wasm", "1")] {
            write(path, text);
            let now = look(folder.path(), &mut named);
            assert_ne!(now, before, "{path}");
            before = now;
        }
        write("more/of-nobody", "1");
        assert_eq!(look(folder.path(), &mut named), before);
    }
}
