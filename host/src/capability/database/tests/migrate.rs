//! F23: migrations run by themselves, in order, in a transaction, once.

use super::super::{Backend, Databases, Error, Value};
use super::{Bed, migrations, on_both};
use std::sync::Arc;

on_both! {
    f23_migrations_run_in_order_and_once
    f23_a_newer_database_is_refused_untouched
    f23_a_failing_migration_leaves_the_old_schema
    f23_a_changed_migration_is_refused
    f23_concurrent_openers_migrate_once
    f23_an_open_database_is_migrated_under_load
    f23_an_old_version_finishes_beside_the_new_one
    tables_can_be_rebuilt
}

const ONE: (&str, &str, &str) = ("one", "CREATE TABLE a (n BIGINT)", "CREATE TABLE a (n BIGINT)");
const TWO: (&str, &str, &str) = (
    "two",
    "INSERT INTO a VALUES (1); INSERT INTO a VALUES (2);",
    "INSERT INTO a VALUES (1); INSERT INTO a VALUES (2);",
);
const THREE: (&str, &str, &str) = (
    "three",
    "ALTER TABLE a ADD COLUMN m BIGINT NOT NULL DEFAULT 5",
    "ALTER TABLE a ADD COLUMN m BIGINT NOT NULL DEFAULT 5",
);

async fn f23_migrations_run_in_order_and_once(backend: Backend) {
    let bed = Bed::new(backend);
    let list = migrations(&[ONE, TWO, THREE]);
    for _ in 0..3 {
        let database = bed.databases.open(&bed.tenant, "p", &list).await.unwrap();
        let found = database.query("SELECT n, m FROM a ORDER BY n".into()).await.unwrap();
        assert_eq!(found.cells, [1, 5, 2, 5].map(Value::Integer));
        bed.databases.close_tenant(&bed.tenant).await;
    }
    let database = bed.databases.open(&bed.tenant, "p", &list).await.unwrap();
    let applied = database.query_as_host("SELECT version, name FROM fogbank_migrations ORDER BY version".into()).await;
    assert_eq!(applied.unwrap().cells, [1.into(), "one".into(), 2.into(), "two".into(), 3.into(), "three".into()]);
}

async fn f23_a_newer_database_is_refused_untouched(backend: Backend) {
    let bed = Bed::new(backend);
    bed.databases.open(&bed.tenant, "p", &migrations(&[ONE, TWO])).await.unwrap();
    bed.databases.close_tenant(&bed.tenant).await;
    let old = migrations(&[ONE]);
    let refused = bed.databases.open(&bed.tenant, "p", &old).await.map(drop);
    assert_eq!(refused, Err(Error::Newer { migration: 2 }));
    let elsewhere = migrations(&[ONE, ("other", "DROP TABLE a", "DROP TABLE a"), THREE]);
    let refused = bed.databases.open(&bed.tenant, "p", &elsewhere).await.map(drop);
    assert!(matches!(refused, Err(Error::Migration { .. })), "{refused:?}");
    let database = bed.databases.open(&bed.tenant, "p", &migrations(&[ONE, TWO])).await.unwrap();
    assert_eq!(database.query("SELECT n FROM a".into()).await.unwrap().len(), 2);
}

async fn f23_a_failing_migration_leaves_the_old_schema(backend: Backend) {
    let bed = Bed::new(backend);
    let bad = "CREATE TABLE b (n BIGINT); INSERT INTO a VALUES (9); INSERT INTO nowhere VALUES (1)";
    let list = migrations(&[ONE, TWO, ("bad", bad, bad)]);
    let refused = bed.databases.open(&bed.tenant, "p", &list).await.map(drop);
    assert!(
        matches!(&refused, Err(Error::Migration { file, reason }) if file == "0003_bad" && reason.contains("nowhere")),
        "{refused:?}"
    );
    let database = bed.databases.open(&bed.tenant, "p", &migrations(&[ONE, TWO])).await.unwrap();
    assert_eq!(database.query("SELECT n FROM a ORDER BY n".into()).await.unwrap().cells, [1, 2].map(Value::Integer));
    assert!(database.query("SELECT n FROM b".into()).await.is_err());
}

async fn f23_a_changed_migration_is_refused(backend: Backend) {
    let bed = Bed::new(backend);
    bed.databases.open(&bed.tenant, "p", &migrations(&[ONE])).await.unwrap();
    bed.databases.close_tenant(&bed.tenant).await;
    let changed = migrations(&[("one", "CREATE TABLE a (n TEXT)", "CREATE TABLE a (n TEXT)")]);
    let refused = bed.databases.open(&bed.tenant, "p", &changed).await.map(drop);
    assert!(matches!(&refused, Err(Error::Migration { file, .. }) if file == "0001_one"), "{refused:?}");
}

/// Two hosts on one database, where the backend allows it, and many requests in each.
async fn f23_concurrent_openers_migrate_once(backend: Backend) {
    let bed = Arc::new(Bed::new(backend));
    let second = Arc::new(Databases::new(bed.config.clone()).unwrap());
    let openers = (0..16).map(|number| {
        let (bed, second) = (Arc::clone(&bed), Arc::clone(&second));
        tokio::spawn(async move {
            let databases = if number % 2 == 0 { &bed.databases } else { &*second };
            databases.open(&bed.tenant, "p", &migrations(&[ONE, TWO, THREE])).await.map(drop)
        })
    });
    for opener in openers.collect::<Vec<_>>() {
        opener.await.unwrap().unwrap();
    }
    let database = second.open(&bed.tenant, "p", &migrations(&[ONE, TWO, THREE])).await.unwrap();
    assert_eq!(database.query("SELECT n FROM a".into()).await.unwrap().len(), 2);
}

async fn f23_an_open_database_is_migrated_under_load(backend: Backend) {
    let bed = Arc::new(Bed::new(backend));
    let old = bed.databases.open(&bed.tenant, "p", &migrations(&[ONE, TWO])).await.unwrap();
    let load = (0..4).map(|_| {
        let old = Arc::clone(&old);
        tokio::spawn(async move {
            for _ in 0..100 {
                let found = old.query("SELECT * FROM a ORDER BY n".into()).await.unwrap();
                assert_eq!(found.len(), 2);
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        })
    });
    let load: Vec<_> = load.collect();
    let tenants = [bed.tenant.clone()];
    bed.databases.migrate_all(&tenants, "p", &migrations(&[ONE, TWO, THREE])).await.unwrap();
    let found = old.query("SELECT * FROM a ORDER BY n".into()).await.unwrap();
    assert_eq!(found.columns, ["n", "m"]);
    for one in load {
        one.await.unwrap();
    }
}

async fn f23_an_old_version_finishes_beside_the_new_one(backend: Backend) {
    let bed = Bed::new(backend);
    let (old, new) = (migrations(&[ONE]), migrations(&[ONE, TWO]));
    bed.databases.open(&bed.tenant, "p", &new).await.unwrap();
    bed.databases.open(&bed.tenant, "p", &old).await.unwrap();
    let tenants = [bed.tenant.clone()];
    let back = bed.databases.migrate_all(&tenants, "p", &old).await;
    assert_eq!(back, Err((bed.tenant.clone(), Error::Newer { migration: 2 })));
}

/// The way to change a column on SQLite: a new table, the rows copied, the old one dropped.
async fn tables_can_be_rebuilt(backend: Backend) {
    let bed = Bed::new(backend);
    let first = "CREATE TABLE p (id BIGINT PRIMARY KEY); CREATE TABLE c (p BIGINT REFERENCES p (id));
        INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)";
    let rebuild = "CREATE TABLE p_new (id BIGINT PRIMARY KEY, name TEXT NOT NULL DEFAULT '', CHECK (id > 0));
        INSERT INTO p_new (id) SELECT id FROM p; DROP TABLE p; ALTER TABLE p_new RENAME TO p;
        CREATE INDEX p_name ON p (name); CREATE TRIGGER t AFTER INSERT ON c BEGIN SELECT 1; END;";
    let alter = "ALTER TABLE p ADD COLUMN name TEXT NOT NULL DEFAULT ''";
    let list = migrations(&[("first", first, first), ("rebuild", rebuild, alter)]);
    let database = bed.databases.open(&bed.tenant, "p", &list).await.unwrap();
    assert_eq!(database.query("SELECT id, name FROM p".into()).await.unwrap().cells, [1.into(), "".into()]);
    assert!(database.execute(vec!["INSERT INTO c VALUES (2)".into()]).await.is_err());
    let orphan = ("orphan", "DELETE FROM p", "DELETE FROM p");
    let list = migrations(&[("first", first, first), ("rebuild", rebuild, alter), orphan]);
    let refused = bed.databases.open(&bed.tenant, "p", &list).await.map(drop);
    assert!(matches!(&refused, Err(Error::Migration { file, .. }) if file == "0003_orphan"), "{refused:?}");
    assert_eq!(database.query("SELECT id FROM p".into()).await.unwrap().len(), 1);
}
