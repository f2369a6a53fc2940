//! Puts the pieces together at start, and takes them apart at the end.

use crate::capability::catalog::Catalog;
use crate::capability::database::{self, Databases, DatabasesConfig};
use crate::capability::docker::{Docker, Heard, Notice};
use crate::capability::files::{FileStores, FilesConfig};
use crate::capability::identity::{Identity, Policies as IdentityPolicies};
use crate::capability::operations::domain::Claims;
use crate::capability::operations::table;
use crate::config::{AuthMode, Config, DataFolder, Database, Grants};
use crate::plugin::authority::LoadedAuthority;
use crate::plugin::background::Background;
use crate::plugin::compile::Compiler;
use crate::plugin::embedded;
use crate::plugin::loaded::LoadedPlugin;
use crate::plugin::manifest::{Capability, Glance};
use crate::plugin::package::{self, FolderPackage, Package};
use crate::plugin::registry::{Policies, Policy, Prepare, Registry};
use crate::plugin::runtime::{Meters, Runtime};
use crate::plugin::state::Process;
use crate::tenant::{TenantData, Tenants};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a tenant that is reset or deleted is waited for.
const TENANT_DRAIN: Duration = Duration::from_secs(10);

/// How often stores of files look for what has expired.
const FILES_SWEEP: Duration = Duration::from_secs(300);

/// Everything that serves, without the listener.
pub struct App {
    pub config: Arc<Config>,
    pub runtime: Arc<Runtime>,
    pub registry: Arc<Registry>,
    pub tenants: Arc<Tenants>,
    pub background: Arc<Background>,
    data: PathBuf,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What a start is given beside the configuration.
pub struct Parts {
    /// The data folder, locked by this process.
    pub data: PathBuf,
    /// Counts what guests use.
    pub meters: Arc<dyn Meters>,
    /// Is told of every statement of SQL.
    pub database_observer: Arc<dyn database::Observe>,
    /// The program to compile components with, as a child; this one, unless the library is embedded.
    pub compiler: Option<PathBuf>,
}

impl App {
    /// Opens the data folder and loads all services. The error is what keeps the server from starting, in sentences.
    pub async fn start(config: Arc<Config>, parts: Parts) -> Result<Arc<Self>, Vec<String>> {
        let one = |error: String| vec![error];
        let process = process(&config, &parts).map_err(one)?;
        let data = TenantFiles { data: parts.data.clone(), process: Arc::clone(&process), app: OnceLock::new() };
        let data = Arc::new(data);
        let tenants = Tenants::open(
            parts.data.join("tenants.json"),
            config.quotas,
            config.max_tenants,
            TENANT_DRAIN,
            Box::new(Arc::clone(&data)),
        );
        let tenants = Arc::new(tenants.map_err(|error| one(format!("the tenants cannot be read: {error}")))?);
        let runtime = Runtime::new(Arc::clone(&process), parts.meters);
        let runtime = runtime.map_err(|error| one(format!("no WebAssembly engine: {error:#}")))?;
        let compiler = Compiler::new(cache_folder(&parts.data), parts.compiler);
        let compiler = compiler.map_err(|error| one(format!("no cache of compiled code: {error}")))?;
        let prepare = MigrateAll { process, tenants: Arc::clone(&tenants) };
        let policies = OperatorPolicies(Arc::clone(&config));
        let registry = Registry::new(runtime.engine.clone(), compiler, Box::new(policies), Box::new(prepare))?;
        let registry = Arc::new(registry);
        let authority = LoadedAuthority { runtime: Arc::clone(&runtime), registry: Arc::clone(&registry) };
        runtime.process.identity.ask(Arc::new(authority));
        // Set once: there is one registry.
        let _ = runtime.process.catalog.set(Arc::clone(&registry) as Arc<dyn Catalog>);
        let background = Background::new(Arc::clone(&runtime), Arc::clone(&registry));
        let app = Arc::new(Self {
            config,
            runtime,
            registry,
            tenants,
            background,
            data: parts.data,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        });
        // Set once, just made: it cannot be set already.
        let _ = data.app.set(Arc::downgrade(&app));
        app.load().await?;
        app.check_authority()?;
        app.resume().await;
        app.start_tasks();
        Ok(app)
    }

    /// Loads the embedded services and those of the operator's folder, which come in place of embedded ones with the
    /// same name. An embedded one is called as its folder is. Problems are all reported at once.
    async fn load(&self) -> Result<(), Vec<String>> {
        let mut named = Vec::new();
        let mut packages: Vec<(Box<dyn Package>, bool)> = Vec::new();
        if let Some(folder) = &self.config.plugins_dir {
            let folders = package::folders(folder);
            let folders = folders.map_err(|error| vec![format!("{}: {error}", folder.display())])?;
            for folder in folders {
                let package = FolderPackage(folder);
                named.extend(Glance::at(&package).name);
                packages.push((Box::new(package), false));
            }
        }
        for package in embedded::packages() {
            if !named.contains(&package.name) && self.config.is_enabled(&package.name) {
                packages.push((Box::new(package), true));
            }
        }
        self.registry.install_all(&packages).await
    }

    /// Where callers are asked, somebody has to answer.
    fn check_authority(&self) -> Result<(), Vec<String>> {
        let snapshot = self.registry.snapshot();
        let asked = self.config.auth != AuthMode::Off;
        match asked && !snapshot.plugins.values().any(|plugin| plugin.is_authority()) {
            true => Err(vec!["auth is on, and no loaded service says who may do what".into()]),
            false => Ok(()),
        }
    }

    /// Takes up the background work of every tenant that has used a service before.
    async fn resume(&self) {
        let snapshot = self.registry.snapshot();
        for tenant in self.tenants.list() {
            for plugin in snapshot.plugins.values().filter(|plugin| plugin.has_runner()) {
                if self.was_used(&tenant.name, &plugin.name).await {
                    self.background.touch(plugin, &tenant);
                }
            }
        }
    }

    /// Whether the tenant has files or a database of the service.
    async fn was_used(&self, tenant: &str, plugin: &str) -> bool {
        if self.data.join("tenants").join(tenant).join(plugin).is_dir() {
            return true;
        }
        self.runtime.process.databases.exists(tenant, plugin).await.unwrap_or_else(|error| {
            tracing::error!(tenant, plugin, %error, "it is not known whether there is background work");
            false
        })
    }

    /// Looks for the container engine from now on, if a loaded service has a use for one; to be called once the gateway is there,
    /// which containers may be waiting for.
    pub async fn watch_containers(self: &Arc<Self>) {
        let docker = &self.runtime.process.docker;
        docker.tell(Arc::new(ToServices(Arc::downgrade(self))));
        let snapshot = self.registry.snapshot();
        if snapshot.plugins.values().any(|plugin| plugin.manifest.capabilities.asked.contains(&Capability::Docker)) {
            docker.watch();
            docker.first_word().await;
        }
    }

    fn start_tasks(self: &Arc<Self>) {
        if let (true, Some(folder)) = (self.config.watch, &self.config.plugins_dir) {
            let watching = crate::plugin::watch::watch(folder.clone(), Arc::clone(&self.registry), self.stop.clone());
            self.tasks.spawn(watching);
        }
        let (files, stop) = (Arc::clone(&self.runtime.process.files), self.stop.clone());
        self.tasks.spawn(async move {
            stop.run_until_cancelled(files.sweep_every(FILES_SWEEP)).await;
        });
    }

    /// Has every service look at all of its containers, in every tenant that has used it.
    async fn tell_of_all_containers(&self) {
        let snapshot = self.registry.snapshot();
        for tenant in self.tenants.list() {
            for plugin in snapshot.plugins.values().filter(|plugin| plugin.has_runner()) {
                if self.was_used(&tenant.name, &plugin.name).await {
                    self.background.tell_of_containers(plugin, &tenant, &BTreeSet::new());
                }
            }
        }
    }

    /// Data that does not stay leaves no containers.
    async fn clear_containers(&self) {
        let docker = &self.runtime.process.docker;
        if self.config.data == DataFolder::Ephemeral
            && let Err(error) = docker.remove_everything().await
        {
            tracing::error!(%error, "containers, networks or volumes are left over");
        }
        docker.shutdown().await;
    }

    /// Ends everything that was started, after the listener has stopped.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.background.workers.shutdown(self.config.limits.drain).await;
        self.clear_containers().await;
        self.tasks.wait().await;
        self.runtime.process.databases.shutdown().await;
    }
}

/// Where compiled code is kept; tests share one folder over many servers.
fn cache_folder(data: &Path) -> PathBuf {
    std::env::var_os("FOGBANK_CACHE").map_or_else(|| data.join("cache"), PathBuf::from)
}

fn process(config: &Config, parts: &Parts) -> Result<Arc<Process>, String> {
    let secret = installation_secret(&parts.data.join("secret"));
    let secret = secret.map_err(|error| format!("the installation's secret cannot be read or made: {error}"))?;
    let url = match &config.database {
        Database::Sqlite => None,
        Database::Postgres(url) => Some(url.clone()),
    };
    database::mark::claim(&parts.data, url.as_deref())?;
    let databases = Databases::new(DatabasesConfig {
        url,
        data_dir: parts.data.clone(),
        secret: secret.clone(),
        limits: database::Limits { open: config.max_databases, ..database::Limits::default() },
        host_migrations: Arc::new(table::migrations()?),
        observer: Arc::clone(&parts.database_observer),
    });
    let databases = Arc::new(databases.map_err(|error| error.to_string())?);
    let mut files = FilesConfig::new(&parts.data);
    files.reserve = config.disk_reserve;
    let files = FileStores::new(files).map_err(|error| format!("the data folder cannot be used: {error}"))?;
    Ok(Arc::new(Process {
        started_ms: crate::capability::context::clock::machine_now_ms(),
        default_project: config.default_project.clone(),
        identity: Identity::new(IdentityPolicies::new(Arc::clone(&databases))?),
        databases,
        docker: Arc::new(Docker::new(config.docker.clone(), &secret, parts.data.join("docker"))),
        files: Arc::new(files),
        workers: OnceLock::new(),
        operation_claims: Claims::default(),
        catalog: OnceLock::new(),
        peers: OnceLock::new(),
    }))
}

/// 32 random bytes that are made once, readable by their owner alone.
fn installation_secret(path: &Path) -> io::Result<Vec<u8>> {
    match std::fs::read(path) {
        Ok(secret) if secret.len() == 32 => return Ok(secret),
        Ok(_) => return Err(io::Error::other(format!("{} is damaged", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let secret: [u8; 32] = rand::random();
    let unfinished = path.with_extension("new");
    let _ = std::fs::remove_file(&unfinished);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(&secret)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    Ok(secret.to_vec())
}

/// The operator's configuration, as the registry asks for it.
struct OperatorPolicies(Arc<Config>);

impl Policies for OperatorPolicies {
    fn policy(&self, name: &str, embedded: bool) -> Policy {
        let granted = match self.0.grants(name, embedded) {
            Grants::AsAsked => Capability::ALL.into_iter().collect(),
            Grants::Listed(listed) => listed,
        };
        let settings = self.0.plugins.get(name).map(|plugin| plugin.settings.clone()).unwrap_or_default();
        let docker_rights = self.0.docker.rights.clone();
        Policy { granted, settings, docker_rights, memory: self.0.plugin_caps.memory }
    }
}

/// Migrates what every tenant has of a service before a new version serves.
struct MigrateAll {
    process: Arc<Process>,
    tenants: Arc<Tenants>,
}

impl Prepare for MigrateAll {
    fn prepare<'a>(
        &'a self,
        plugin: &'a Arc<LoadedPlugin>,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            if !plugin.manifest.capabilities.asked.contains(&Capability::Database) {
                return Ok(());
            }
            let tenants: Vec<String> = self.tenants.list().iter().map(|tenant| tenant.name.to_string()).collect();
            let migrated = self.process.databases.migrate_all(&tenants, &plugin.name, &plugin.migrations).await;
            migrated.map_err(|(tenant, error)| format!("the database of tenant {tenant}: {error}"))
        })
    }
}

/// Has services told of what is heard of containers.
struct ToServices(Weak<App>);

impl Heard for ToServices {
    fn heard(&self, notice: Notice) {
        let Some(app) = self.0.upgrade() else { return };
        let (owner, names) = match notice {
            Notice::All => {
                let telling = Arc::clone(&app);
                app.tasks.spawn(async move { telling.tell_of_all_containers().await });
                return;
            }
            Notice::Changed(owner, names) => (owner, names),
        };
        let Some(tenant) = app.tenants.get(&owner.tenant) else { return };
        for plugin in app.registry.snapshot().plugins.values().filter(|plugin| plugin.docker.domain == owner.domain) {
            app.background.tell_of_containers(plugin, &tenant, &names);
        }
    }
}

/// Does `step` of a tenant's end, and says in the log where that takes long.
async fn watched<T>(tenant: &str, what: &str, step: impl Future<Output = T>) -> T {
    let began = std::time::Instant::now();
    let outcome = step.await;
    if began.elapsed() > Duration::from_secs(5) {
        tracing::warn!(tenant, took = ?began.elapsed(), "removing its {what} took long");
    }
    outcome
}

/// What a tenant has, for when it goes away.
struct TenantFiles {
    data: PathBuf,
    process: Arc<Process>,
    app: OnceLock<Weak<App>>,
}

impl TenantData for Arc<TenantFiles> {
    fn remove<'a>(&'a self, name: &'a str) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>> {
        Box::pin(async move {
            let mut services = vec![IdentityPolicies::OWNER.to_string()];
            if let Some(app) = self.app.get().and_then(Weak::upgrade) {
                if !app.background.workers.forget_tenant(name, app.config.limits.drain).await {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, "its background work does not end"));
                }
                let snapshot = app.registry.snapshot();
                for plugin in snapshot.plugins.values() {
                    plugin.forget_tenant(name);
                    services.push(plugin.name.to_string());
                }
            }
            let docker = self.process.docker.remove_tenant(name);
            watched(name, "containers", docker).await.map_err(io::Error::other)?;
            self.process.identity.policies.forget_tenant(name);
            let databases = self.process.databases.drop_tenant(name, &services);
            watched(name, "databases", databases).await.map_err(io::Error::other)?;
            self.process.files.close(name);
            match tokio::fs::remove_dir_all(self.data.join("tenants").join(name)).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            }
        })
    }
}
