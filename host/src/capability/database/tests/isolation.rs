//! A service reaches its own tenant's tables, and nothing else, whatever SQL it thinks of.

use super::super::{Backend, Error, Mode, Statement, Value};
use super::{Bed, migrations, on_both, shop};

on_both! {
    tenants_and_services_do_not_see_each_other
    statements_that_try_to_leave_are_refused
    the_hosts_tables_are_not_for_services
    f25_parameters_are_never_read_as_sql
    migrations_cannot_leave_either
}

async fn tenants_and_services_do_not_see_each_other(backend: Backend) {
    let bed = Bed::new(backend);
    let mine = bed.shop().await;
    let other_tenant = bed.databases.open(&format!("{}x", bed.tenant), "shop", &shop()).await.unwrap();
    let other_service = bed.databases.open(&bed.tenant, "depot", &shop()).await.unwrap();
    mine.execute(vec!["UPDATE shelf SET room = 77".into()]).await.unwrap();
    for other in [other_tenant, other_service] {
        assert_eq!(other.query("SELECT room FROM shelf".into()).await.unwrap().cells, [Value::Integer(10)]);
    }
}

async fn statements_that_try_to_leave_are_refused(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    let attempts = [
        "ATTACH DATABASE '/tmp/other.sqlite' AS other",
        "PRAGMA query_only = 0",
        "SELECT * FROM pragma_database_list; ATTACH '/tmp/x' AS y",
        "SELECT 1; DELETE FROM shelf",
        "SELECT 1 /* */; DELETE FROM shelf --",
        "SELECT 1 -- ;\n; DELETE FROM shelf",
        "/* SELECT */ DROP TABLE shelf",
        "VACUUM INTO '/tmp/x'",
        "COMMIT",
        "BEGIN",
        "SET ROLE owner",
        "SELECT set_config('role', 'owner', false)",
        "SELECT load_extension('/tmp/x')",
        "SELECT * FROM pg_catalog.pg_authid",
        "COPY shelf TO PROGRAM 'true'",
        "DO $$ BEGIN PERFORM 1; END $$",
        "CREATE TABLE mine (a TEXT)",
        "INSERT INTO sqlite_master VALUES (1, 2, 3, 4, 5)",
        "DELETE FROM sqlite_schema",
        "SELECT * FROM pragma_table_info('shelf')",
        "UPDATE 'fogbank_migrations' SET version = 9",
    ];
    for sql in attempts {
        for result in [
            shop.query(sql.into()).await.map(drop),
            shop.execute(vec![sql.into()]).await.map(drop),
            shop.begin(Mode::Write).await.unwrap().execute(vec!["SELECT 1".into(), sql.into()]).await.map(drop),
        ] {
            assert!(matches!(result, Err(Error::Invalid(_))), "{sql}: {result:?}");
        }
    }
    super::until_quiet(&shop).await;
    assert_eq!(shop.query("SELECT name FROM shelf".into()).await.unwrap().len(), 1);
}

async fn the_hosts_tables_are_not_for_services(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    let read = "SELECT version FROM fogbank_migrations";
    assert_eq!(shop.query_as_host(read.into()).await.unwrap().cells, [Value::Integer(1)]);
    // The host has run this very text before: a statement that is kept compiled opens no door.
    for sql in [read, "SELECT version FROM \"fogbank_migrations\"", "DELETE FROM FOGBANK_MIGRATIONS"] {
        assert!(matches!(shop.query(sql.into()).await, Err(Error::Invalid(_))), "{sql}");
        assert!(matches!(shop.execute(vec![sql.into()]).await, Err(Error::Invalid(_))), "{sql}");
    }
    let mut transaction = shop.begin(Mode::Write).await.unwrap();
    transaction.execute(vec!["UPDATE shelf SET room = 1".into()]).await.unwrap();
    let write = "UPDATE fogbank_migrations SET applied_ms = 5";
    transaction.execute_as_host(vec![write.into()]).await.unwrap();
    transaction.commit().await.unwrap();
    let found = shop.query_as_host("SELECT applied_ms FROM fogbank_migrations".into()).await.unwrap();
    assert_eq!(found.cells, [Value::Integer(5)]);
}

async fn f25_parameters_are_never_read_as_sql(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    for evil in ["'; DROP TABLE shelf; --", "\" OR 1=1", "$1", "%", "\\'; --"] {
        let insert = Statement::new("INSERT INTO shelf (name, room) VALUES ($1, 1)").bind(evil);
        shop.execute(vec![insert]).await.unwrap();
        let find = Statement::new("SELECT name FROM shelf WHERE name = $1").bind(evil);
        assert_eq!(shop.query(find).await.unwrap().cells, [Value::from(evil)]);
    }
    for wrong in [
        Statement::new("SELECT name FROM shelf WHERE name = $1"),
        Statement::new("SELECT name FROM shelf WHERE name = $1").bind("a").bind("b"),
        Statement::new("SELECT name FROM shelf").bind("a"),
    ] {
        assert!(matches!(shop.query(wrong.clone()).await, Err(Error::Invalid(_))), "{wrong:?}");
    }
}

async fn migrations_cannot_leave_either(backend: Backend) {
    let bed = Bed::new(backend);
    let attempts = [
        "ATTACH '/tmp/other.sqlite' AS other",
        "CREATE TABLE a (b TEXT); COMMIT; CREATE TABLE c (d TEXT)",
        "CREATE TABLE fogbank_mine (a TEXT)",
        "DROP TABLE fogbank_migrations",
        "PRAGMA journal_mode = DELETE",
        "SET search_path = public",
        "ROLLBACK",
        "SAVEPOINT a",
    ];
    for (number, sql) in attempts.iter().enumerate() {
        let list = migrations(&[("leave", sql, sql)]);
        let opened = bed.databases.open(&bed.tenant, &format!("p{number}"), &list).await.map(drop);
        assert!(matches!(&opened, Err(Error::Migration { file, .. }) if file == "0001_leave"), "{sql}: {opened:?}");
    }
}

/// The fence behind the checks of text: PostgreSQL itself keeps a role in its schema.
#[tokio::test]
async fn a_role_cannot_read_another_schema() {
    if super::super::testing::postgres_url().is_none() {
        return;
    }
    let bed = Bed::new(Backend::Postgres);
    let mine = bed.shop().await;
    bed.databases.open(&bed.tenant, "depot", &shop()).await.unwrap();
    let schemas = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'fb%depot%' AND nspname LIKE $1";
    let pattern = format!("fb_{}%", bed.tenant.chars().take(20).collect::<String>().replace('-', "_"));
    let found = mine.query_as_host(Statement::new(schemas).bind(pattern)).await.unwrap();
    let Value::Text(depot) = &found.cells[0] else { panic!("no schema") };
    let steal = format!("SELECT room FROM {depot}.shelf");
    for refused in [mine.query(steal.as_str().into()).await, mine.query_as_host(steal.as_str().into()).await] {
        assert!(matches!(&refused, Err(Error::Invalid(why)) if why.contains("permission denied")), "{refused:?}");
    }
    let create = mine.execute_as_host(vec!["CREATE TABLE public.mine (a TEXT)".into()]).await;
    assert!(matches!(&create, Err(Error::Invalid(why)) if why.contains("permission denied")), "{create:?}");
}
