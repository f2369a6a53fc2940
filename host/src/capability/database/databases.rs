//! All databases of the process: opened at first use, closed when nothing uses them.

use super::config::DatabasesConfig;
use super::connection::Source;
use super::database::Database;
use super::error::Error;
use super::migrations::Migrations;
use super::place::Place;
use super::pool::Pool;
use super::postgres::PostgresSource;
use super::postgres::names::Identity;
use super::postgres::server::Server;
use super::sqlite::{self, Access, SqliteSource};
use super::value::Backend;
use super::watch::Watch;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, RwLock, Weak};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Opens and keeps databases. One for the process.
pub struct Databases {
    shared: Arc<Shared>,
    sweeper: JoinHandle<()>,
}

/// By tenant, then by service.
type Slots = HashMap<Arc<str>, HashMap<Arc<str>, Arc<Slot>>>;

struct Shared {
    config: DatabasesConfig,
    server: Option<Arc<Server>>,
    slots: RwLock<Slots>,
}

/// The place of one tenant's and service's database.
#[derive(Default)]
struct Slot {
    database: RwLock<Option<Arc<Database>>>,
    /// Held while the database is opened, migrated or removed: by one at a time.
    opening: Arc<tokio::sync::Mutex<()>>,
}

impl Slot {
    fn get(&self) -> Option<Arc<Database>> {
        self.database.read().unwrap_or_else(|error| error.into_inner()).clone()
    }

    fn set(&self, database: Option<Arc<Database>>) -> Option<Arc<Database>> {
        std::mem::replace(&mut *self.database.write().unwrap_or_else(|error| error.into_inner()), database)
    }

    /// Takes the database out if it was idle for so long and nobody holds it.
    fn take_idle(&self, limit: Duration) -> Option<Arc<Database>> {
        let mut place = self.database.write().unwrap_or_else(|error| error.into_inner());
        let idle = place.as_ref().is_some_and(|database| {
            Arc::strong_count(database) == 1 && database.idle_for().is_some_and(|idle| idle >= limit)
        });
        if idle { place.take() } else { None }
    }
}

impl Databases {
    /// Has to be called inside a runtime. Nothing is opened yet; the error says what is wrong with the URL.
    pub fn new(config: DatabasesConfig) -> Result<Self, Error> {
        let server = match &config.url {
            Some(url) => Some(Arc::new(Server::new(url, config.secret.clone(), config.limits.server_connections)?)),
            None => None,
        };
        let idle = config.limits.idle;
        let shared = Arc::new(Shared { config, server, slots: RwLock::default() });
        let sweeper = tokio::spawn(sweep(Arc::downgrade(&shared), idle));
        Ok(Self { shared, sweeper })
    }

    /// Which kind of database it is.
    pub fn backend(&self) -> Backend {
        if self.shared.server.is_some() { Backend::Postgres } else { Backend::Sqlite }
    }

    /// The database of `plugin` in `tenant`, with `migrations` applied. Where it is open with newer ones already, it
    /// is given as it is: an old version of a service finishes its requests beside the new one.
    pub async fn open(&self, tenant: &str, plugin: &str, migrations: &Arc<Migrations>) -> Result<Arc<Database>, Error> {
        let slot = self.shared.slot(tenant, plugin);
        if let Some(database) = slot.get().filter(|database| database.version() >= migrations.latest()) {
            return Ok(database);
        }
        let opening = Arc::clone(&slot.opening).lock_owned().await;
        let (shared, migrations) = (Arc::clone(&self.shared), Arc::clone(migrations));
        let place = Place::new(tenant, plugin)?;
        // In a task of its own: a request that goes away does not take a long migration with it.
        let work = tokio::spawn(async move {
            let _opening = opening;
            shared.open(&slot, place, &migrations).await
        });
        work.await.unwrap_or_else(|error| Err(Error::Other(error.to_string())))
    }

    /// As [`Self::open`], where there is such a database already: none is made.
    pub async fn open_existing(
        &self,
        tenant: &str,
        plugin: &str,
        migrations: &Arc<Migrations>,
    ) -> Result<Option<Arc<Database>>, Error> {
        let is_open = self.shared.slot(tenant, plugin).get().is_some();
        match is_open || self.exists(tenant, plugin).await? {
            true => self.open(tenant, plugin, migrations).await.map(Some),
            false => Ok(None),
        }
    }

    /// Whether there is such a database.
    pub async fn exists(&self, tenant: &str, plugin: &str) -> Result<bool, Error> {
        let place = Place::new(tenant, plugin)?;
        match &self.shared.server {
            Some(server) => server.knows(&self.shared.identity(server, &place)).await,
            None => Ok(place.file(&self.shared.config.data_dir).is_file()),
        }
    }

    /// Applies the migrations of a new version of `plugin` to the database of every tenant that has one, also to
    /// those that are open. The error is the first one, with the tenant's name; what is migrated stays so.
    pub async fn migrate_all(
        &self,
        tenants: &[String],
        plugin: &str,
        migrations: &Arc<Migrations>,
    ) -> Result<(), (String, Error)> {
        for tenant in tenants {
            let result = self.migrate_strictly(tenant, plugin, migrations).await;
            result.map_err(|error| (tenant.clone(), error))?;
        }
        Ok(())
    }

    async fn migrate_strictly(&self, tenant: &str, plugin: &str, migrations: &Arc<Migrations>) -> Result<(), Error> {
        if !self.exists(tenant, plugin).await? {
            return Ok(());
        }
        let database = self.open(tenant, plugin, migrations).await?;
        let slot = self.shared.slot(tenant, plugin);
        let _opening = slot.opening.lock().await;
        database.migrate(&self.shared.config.host_migrations, migrations).await
    }

    /// Closes the tenant's databases; they open again at their next use.
    pub async fn close_tenant(&self, tenant: &str) {
        for (_, slot) in self.shared.slots_of(tenant) {
            let _opening = slot.opening.lock().await;
            if let Some(database) = slot.set(None) {
                database.close().await;
            }
        }
    }

    /// Removes the tenant's databases of `plugins` with all that is in them. The folder of a SQLite file stays.
    pub async fn drop_tenant(&self, tenant: &str, plugins: &[String]) -> Result<(), Error> {
        self.close_tenant(tenant).await;
        for plugin in plugins {
            let place = Place::new(tenant, plugin)?;
            let slot = self.shared.slot(tenant, plugin);
            let _opening = slot.opening.lock().await;
            match &self.shared.server {
                Some(server) => server.remove(&self.shared.identity(server, &place)).await?,
                None => place.remove(&self.shared.config.data_dir)?,
            }
        }
        self.shared.write().remove(tenant);
        Ok(())
    }

    /// Copies a SQLite database as it is at this moment to a new file.
    pub async fn backup(&self, tenant: &str, plugin: &str, destination: &Path) -> Result<(), Error> {
        match self.backend() {
            Backend::Sqlite => {
                let file = Place::new(tenant, plugin)?.file(&self.shared.config.data_dir);
                sqlite::copy(&file, destination).await
            }
            Backend::Postgres => Err(Error::Other("copies of PostgreSQL schemas are made by pg_dump".into())),
        }
    }

    /// Whether databases can be opened and asked at all.
    pub async fn ping(&self) -> Result<(), Error> {
        match &self.shared.server {
            Some(server) => server.ping().await,
            None => match tokio::fs::metadata(&self.shared.config.data_dir).await {
                Ok(_) => Ok(()),
                Err(error) => Err(Error::Unavailable(error.to_string())),
            },
        }
    }

    /// How many databases are open.
    pub fn open_count(&self) -> usize {
        self.shared.all().iter().filter(|slot| slot.get().is_some()).count()
    }

    /// Closes everything; transactions that are open are waited for, but not for long.
    pub async fn shutdown(&self) {
        self.sweeper.abort();
        let open = self.shared.all().into_iter().filter_map(|slot| slot.set(None));
        futures_util::future::join_all(open.map(async |database| database.close().await)).await;
        if let Some(server) = &self.shared.server {
            server.close().await;
        }
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        self.sweeper.abort();
    }
}

impl Shared {
    fn read(&self) -> std::sync::RwLockReadGuard<'_, Slots> {
        self.slots.read().unwrap_or_else(|error| error.into_inner())
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Slots> {
        self.slots.write().unwrap_or_else(|error| error.into_inner())
    }

    fn slot(&self, tenant: &str, plugin: &str) -> Arc<Slot> {
        if let Some(slot) = self.read().get(tenant).and_then(|plugins| plugins.get(plugin)) {
            return Arc::clone(slot);
        }
        let mut slots = self.write();
        Arc::clone(slots.entry(tenant.into()).or_default().entry(plugin.into()).or_default())
    }

    fn slots_of(&self, tenant: &str) -> Vec<(Arc<str>, Arc<Slot>)> {
        let slots = self.read();
        let plugins = slots.get(tenant).into_iter().flatten();
        plugins.map(|(plugin, slot)| (Arc::clone(plugin), Arc::clone(slot))).collect()
    }

    fn all(&self) -> Vec<Arc<Slot>> {
        self.read().values().flat_map(HashMap::values).cloned().collect()
    }

    /// With the slot's `opening` held.
    async fn open(&self, slot: &Slot, place: Place, migrations: &Migrations) -> Result<Arc<Database>, Error> {
        let host = &self.config.host_migrations;
        if let Some(database) = slot.get() {
            if database.version() < migrations.latest() {
                database.migrate(host, migrations).await?;
            }
            return Ok(database);
        }
        self.make_room().await?;
        let database = Arc::new(self.database(&place)?);
        if let Err(error) = database.migrate(host, migrations).await {
            database.close().await;
            return Err(error);
        }
        slot.set(Some(Arc::clone(&database)));
        Ok(database)
    }

    /// Closes the database that was not used for the longest time where the cap is reached.
    async fn make_room(&self) -> Result<(), Error> {
        let open: Vec<_> = self.all().into_iter().filter(|slot| slot.get().is_some()).collect();
        if open.len() < self.config.limits.open {
            return Ok(());
        }
        let mut idle: Vec<_> = open.iter().filter_map(|slot| Some((slot.get()?.idle_for()?, slot))).collect();
        idle.sort_by_key(|(idle, _)| std::cmp::Reverse(*idle));
        for (_, slot) in idle {
            if let Some(database) = slot.take_idle(Duration::ZERO) {
                database.close().await;
                return Ok(());
            }
        }
        Err(Error::Unavailable(format!("{} databases are open and in use", self.config.limits.open)))
    }

    fn database(&self, place: &Place) -> Result<Database, Error> {
        let limits = &self.config.limits;
        let watch = |backend| Watch {
            tenant: place.tenant.as_str().into(),
            plugin: place.plugin.as_str().into(),
            backend,
            observer: Arc::clone(&self.config.observer),
        };
        if let Some(server) = &self.server {
            let identity = self.identity(server, place);
            let source = PostgresSource { server: Arc::clone(server), identity, limits: limits.clone() };
            let pool = Pool::new(Source::Postgres(source), limits.connections);
            server.share(&pool);
            return Ok(Database::new(Arc::clone(&pool), pool, watch(Backend::Postgres)));
        }
        let path = place.make(&self.config.data_dir)?;
        let source = |access| Source::Sqlite(SqliteSource { path: path.clone(), access, limits: limits.clone() });
        let readers = Pool::new(source(Access::Read), limits.readers);
        Ok(Database::new(readers, Pool::new(source(Access::Write), 1), watch(Backend::Sqlite)))
    }

    fn identity(&self, server: &Server, place: &Place) -> Identity {
        Identity::new(server.database(), &place.tenant, &place.plugin)
    }
}

/// Closes what nobody used for a while, for as long as the databases exist.
async fn sweep(shared: Weak<Shared>, idle: Duration) {
    let pause = (idle / 4).clamp(Duration::from_millis(20), Duration::from_secs(15));
    loop {
        tokio::time::sleep(pause).await;
        let Some(shared) = shared.upgrade() else { return };
        for slot in shared.all() {
            if let Some(database) = slot.take_idle(idle) {
                database.close().await;
            }
        }
    }
}
