//! All stores of the process, opened at their first use.

use super::disk::run;
use super::error::FileError;
use super::folder;
use super::quota::TenantUsage;
use super::space::Disk;
use super::store::FileStore;
use super::sync;
use crate::faults::Faults;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// How much, and how long.
#[derive(Clone, Copy, Debug)]
pub struct FilesLimits {
    /// The greatest file or upload in bytes.
    pub max_size: u64,
    /// How long one batch, or one look at the disk, may take.
    pub disk: Duration,
    /// How long a source may take for its next bytes, where it has no limit of its own.
    pub source: Duration,
    /// How long it may take to make a file durable.
    pub sync: Duration,
    /// How long somebody waits for an upload that another one holds.
    pub upload_wait: Duration,
    /// How long after its call broke off a file counts as left over: longer than any transaction.
    pub doubt: Duration,
}

impl Default for FilesLimits {
    fn default() -> Self {
        Self {
            // The largest object of Cloud Storage.
            max_size: 5 << 40,
            disk: Duration::from_secs(60),
            source: Duration::from_secs(120),
            sync: Duration::from_secs(600),
            upload_wait: Duration::from_secs(5),
            doubt: Duration::from_secs(120),
        }
    }
}

/// Where files are kept.
#[derive(Clone, Debug)]
pub struct FilesConfig {
    /// The folder of all data; `tenants/TENANT/SERVICE` below it is ours.
    pub data: PathBuf,
    /// Bytes of the disk that stay free.
    pub reserve: u64,
    pub limits: FilesLimits,
    pub faults: Faults,
}

impl FilesConfig {
    /// Files below `data` with default limits, no reserve, and the faults that the process was started with.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        let faults = crate::faults::global().clone();
        Self { data: data.into(), reserve: 0, limits: FilesLimits::default(), faults }
    }
}

type Key = (String, String);
type Cell = Arc<OnceCell<Arc<FileStore>>>;

/// See the module.
pub struct FileStores {
    tenants: Arc<Dir>,
    disk: Disk,
    limits: FilesLimits,
    faults: Faults,
    stores: Mutex<HashMap<Key, Cell>>,
    usages: Mutex<HashMap<String, Arc<TenantUsage>>>,
}

impl FileStores {
    /// Makes the folder of all tenants where it is absent. Blocks; for the start.
    pub fn new(config: FilesConfig) -> Result<Self, FileError> {
        crate::faults::check().map_err(FileError::Other)?;
        Dir::create_ambient_dir_all(&config.data, ambient_authority())?;
        let data = Dir::open_ambient_dir(&config.data, ambient_authority())?;
        let disk = Disk::of(data.try_clone()?.into_std_file(), config.reserve);
        Self::on_disk(&data, disk, config.limits, config.faults)
    }

    /// As [`FileStores::new`], on a disk whose free bytes somebody else counts.
    pub fn on_disk(data: &Dir, disk: Disk, limits: FilesLimits, faults: Faults) -> Result<Self, FileError> {
        let (tenants, _) = folder::ensure(data, "tenants")?;
        sync::folder(data)?;
        let (stores, usages) = (Mutex::default(), Mutex::default());
        Ok(Self { tenants: Arc::new(tenants), disk, limits, faults, stores, usages })
    }

    /// What `tenant` stores, over all services. Where it is not known yet, `on_cpu` will be told the nanoseconds that
    /// hashing and writing take.
    pub fn usage(
        &self,
        tenant: &str,
        quota: Option<u64>,
        on_cpu: impl Fn(u64) + Send + Sync + 'static,
    ) -> Arc<TenantUsage> {
        let mut usages = self.usages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(usage) = usages.get(tenant) {
            usage.set_quota(quota);
            return usage.clone();
        }
        let usage = Arc::new(TenantUsage::charging(quota, on_cpu));
        usages.entry(tenant.to_owned()).or_insert(usage).clone()
    }

    /// The store of one service in one tenant. With the first one all others of the tenant are opened, and what is in
    /// them is added to `usage`.
    pub async fn open(
        &self,
        tenant: &str,
        service: &str,
        usage: Arc<TenantUsage>,
    ) -> Result<Arc<FileStore>, FileError> {
        if let Some(store) = self.cell(tenant, service).get() {
            return Ok(store.clone());
        }
        if !is_name(tenant) || !is_name(service) {
            return Err(FileError::other("not a name of a tenant or a service"));
        }
        for other in self.services(tenant.to_owned()).await? {
            self.open_one(tenant, &other, &usage).await?;
        }
        self.open_one(tenant, service, &usage).await
    }

    async fn open_one(
        &self,
        tenant: &str,
        service: &str,
        usage: &Arc<TenantUsage>,
    ) -> Result<Arc<FileStore>, FileError> {
        let open = || self.open_first((tenant.to_owned(), service.to_owned()), usage.clone());
        self.cell(tenant, service).get_or_try_init(open).await.cloned()
    }

    /// Services that have files in a tenant.
    async fn services(&self, tenant: String) -> Result<Vec<String>, FileError> {
        let tenants = self.tenants.clone();
        run(self.limits.disk, move || {
            let (tenant, _) = folder::ensure(&tenants, &tenant)?;
            let mut services = folder::names(&tenant)?;
            services.retain(|service| tenant.open_dir(format!("{service}/files")).is_ok());
            Ok(services)
        })
        .await
    }

    async fn open_first(&self, (tenant, service): Key, usage: Arc<TenantUsage>) -> Result<Arc<FileStore>, FileError> {
        let (tenants, disk, limits, faults) =
            (self.tenants.clone(), self.disk.clone(), self.limits, self.faults.clone());
        run(self.limits.sync, move || {
            let (tenant, _) = folder::ensure(&tenants, &tenant)?;
            sync::folder(&tenants)?;
            let (service, _) = folder::ensure(&tenant, &service)?;
            sync::folder(&tenant)?;
            let store = FileStore::open_in(&service, usage, disk, limits, faults)?;
            store.sweep()?;
            Ok(Arc::new(store))
        })
        .await
    }

    fn cell(&self, tenant: &str, service: &str) -> Cell {
        self.lock().entry((tenant.to_owned(), service.to_owned())).or_default().clone()
    }

    /// Forgets the stores and the usage of a tenant that is removed or reset. Calls that still have one go on with it.
    pub fn close(&self, tenant: &str) {
        self.lock().retain(|(name, _), _| name != tenant);
        self.usages.lock().unwrap_or_else(PoisonError::into_inner).remove(tenant);
    }

    /// Bytes free on the disk above its reserve.
    pub fn available(&self) -> Result<u64, FileError> {
        Ok(self.disk.available()?)
    }

    /// Removes what has expired in all open stores, and tries again what could not be removed before.
    pub async fn sweep(&self) {
        let open: Vec<_> = self.lock().values().filter_map(|cell| cell.get().cloned()).collect();
        for store in open {
            if let Err(error) = run(self.limits.sync, move || Ok(store.sweep()?)).await {
                tracing::warn!(%error, "a store of files could not be swept");
            }
        }
    }

    /// Sweeps every `period`, for ever: for a task that ends with the server.
    pub async fn sweep_every(&self, period: Duration) {
        loop {
            tokio::time::sleep(period).await;
            self.sweep().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Cell>> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One folder's name and no more.
fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', '\0'])
}
