//! The policies and parents of one tenant in memory, as they stand in its database: decisions read them all the time, and only
//! this process writes them.

use crate::capability::database::{Database, Error, Statement, Value};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Rows that are read at once when a tenant's tables are loaded.
const PAGE: usize = 1000;

/// What is known of one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    pub policy: Option<StoredPolicy>,
    pub parent: Option<Arc<str>>,
}

/// A policy that was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPolicy {
    /// google.iam.v1.Policy as JSON text, without its etag.
    pub document: Arc<str>,
    /// Counts the writes.
    pub generation: i64,
}

/// The tables of one tenant.
#[derive(Debug, Default)]
pub struct Tables {
    pub entries: RwLock<BTreeMap<Arc<str>, Entry>>,
    /// Changes with everything that a decision may depend on.
    generation: AtomicU64,
    /// Writes come one after the other, so that memory changes in the order of the commits.
    pub writing: tokio::sync::Mutex<()>,
}

impl Tables {
    /// Reads everything.
    pub async fn load(database: &Database) -> Result<Self, Error> {
        let tables = Self::default();
        let sql =
            "SELECT resource, document, generation FROM policies WHERE resource > $1 ORDER BY resource LIMIT 1000";
        each(database, sql, |row| {
            if let [Value::Text(resource), Value::Text(document), Value::Integer(generation)] = row {
                let policy = StoredPolicy { document: document.as_str().into(), generation: *generation };
                tables.change(resource, |entry| entry.policy = Some(policy));
            }
        })
        .await?;
        let sql = "SELECT resource, parent FROM parents WHERE resource > $1 ORDER BY resource LIMIT 1000";
        each(database, sql, |row| {
            if let [Value::Text(resource), Value::Text(parent)] = row {
                tables.change(resource, |entry| entry.parent = Some(parent.as_str().into()));
            }
        })
        .await?;
        Ok(tables)
    }

    /// What decisions taken now are valid for.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Decisions taken until now are no longer valid.
    pub fn changed(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Changes what is known of a resource.
    pub fn change(&self, resource: &str, change: impl FnOnce(&mut Entry)) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        change(entries.entry(Arc::from(resource)).or_default());
        drop(entries);
        self.changed();
    }

    /// Forgets a resource and everything below it; whether anything was known.
    pub fn forget(&self, resource: &str) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries.remove(resource);
        let below: Vec<Arc<str>> = { entries.range(below_of(resource)).map(|(name, _)| Arc::clone(name)).collect() };
        for name in below {
            entries.remove(&name);
        }
        drop(entries);
        self.changed();
    }

    /// Whether anything is known of `resource` or of what is below it.
    pub fn knows(&self, resource: &str) -> bool {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.contains_key(resource) || entries.range(below_of(resource)).next().is_some()
    }
}

/// The names below a resource: `0` is the character behind `/`.
fn below_of(resource: &str) -> std::ops::Range<Arc<str>> {
    Arc::from(format!("{resource}/"))..Arc::from(format!("{resource}0"))
}

async fn each(database: &Database, sql: &str, mut take: impl FnMut(&[Value])) -> Result<(), Error> {
    let mut after = String::new();
    loop {
        let rows = database.query(Statement::new(sql).bind(after.as_str())).await?;
        for row in rows.iter() {
            take(row);
        }
        match rows.iter().last() {
            Some([Value::Text(last), ..]) if rows.len() == PAGE => after = last.clone(),
            _ => return Ok(()),
        }
    }
}
