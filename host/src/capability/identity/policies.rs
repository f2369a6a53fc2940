//! IAM policies and the resource hierarchy of one tenant, as the host keeps them.

use crate::capability::database::{Database, Databases, Error, Migration, Migrations, Mode, Statement, Value};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::sync::Arc;

/// How often a transaction that met another is run.
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
        Ok(Self { databases, migrations: Arc::new(Migrations::new(vec![first])?) })
    }

    async fn open(&self, tenant: &str) -> Result<Arc<Database>, Error> {
        self.databases.open(tenant, Self::OWNER, &self.migrations).await
    }

    /// The policy of `resource`; an empty one where none was set.
    pub async fn get(&self, tenant: &str, resource: &str) -> Result<Policy, PolicyError> {
        let statement = select(resource);
        let rows = self.open(tenant).await?.query(statement).await?;
        Ok(stored(rows.iter().next()).0)
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
        let database = self.open(tenant).await?;
        for _ in 0..TRIES {
            match try_set(&database, resource, document, etag).await {
                Err(PolicyError::Database(Error::Busy)) => {
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
                outcome => return outcome,
            }
        }
        Err(PolicyError::Database(Error::Busy))
    }

    /// Says where `resource` looks for what its own policy does not say.
    pub async fn set_parent(&self, tenant: &str, resource: &str, parent: &str) -> Result<(), PolicyError> {
        let sql = "INSERT INTO parents (resource, parent) VALUES ($1, $2) \
                   ON CONFLICT (resource) DO UPDATE SET parent = excluded.parent";
        let statement = Statement::new(sql).bind(resource).bind(parent);
        self.open(tenant).await?.execute(vec![statement]).await?;
        Ok(())
    }

    /// Forgets the policy and parent of `resource` and of everything below it.
    pub async fn forget(&self, tenant: &str, resource: &str) -> Result<(), PolicyError> {
        // `0` is the character behind `/`: this is the range of everything that begins with `resource/`.
        let delete = |table: &str| {
            let sql = format!("DELETE FROM {table} WHERE resource = $1 OR (resource >= $2 AND resource < $3)");
            Statement::new(sql).bind(resource).bind(format!("{resource}/")).bind(format!("{resource}0"))
        };
        let statements = vec![delete("policies"), delete("parents")];
        self.open(tenant).await?.execute(statements).await?;
        Ok(())
    }
}

async fn try_set(
    database: &Database,
    resource: &str,
    document: &str,
    etag: Option<&str>,
) -> Result<Policy, PolicyError> {
    let mut transaction = database.begin(Mode::Write).await?;
    let rows = transaction.query(select(resource)).await?;
    let (now, generation) = stored(rows.iter().next());
    if etag.is_some_and(|etag| !etag.is_empty() && etag != now.etag) {
        return Err(PolicyError::Conflict);
    }
    let sql = "INSERT INTO policies (resource, document, generation) VALUES ($1, $2, $3) \
               ON CONFLICT (resource) DO UPDATE SET document = excluded.document, generation = excluded.generation";
    let write = Statement::new(sql).bind(resource).bind(document).bind(generation + 1);
    transaction.execute(vec![write]).await?;
    transaction.commit().await?;
    Ok(Policy { document: document.to_owned(), etag: etag_of(generation + 1) })
}

fn select(resource: &str) -> Statement {
    Statement::new("SELECT document, generation FROM policies WHERE resource = $1").bind(resource)
}

/// The policy in a row, and its generation; an empty one where there is no row.
fn stored(row: Option<&[Value]>) -> (Policy, i64) {
    match row {
        Some([Value::Text(document), Value::Integer(generation)]) => {
            (Policy { document: document.clone(), etag: etag_of(*generation) }, *generation)
        }
        _ => (Policy { document: "{}".into(), etag: etag_of(0) }, 0),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_generation_has_an_etag_of_its_own() {
        let etags: std::collections::BTreeSet<String> = (0..1000).map(etag_of).collect();
        assert_eq!(etags.len(), 1000);
        assert_eq!(etag_of(1), "CAE=");
    }
}
