//! Hot reload: looks at the operator's folder of services every so often, and installs what has changed and is quiet.
//!
//! Looking is a poll and not a notification: it works on every file system, network and container mounts included, and a
//! few files cost nothing to look at.

use super::package::{self, FolderPackage, Package};
use super::registry::Registry;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// How often the folder is looked at. What has changed between two looks is still being written.
const INTERVAL: Duration = Duration::from_millis(250);

/// What a folder looked like: path, time of change, size of each file that matters.
type Look = Vec<(PathBuf, Option<SystemTime>, u64)>;

#[derive(Default)]
struct Seen {
    latest: Look,
    installed: Look,
    /// The service that was installed from here.
    name: Option<Arc<str>>,
}

/// Watches `plugins` until `stop`. What is in the folder at the beginning counts as installed.
pub async fn watch(plugins: PathBuf, registry: Arc<Registry>, stop: CancellationToken) {
    let mut seen: BTreeMap<PathBuf, Seen> = BTreeMap::new();
    for folder in folders(&plugins) {
        let latest = look(&folder);
        let name = super::manifest::Manifest::load(&folder).ok().map(|manifest| manifest.name);
        seen.insert(folder, Seen { installed: latest.clone(), latest, name });
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
            let now = look(&folder);
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

fn look(folder: &Path) -> Look {
    let mut files = Vec::new();
    let migrations = folder.join("migrations");
    for place in [folder.to_path_buf(), migrations.join("sqlite"), migrations.join("postgres")] {
        let Ok(entries) = std::fs::read_dir(place) else { continue };
        for entry in entries.flatten() {
            if let Ok(about) = entry.metadata()
                && about.is_file()
            {
                files.push((entry.path(), about.modified().ok(), about.len()));
            }
        }
    }
    files.sort();
    files
}
