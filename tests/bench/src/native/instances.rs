//! What an instance leaves in databases, by hand: its row and its disk's with their links, its operation, its address and its nic. One
//! transaction, where Fogbank has several in two databases, since its answer comes before its work is done.

use serde_json::{Value, json};
use sqlx::sqlite::SqlitePool;
use sqlx::{Row as _, Sqlite, Transaction};
use std::io::Error;
use tokio::sync::Mutex;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS resource (path TEXT NOT NULL PRIMARY KEY, project TEXT NOT NULL, collection TEXT NOT NULL,
    scope TEXT NOT NULL, name TEXT NOT NULL, id BIGINT NOT NULL UNIQUE, created_ms BIGINT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS resource_by_name ON resource (project, collection, scope, name);
CREATE INDEX IF NOT EXISTS resource_by_age ON resource (project, collection, created_ms);
CREATE TABLE IF NOT EXISTS link (source TEXT NOT NULL, target TEXT NOT NULL, PRIMARY KEY (source, target));
CREATE INDEX IF NOT EXISTS link_by_target ON link (target);
CREATE TABLE IF NOT EXISTS operation (id TEXT PRIMARY KEY, target TEXT NOT NULL, state TEXT NOT NULL, created_ms BIGINT NOT NULL);
CREATE INDEX IF NOT EXISTS operation_list ON operation (created_ms, id);
CREATE TABLE IF NOT EXISTS nic (machine BIGINT NOT NULL PRIMARY KEY, address BIGINT NOT NULL UNIQUE, document TEXT NOT NULL);
";

const PLACE: &str = "projects/bench/zones/us-central1-a";

/// One writer at a time, who waits in a queue and not in the database; whether the tables are there.
static WRITER: Mutex<bool> = Mutex::const_new(false);

/// Makes an instance from the body of an `instances.insert`; the operation.
pub async fn insert(pool: &SqlitePool, body: &[u8]) -> Result<Value, Error> {
    let body: Value = serde_json::from_slice(body)?;
    write(pool, &body).await.map_err(Error::other)
}

async fn write(pool: &SqlitePool, body: &Value) -> sqlx::Result<Value> {
    let name = body["name"].as_str().unwrap_or_default();
    let mut prepared = WRITER.lock().await;
    if !*prepared {
        sqlx::raw_sql(TABLES).execute(pool).await?;
        *prepared = true;
    }
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    let path = format!("{PLACE}/instances/{name}");
    let taken = sqlx::query("SELECT id FROM resource WHERE path = $1").bind(&path).fetch_optional(&mut *tx).await?;
    if taken.is_some() {
        return Err(sqlx::Error::RowNotFound);
    }
    let last = sqlx::query("SELECT MAX(address) AS last FROM nic").fetch_one(&mut *tx).await?;
    let address = last.get::<Option<i64>, _>("last").unwrap_or(0x0a80_0001) + 1;
    let text = body.to_string();
    let disk = resource(&mut tx, "disks", name, 2 * address, &text).await?;
    let instance = resource(&mut tx, "instances", name, 2 * address + 1, &text).await?;
    for (source, target) in [
        (&disk, "projects/debian-cloud/global/licenses/debian-12"),
        (&disk, "projects/bench/zones/us-central1-a/diskTypes/pd-standard"),
        (&instance, "projects/bench/zones/us-central1-a/machineTypes/e2-micro"),
        (&instance, "projects/bench/global/networks/default"),
        (&instance, "projects/bench/regions/us-central1/subnetworks/default"),
        (&instance, &disk),
    ] {
        let sql = "INSERT INTO link (source, target) VALUES ($1, $2)";
        sqlx::query(sql).bind(source).bind(target).execute(&mut *tx).await?;
    }
    let sql = "INSERT INTO nic (machine, address, document) VALUES ($1, $2, $3)";
    sqlx::query(sql).bind(2 * address + 1).bind(address).bind(&text).execute(&mut *tx).await?;
    let operation = format!("operation-{address}");
    let sql = "INSERT INTO operation (id, target, state, created_ms) VALUES ($1, $2, 'done', $3)";
    sqlx::query(sql).bind(&operation).bind(&instance).bind(address).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(json!({"kind": "compute#operation", "name": operation, "status": "DONE", "targetLink": instance}))
}

async fn resource(
    tx: &mut Transaction<'_, Sqlite>,
    collection: &str,
    name: &str,
    id: i64,
    body: &str,
) -> sqlx::Result<String> {
    let path = format!("{PLACE}/{collection}/{name}");
    let sql = "INSERT INTO resource (path, project, collection, scope, name, id, created_ms, body) \
               VALUES ($1, 'bench', $2, 'zones/us-central1-a', $3, $4, $5, $6)";
    let query = sqlx::query(sql).bind(&path).bind(collection).bind(name).bind(id).bind(id).bind(body);
    query.execute(&mut **tx).await?;
    Ok(path)
}
