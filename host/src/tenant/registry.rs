//! All tenants: made, found, reset, removed.

use super::store::{self, Record};
use super::{DEFAULT, Quotas, Tenant, check_name};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// Where a tenant's data lives, as far as the registry has to know.
pub trait TenantData: Send + Sync {
    /// Closes and removes everything of the tenant called `name`. Nothing of it is in use any more.
    fn remove<'a>(&'a self, name: &'a str) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>>;
}

/// Why a tenant is not made, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    #[error("{0}")]
    Name(String),
    #[error("There is no tenant `{0}`; make it with `fogbank tenant create {0}`, or POST /_fogbank/tenants.")]
    NotFound(String),
    #[error("There is a tenant `{0}` already.")]
    Exists(String),
    #[error("There are {0} tenants, and no more are allowed (limits.tenants).")]
    TooMany(usize),
    #[error("The tenant `default` is always there; reset it instead.")]
    Default,
    #[error("Requests or background work of the tenant were still under way after {0:?}.")]
    Busy(Duration),
    #[error("the tenants cannot be stored: {0}")]
    Io(#[from] io::Error),
}

/// The tenants of this process.
pub struct Tenants {
    tenants: RwLock<BTreeMap<Arc<str>, Arc<Tenant>>>,
    /// What is on the disk; held while that changes.
    records: Mutex<Vec<Record>>,
    file: PathBuf,
    defaults: Quotas,
    max: usize,
    data: Box<dyn TenantData>,
    drain: Duration,
}

impl Tenants {
    /// The tenants that `file` lists, and the default one. `max` is how many there may be, `drain` how long removing
    /// one waits for its requests.
    pub fn open(
        file: PathBuf,
        defaults: Quotas,
        max: usize,
        drain: Duration,
        data: Box<dyn TenantData>,
    ) -> io::Result<Self> {
        let mut records = store::read(&file)?;
        if records.iter().all(|record| record.name != DEFAULT) {
            records.insert(0, fresh(DEFAULT, None));
        }
        let tenants = records.iter().map(|record| Arc::new(record.tenant(defaults)));
        let tenants = RwLock::new(tenants.map(|tenant| (Arc::clone(&tenant.name), tenant)).collect());
        Ok(Self { tenants, records: Mutex::new(records), file, defaults, max, data, drain })
    }

    /// The tenant of that name.
    pub fn get(&self, name: &str) -> Option<Arc<Tenant>> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// All tenants, by name.
    pub fn list(&self) -> Vec<Arc<Tenant>> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Makes a tenant; `quotas` instead of the configuration's.
    pub fn create(&self, name: &str, quotas: Option<Quotas>) -> Result<Arc<Tenant>, TenantError> {
        check_name(name).map_err(TenantError::Name)?;
        let mut records = self.records();
        if records.iter().any(|record| record.name == name) {
            return Err(TenantError::Exists(name.to_owned()));
        }
        if records.len() >= self.max {
            return Err(TenantError::TooMany(self.max));
        }
        let record = fresh(name, quotas);
        let mut next = records.clone();
        next.push(record.clone());
        store::write(&self.file, &next)?;
        *records = next;
        Ok(self.put(&record))
    }

    /// Empties a tenant: its data is gone, its clock is the machine's, its quotas stay.
    pub async fn reset(&self, name: &str) -> Result<Arc<Tenant>, TenantError> {
        self.empty(name).await?;
        let mut records = self.records();
        let Some(record) = records.iter_mut().find(|record| record.name == name) else {
            return Err(TenantError::NotFound(name.to_owned()));
        };
        record.clock_offset_ms = 0;
        let record = record.clone();
        store::write(&self.file, &records)?;
        Ok(self.put(&record))
    }

    /// Removes a tenant and its data.
    pub async fn delete(&self, name: &str) -> Result<(), TenantError> {
        if name == DEFAULT {
            return Err(TenantError::Default);
        }
        self.empty(name).await?;
        let mut records = self.records();
        records.retain(|record| record.name != name);
        store::write(&self.file, &records)?;
        self.tenants.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        Ok(())
    }

    /// Moves a tenant's clock: `offset_ms` ahead of the machine's.
    pub fn set_clock(&self, name: &str, offset_ms: i64) -> Result<(), TenantError> {
        let tenant = self.get(name).ok_or_else(|| TenantError::NotFound(name.to_owned()))?;
        let mut records = self.records();
        if let Some(record) = records.iter_mut().find(|record| record.name == name) {
            record.clock_offset_ms = offset_ms;
        }
        store::write(&self.file, &records)?;
        tenant.clock.set_offset_ms(offset_ms);
        Ok(())
    }

    /// Ends the tenant's requests and removes its data. The closed tenant stays in the table meanwhile, so that nobody
    /// makes it anew; when removing fails it opens again.
    async fn empty(&self, name: &str) -> Result<(), TenantError> {
        let tenant = self.get(name).ok_or_else(|| TenantError::NotFound(name.to_owned()))?;
        tenant.close();
        let emptied = match self.drained(&tenant).await {
            Ok(()) => self.data.remove(name).await.map_err(|error| match error.kind() {
                io::ErrorKind::TimedOut => TenantError::Busy(self.drain),
                _ => TenantError::Io(error),
            }),
            Err(error) => Err(error),
        };
        if emptied.is_err() {
            let record = self.records().iter().find(|record| record.name == name).cloned();
            record.map(|record| self.put(&record));
        }
        emptied
    }

    async fn drained(&self, tenant: &Tenant) -> Result<(), TenantError> {
        let end = Instant::now() + self.drain;
        while tenant.in_flight() > 0 {
            if Instant::now() >= end {
                return Err(TenantError::Busy(self.drain));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    fn put(&self, record: &Record) -> Arc<Tenant> {
        let tenant = Arc::new(record.tenant(self.defaults));
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        tenants.insert(Arc::clone(&tenant.name), Arc::clone(&tenant));
        tenant
    }

    fn records(&self) -> MutexGuard<'_, Vec<Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fresh(name: &str, quotas: Option<Quotas>) -> Record {
    Record { name: name.to_owned(), clock_offset_ms: 0, quotas }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// No data at all.
    pub(crate) struct NoData;

    impl TenantData for NoData {
        fn remove<'a>(&'a self, _: &'a str) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>> {
            Box::pin(async { Ok(()) })
        }
    }

    fn open(folder: &tempfile::TempDir) -> Tenants {
        let file = folder.path().join("tenants.json");
        Tenants::open(file, Quotas::default(), 3, Duration::from_millis(20), Box::new(NoData)).expect("opens")
    }

    #[tokio::test]
    async fn tenants_and_their_clocks_outlive_the_process() {
        let folder = tempfile::tempdir().expect("folder");
        let tenants = open(&folder);
        tenants.create("blue", Some(Quotas { bytes: Some(5), ..Quotas::default() })).expect("made");
        tenants.set_clock("blue", 1000).expect("set");
        let again = open(&folder);
        let blue = again.get("blue").expect("still there");
        assert_eq!((blue.clock.offset_ms(), blue.quotas.bytes), (1000, Some(5)));
        assert_eq!(again.reset("blue").await.expect("reset").clock.offset_ms(), 0);
        again.delete("blue").await.expect("deleted");
        assert!(open(&folder).get("blue").is_none());
        assert!(open(&folder).get(DEFAULT).is_some());
    }

    #[tokio::test]
    async fn a_tenant_in_use_is_not_removed_and_goes_on() {
        let folder = tempfile::tempdir().expect("folder");
        let tenants = open(&folder);
        let blue = tenants.create("blue", None).expect("made");
        let _request = blue.enter().expect("open");
        assert!(matches!(tenants.delete("blue").await, Err(TenantError::Busy(_))));
        assert!(tenants.get("blue").expect("there").enter().is_ok());
    }

    #[test]
    fn names_and_numbers_of_tenants_are_checked() {
        let folder = tempfile::tempdir().expect("folder");
        let tenants = open(&folder);
        assert!(matches!(tenants.create("../x", None), Err(TenantError::Name(_))));
        assert!(matches!(tenants.create(DEFAULT, None), Err(TenantError::Exists(_))));
        tenants.create("a", None).expect("second");
        tenants.create("b", None).expect("third");
        assert!(matches!(tenants.create("c", None), Err(TenantError::TooMany(3))));
    }
}
