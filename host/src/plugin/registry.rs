//! The loaded services. A change is prepared off the request path (read, compiled, linked, migrated, routed) and then swapped
//! in as a whole; a request sees one state of it from beginning to end. What cannot be prepared leaves the old version
//! serving and says why.

use super::compile::Compiler;
use super::loaded::LoadedPlugin;
use super::manifest::{Capability, Manifest};
use super::package::Package;
use crate::capability::docker::Right;
use crate::capability::identity::authority::Rules;
use crate::gateway::router::Router;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Mutex, watch};
use wasmtime::Engine;

/// What the operator decides about one service.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Capabilities that it may have if it asks.
    pub granted: BTreeSet<Capability>,
    /// What `fogbank:context/context.setting` gives.
    pub settings: Map<String, Value>,
    /// What it gets of the container engine, if it asks.
    pub docker_rights: BTreeSet<Right>,
    /// Bytes of linear memory, whatever the manifest asks for.
    pub memory: u64,
}

/// What the operator decides about services.
pub trait Policies: Send + Sync {
    /// The policy for the service `name`, which is embedded or comes from the operator's folder.
    fn policy(&self, name: &str, embedded: bool) -> Policy;
}

/// What has to happen for a new version before it may serve: migrations of every database that it has.
pub trait Prepare: Send + Sync {
    /// The error is a sentence for the operator, and keeps the version out.
    fn prepare<'a>(
        &'a self,
        plugin: &'a Arc<LoadedPlugin>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
}

/// One state of the loaded services.
#[derive(Clone)]
pub struct Snapshot {
    pub router: Arc<Router<Arc<LoadedPlugin>>>,
    pub plugins: BTreeMap<Arc<str>, Arc<LoadedPlugin>>,
    /// What decisions need to know of the manifests.
    pub rules: Arc<Rules>,
    /// Why the newest version of a service, by the place it comes from, does not serve.
    pub problems: BTreeMap<String, Vec<String>>,
}

impl Snapshot {
    /// The state with these services; two of them may claim the same.
    fn of(
        plugins: BTreeMap<Arc<str>, Arc<LoadedPlugin>>,
        problems: BTreeMap<String, Vec<String>>,
    ) -> Result<Self, Vec<String>> {
        let services = plugins.values().map(|plugin| (Arc::clone(plugin), Arc::clone(&plugin.manifest)));
        let router = Router::build(services);
        let router = router.map_err(|conflicts| conflicts.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let authorities: Vec<&str> =
            plugins.values().filter(|plugin| plugin.is_authority()).map(|plugin| &*plugin.name).collect();
        if authorities.len() > 1 {
            return Err(vec![format!("{} all say who may do what; there can be one", authorities.join(" and "))]);
        }
        Ok(Self { router: Arc::new(router), rules: Arc::new(rules(&plugins)), plugins, problems })
    }
}

/// What decisions need to know of the manifests. The number changes with every state of the loaded services.
fn rules(plugins: &BTreeMap<Arc<str>, Arc<LoadedPlugin>>) -> Rules {
    static REVISIONS: AtomicU64 = AtomicU64::new(1);
    let parents = plugins.values().flat_map(|plugin| plugin.manifest.access.parents.clone());
    Rules { parents: parents.collect(), revision: REVISIONS.fetch_add(1, Ordering::Relaxed) }
}

/// Holds the loaded services and changes them.
pub struct Registry {
    engine: Engine,
    compiler: Compiler,
    policies: Box<dyn Policies>,
    prepare: Box<dyn Prepare>,
    current: watch::Sender<Arc<Snapshot>>,
    changing: Mutex<()>,
}

impl Registry {
    /// A registry with no services.
    pub fn new(
        engine: Engine,
        compiler: Compiler,
        policies: Box<dyn Policies>,
        prepare: Box<dyn Prepare>,
    ) -> Result<Self, Vec<String>> {
        let empty = Snapshot::of(BTreeMap::new(), BTreeMap::new())?;
        let current = watch::Sender::new(Arc::new(empty));
        Ok(Self { engine, compiler, policies, prepare, current, changing: Mutex::default() })
    }

    /// The services as they are now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.borrow())
    }

    /// Follows the changes.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.current.subscribe()
    }

    /// Loads `package` and puts it in the place of an older version of the same service. Until it can serve nothing
    /// changes; the error has every problem, and is kept in [`Snapshot::problems`].
    pub async fn install(&self, package: &dyn Package, embedded: bool) -> Result<Arc<LoadedPlugin>, Vec<String>> {
        let _changing = self.changing.lock().await;
        let outcome = self.prepared(package, embedded).await;
        let place = package.place();
        let (plugin, next) = match outcome {
            Ok(prepared) => prepared,
            Err(problems) => {
                self.note(place, Some(problems.clone()));
                return Err(problems);
            }
        };
        self.current.send_replace(Arc::new(next));
        self.note(place, None);
        Ok(plugin)
    }

    /// Loads all of `packages` (each with whether it is embedded) and puts them in place together, which makes one route
    /// table and not one a package. The error has every problem, with the place it comes from; nothing changes then.
    pub async fn install_all(&self, packages: &[(Box<dyn Package>, bool)]) -> Result<(), Vec<String>> {
        let _changing = self.changing.lock().await;
        let mut problems = Vec::new();
        let now = self.snapshot();
        let mut plugins = now.plugins.clone();
        for (package, embedded) in packages {
            match self.loaded(&**package, *embedded).await {
                Ok(plugin) => drop(plugins.insert(Arc::clone(&plugin.name), plugin)),
                Err(found) => problems.extend(found.iter().map(|why| format!("{}: {why}", package.place()))),
            }
        }
        let next = Snapshot::of(plugins, now.problems.clone());
        match next {
            Ok(next) if problems.is_empty() => {
                for plugin in next.plugins.values() {
                    let migrated = self.prepare.prepare(plugin).await;
                    problems.extend(migrated.err().map(|why| format!("{}: {why}", plugin.name)));
                }
                if problems.is_empty() {
                    self.current.send_replace(Arc::new(next));
                    return Ok(());
                }
            }
            Ok(_) => {}
            Err(conflicts) => problems.extend(conflicts),
        }
        Err(problems)
    }

    /// Takes a service out. Requests that are under way go on.
    pub async fn remove(&self, name: &str) {
        let _changing = self.changing.lock().await;
        let now = self.snapshot();
        let mut plugins = now.plugins.clone();
        if plugins.remove(name).is_some()
            && let Ok(next) = Snapshot::of(plugins, now.problems.clone())
        {
            self.current.send_replace(Arc::new(next));
        }
    }

    async fn prepared(
        &self,
        package: &dyn Package,
        embedded: bool,
    ) -> Result<(Arc<LoadedPlugin>, Snapshot), Vec<String>> {
        let plugin = self.loaded(package, embedded).await?;
        let now = self.snapshot();
        let mut plugins = now.plugins.clone();
        plugins.insert(Arc::clone(&plugin.name), Arc::clone(&plugin));
        let next = Snapshot::of(plugins, now.problems.clone())?;
        self.prepare.prepare(&plugin).await.map_err(|problem| vec![problem])?;
        Ok((plugin, next))
    }

    async fn loaded(&self, package: &dyn Package, embedded: bool) -> Result<Arc<LoadedPlugin>, Vec<String>> {
        let manifest = Manifest::read(package);
        let manifest = manifest.map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let policy = self.policies.policy(&manifest.name, embedded);
        LoadedPlugin::load(&self.engine, &self.compiler, package, manifest, policy).await
    }

    fn note(&self, place: String, problems: Option<Vec<String>>) {
        self.current.send_modify(|current| {
            let problems_now = &mut Arc::make_mut(current).problems;
            match problems {
                Some(problems) => problems_now.insert(place, problems),
                None => problems_now.remove(&place),
            };
        });
    }
}
