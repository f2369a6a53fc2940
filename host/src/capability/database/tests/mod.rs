//! The capability on both backends: every test here runs against a SQLite file and against a PostgreSQL server.

mod isolation;
mod lifetime;
mod migrate;
mod pool;
mod rules;
mod types;

use super::{Backend, Database, Databases, DatabasesConfig, Limits, Migration, Migrations, Unobserved};
use std::sync::Arc;
use std::time::Duration;

/// Runs one asynchronous test function on both backends. Skipped on PostgreSQL, with a reason, where there is none.
macro_rules! on_both {
    ($($name:ident)*) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name($crate::capability::database::Backend::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if $crate::capability::database::testing::postgres_url().is_some() {
                    super::$name($crate::capability::database::Backend::Postgres).await;
                }
            }
        }
    )*};
}
pub(crate) use on_both;

/// Databases in a folder, and tenants of a name that no other test has.
struct Bed {
    databases: Databases,
    config: DatabasesConfig,
    tenant: String,
    _folder: tempfile::TempDir,
}

/// Short limits, so that tests of time-outs are quick.
fn limits() -> Limits {
    Limits {
        statement: Duration::from_secs(3),
        transaction: Duration::from_secs(5),
        wait: Duration::from_millis(700),
        ..Limits::default()
    }
}

impl Bed {
    fn new(backend: Backend) -> Self {
        Self::with(backend, limits())
    }

    fn with(backend: Backend, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = DatabasesConfig {
            url: (backend == Backend::Postgres).then(|| super::testing::postgres_url().unwrap()),
            data_dir: folder.path().to_owned(),
            secret: b"the installation's secret".to_vec(),
            limits,
            host_migrations: Arc::default(),
            observer: Arc::new(Unobserved),
        };
        let databases = Databases::new(config.clone()).unwrap();
        Self { databases, config, tenant: format!("t{}", uuid::Uuid::new_v4()), _folder: folder }
    }

    /// The tenant's database of the service `shop`.
    async fn shop(&self) -> Arc<Database> {
        self.databases.open(&self.tenant, "shop", &shop()).await.unwrap()
    }
}

/// The migrations of a small service.
fn shop() -> Arc<Migrations> {
    let sqlite = "
        CREATE TABLE shelf (name TEXT PRIMARY KEY NOT NULL, room BIGINT NOT NULL CHECK (room >= 0));
        CREATE TABLE thing (
            id BIGINT PRIMARY KEY, shelf TEXT REFERENCES shelf (name), price DOUBLE PRECISION, note TEXT, data BLOB,
            sold BOOLEAN NOT NULL DEFAULT FALSE);
        INSERT INTO shelf VALUES ('top', 10);";
    let postgres = "
        CREATE TABLE shelf (name TEXT COLLATE \"C\" PRIMARY KEY, room BIGINT NOT NULL CHECK (room >= 0));
        CREATE TABLE thing (
            id BIGINT PRIMARY KEY, shelf TEXT COLLATE \"C\" REFERENCES shelf (name), price DOUBLE PRECISION,
            note TEXT COLLATE \"C\", data BYTEA, sold BOOLEAN NOT NULL DEFAULT FALSE);
        INSERT INTO shelf VALUES ('top', 10);";
    migrations(&[("shop", sqlite, postgres)])
}

/// Migrations by name, numbered from 1.
fn migrations(list: &[(&str, &str, &str)]) -> Arc<Migrations> {
    let list = list.iter().zip(1..).map(|((name, sqlite, postgres), version)| Migration {
        version,
        name: (*name).to_owned(),
        sqlite: (*sqlite).to_owned(),
        postgres: (*postgres).to_owned(),
    });
    Arc::new(Migrations::new(list.collect()).unwrap())
}

/// Waits until every connection is back in its pool.
async fn until_quiet(database: &Database) {
    for _ in 0..1000 {
        if database.is_quiet() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a connection did not come back");
}
