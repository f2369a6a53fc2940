//! IAM policies and the resource hierarchy of each tenant, as the host keeps them: in a database, and in memory for decisions.

use super::tables::{StoredPolicy, Tables};
use crate::capability::database::{Database, Databases, Error, Migration, Migrations, Statement};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// How often a write that met another is tried.
const TRIES: u32 = 10;

/// For both backends; keys say {bytes}, so that they are compared by bytes on both.
const SCHEMA: &str = "
CREATE TABLE policies (
    resource TEXT {bytes} PRIMARY KEY,
    document TEXT NOT NULL,
    generation BIGINT NOT NULL
);
CREATE TABLE parents (
    resource TEXT {bytes} PRIMARY KEY,
    parent TEXT NOT NULL
);
";

/// A policy as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// google.iam.v1.Policy as JSON text, without its etag.
    pub document: String,
    /// Changes with each write; also of a policy that was never set.
    pub etag: String,
}

/// Why a policy was not read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyError {
    /// The etag given is not that of the stored policy.
    Conflict,
    /// The document is none.
    Invalid(String),
    Database(Error),
}

impl From<Error> for PolicyError {
    fn from(error: Error) -> Self {
        PolicyError::Database(error)
    }
}

/// The policies of all tenants.
pub struct Policies {
    databases: Arc<Databases>,
    migrations: Arc<Migrations>,
    tables: RwLock<HashMap<Arc<str>, Arc<Tables>>>,
    loading: tokio::sync::Mutex<()>,
}

impl Policies {
    /// The name under which the host opens its own database in a tenant; no service can have it.
    pub const OWNER: &str = "_identity";

    /// Keeps policies in `databases`.
    ///
    /// # Errors
    /// A sentence, where the host's own schema is not in order: a bug.
    pub fn new(databases: Arc<Databases>) -> Result<Self, String> {
        let first = Migration {
            version: 1,
            name: "policies".into(),
            sqlite: SCHEMA.replace("{bytes}", ""),
            postgres: SCHEMA.replace("{bytes}", "COLLATE \"C\""),
        };
        let (migrations, tables) = (Arc::new(Migrations::new(vec![first])?), RwLock::default());
        Ok(Self { databases, migrations, tables, loading: tokio::sync::Mutex::default() })
    }

    async fn open(&self, tenant: &str) -> Result<Arc<Database>, Error> {
        self.databases.open(tenant, Self::OWNER, &self.migrations).await
    }

    /// The tables of a tenant, read from its database at first use.
    pub async fn tables(&self, tenant: &str) -> Result<Arc<Tables>, Error> {
        if let Some(tables) = self.loaded(tenant) {
            return Ok(tables);
        }
        let _loading = self.loading.lock().await;
        if let Some(tables) = self.loaded(tenant) {
            return Ok(tables);
        }
        let tables = Arc::new(Tables::load(&*self.open(tenant).await?).await?);
        let mut all = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(Arc::from(tenant), Arc::clone(&tables));
        Ok(tables)
    }

    fn loaded(&self, tenant: &str) -> Option<Arc<Tables>> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned()
    }

    /// Drops what is kept in memory of a tenant that goes away.
    pub fn forget_tenant(&self, tenant: &str) {
        self.tables.write().unwrap_or_else(PoisonError::into_inner).remove(tenant);
    }

    /// The policy of `resource`; an empty one where none was set.
    pub async fn get(&self, tenant: &str, resource: &str) -> Result<Policy, PolicyError> {
        let tables = self.tables(tenant).await?;
        let entries = tables.entries.read().unwrap_or_else(PoisonError::into_inner);
        Ok(policy_of(entries.get(resource).and_then(|entry| entry.policy.as_ref())))
    }

    /// Replaces the policy of `resource`; `Conflict` where `etag` is given and not the stored one.
    pub async fn set(
        &self,
        tenant: &str,
        resource: &str,
        document: &str,
        etag: Option<&str>,
    ) -> Result<Policy, PolicyError> {
        let parsed: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(document);
        parsed.map_err(|error| PolicyError::Invalid(error.to_string()))?;
        let tables = self.tables(tenant).await?;
        let _writing = tables.writing.lock().await;
        let now = self.get(tenant, resource).await?;
        if etag.is_some_and(|etag| !etag.is_empty() && plain(etag) != plain(&now.etag)) {
            return Err(PolicyError::Conflict);
        }
        let generation = generation_of(&tables, resource) + 1;
        let sql = "INSERT INTO policies (resource, document, generation) VALUES ($1, $2, $3) \
                   ON CONFLICT (resource) DO UPDATE SET document = excluded.document, generation = excluded.generation";
        let write = Statement::new(sql).bind(resource).bind(document).bind(generation);
        self.write(tenant, vec![write]).await?;
        let stored = StoredPolicy { document: document.into(), generation };
        let policy = policy_of(Some(&stored));
        tables.change(resource, |entry| entry.policy = Some(stored));
        Ok(policy)
    }

    /// Says where `resource` looks for what its own policy does not say.
    pub async fn set_parent(&self, tenant: &str, resource: &str, parent: &str) -> Result<(), PolicyError> {
        let tables = self.tables(tenant).await?;
        let _writing = tables.writing.lock().await;
        let sql = "INSERT INTO parents (resource, parent) VALUES ($1, $2) \
                   ON CONFLICT (resource) DO UPDATE SET parent = excluded.parent";
        self.write(tenant, vec![Statement::new(sql).bind(resource).bind(parent)]).await?;
        tables.change(resource, |entry| entry.parent = Some(parent.into()));
        Ok(())
    }

    /// Forgets the policy and parent of `resource` and of everything below it.
    pub async fn forget(&self, tenant: &str, resource: &str) -> Result<(), PolicyError> {
        let tables = self.tables(tenant).await?;
        let _writing = tables.writing.lock().await;
        if !tables.knows(resource) {
            return Ok(());
        }
        // `0` is the character behind `/`: this is the range of everything that begins with `resource/`.
        let delete = |table: &str| {
            let sql = format!("DELETE FROM {table} WHERE resource = $1 OR (resource >= $2 AND resource < $3)");
            Statement::new(sql).bind(resource).bind(format!("{resource}/")).bind(format!("{resource}0"))
        };
        self.write(tenant, vec![delete("policies"), delete("parents")]).await?;
        tables.forget(resource);
        Ok(())
    }

    /// Runs statements in one transaction, again where another process's lock was in the way.
    async fn write(&self, tenant: &str, statements: Vec<Statement>) -> Result<(), Error> {
        let database = self.open(tenant).await?;
        for _ in 1..TRIES {
            match database.execute(statements.clone()).await {
                Err(Error::Busy) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
                outcome => return outcome.map(drop),
            }
        }
        database.execute(statements).await.map(drop)
    }
}

fn generation_of(tables: &Tables, resource: &str) -> i64 {
    let entries = tables.entries.read().unwrap_or_else(PoisonError::into_inner);
    entries.get(resource).and_then(|entry| entry.policy.as_ref()).map_or(0, |policy| policy.generation)
}

/// A stored policy with its etag; an empty one where none was set.
fn policy_of(stored: Option<&StoredPolicy>) -> Policy {
    match stored {
        Some(stored) => Policy { document: stored.document.to_string(), etag: etag_of(stored.generation) },
        None => Policy { document: "{}".into(), etag: etag_of(0) },
    }
}

/// The etag of a generation: a protocol buffer with the number in its first field, as the real services have it; those call
/// a policy that was never set `ACAB`.
fn etag_of(generation: i64) -> String {
    if generation == 0 {
        return "ACAB".into();
    }
    let mut bytes = vec![0x08];
    let mut rest = generation as u64;
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    BASE64.encode(bytes)
}

/// An etag as it is compared: gcloud sends them back in the URL's alphabet of base64 (RFC 4648, section 5).
fn plain(etag: &str) -> String {
    etag.trim_end_matches('=').replace('-', "+").replace('_', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_generation_has_an_etag_of_its_own() {
        let etags: std::collections::BTreeSet<String> = (0..1000).map(etag_of).collect();
        assert_eq!(etags.len(), 1000);
        assert_eq!(etag_of(1), "CAE=");
        assert_eq!(plain("CPs_-w=="), plain("CPs/+w"));
    }
}
