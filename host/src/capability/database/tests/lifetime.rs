//! Databases open at first use, close when nothing uses them, and are gone when their tenant is.

use super::super::{Backend, Databases, Error, Mode, Observe, Sample, Value};
use super::{Bed, Limits, limits, on_both, shop, until_quiet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

on_both! {
    an_idle_database_is_closed_and_opens_again
    a_database_in_use_is_not_closed
    the_number_of_open_databases_has_a_cap
    a_dropped_tenant_is_gone
    data_stays_over_a_restart
    every_use_is_told
    readiness_is_the_databases_own
    nothing_is_open_after_a_shutdown
}

async fn an_idle_database_is_closed_and_opens_again(backend: Backend) {
    let bed = Bed::with(backend, Limits { idle: Duration::from_millis(100), ..limits() });
    let shop = bed.shop().await;
    shop.execute(vec!["UPDATE shelf SET room = 3".into()]).await.unwrap();
    drop(shop);
    for _ in 0..200 {
        if bed.databases.open_count() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(bed.databases.open_count(), 0);
    let found = bed.shop().await.query("SELECT room FROM shelf".into()).await.unwrap();
    assert_eq!(found.cells, [Value::Integer(3)]);
}

async fn a_database_in_use_is_not_closed(backend: Backend) {
    let bed = Bed::with(backend, Limits { idle: Duration::from_millis(50), ..limits() });
    let mut transaction = bed.shop().await.begin(Mode::Write).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(bed.databases.open_count(), 1);
    transaction.execute(vec!["UPDATE shelf SET room = 3".into()]).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn the_number_of_open_databases_has_a_cap(backend: Backend) {
    let bed = Bed::with(backend, Limits { open: 2, ..limits() });
    let open = async |plugin: &str| bed.databases.open(&bed.tenant, plugin, &shop()).await;
    let (one, two) = (open("a").await.unwrap(), open("b").await.unwrap());
    assert!(matches!(open("c").await, Err(Error::Unavailable(_))));
    until_quiet(&one).await;
    drop(one);
    open("c").await.unwrap();
    assert_eq!(bed.databases.open_count(), 2);
    two.query("SELECT 1".into()).await.unwrap();
}

async fn a_dropped_tenant_is_gone(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    shop.execute(vec!["UPDATE shelf SET room = 3".into()]).await.unwrap();
    let plugins = ["shop".to_owned(), "never-opened".to_owned()];
    bed.databases.drop_tenant(&bed.tenant, &plugins).await.unwrap();
    assert!(shop.query("SELECT 1".into()).await.is_err());
    let found = bed.shop().await.query("SELECT room FROM shelf".into()).await.unwrap();
    assert_eq!(found.cells, [Value::Integer(10)]);
}

async fn data_stays_over_a_restart(backend: Backend) {
    let bed = Bed::new(backend);
    bed.shop().await.execute(vec!["UPDATE shelf SET room = 3".into()]).await.unwrap();
    bed.databases.shutdown().await;
    // Another installation's secret makes another password, which the server is told.
    let config = super::DatabasesConfig { secret: b"another".to_vec(), ..bed.config.clone() };
    let again = Databases::new(config).unwrap();
    let database = again.open(&bed.tenant, "shop", &shop()).await.unwrap();
    assert_eq!(database.query("SELECT room FROM shelf".into()).await.unwrap().cells, [Value::Integer(3)]);
}

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Observe for Notes {
    fn sample(&self, sample: Sample<'_>) {
        let note = format!("{} {} {} {:?}", sample.plugin, sample.call, sample.rows, sample.error);
        self.0.lock().unwrap().push(note);
    }
}

async fn every_use_is_told(backend: Backend) {
    let bed = Bed::new(backend);
    let notes = Arc::new(Notes::default());
    let config = super::DatabasesConfig { observer: notes.clone(), ..bed.config.clone() };
    let databases = Databases::new(config).unwrap();
    let shop = databases.open(&bed.tenant, "shop", &shop()).await.unwrap();
    shop.query("SELECT room FROM shelf".into()).await.unwrap();
    shop.query("SELECT nothing".into()).await.unwrap_err();
    let mut transaction = shop.begin(Mode::Write).await.unwrap();
    transaction.execute(vec!["UPDATE shelf SET room = 3".into()]).await.unwrap();
    transaction.commit().await.unwrap();
    let expected = [
        "shop query 1 None",
        "shop query 0 Some(\"invalid\")",
        "shop begin 0 None",
        "shop execute 0 None",
        "shop commit 0 None",
    ];
    assert_eq!(*notes.0.lock().unwrap(), expected);
}

async fn readiness_is_the_databases_own(backend: Backend) {
    let bed = Bed::new(backend);
    bed.databases.ping().await.unwrap();
    let url = "postgres://nobody:secret@localhost/none?host=/nowhere".to_owned();
    let gone = super::DatabasesConfig { url: Some(url), ..bed.config.clone() };
    let error = Databases::new(gone).unwrap().ping().await.unwrap_err();
    assert!(matches!(&error, Error::Unavailable(why) if !why.contains("secret")), "{error}");
}

async fn nothing_is_open_after_a_shutdown(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    bed.databases.shutdown().await;
    assert_eq!(bed.databases.open_count(), 0);
    assert!(matches!(shop.query("SELECT 1".into()).await, Err(Error::Unavailable(_))));
}

/// A copy is of one moment, and is a database of its own.
#[tokio::test]
async fn a_sqlite_database_is_copied_while_it_is_in_use() {
    let bed = Bed::new(Backend::Sqlite);
    let original = bed.shop().await;
    let copy = format!("{}-copy", bed.tenant);
    let folder = bed.config.data_dir.join("tenants").join(&copy).join("shop");
    std::fs::create_dir_all(&folder).unwrap();
    bed.databases.backup(&bed.tenant, "shop", &folder.join("db.sqlite")).await.unwrap();
    original.execute(vec!["UPDATE shelf SET room = 1".into()]).await.unwrap();
    let database = bed.databases.open(&copy, "shop", &shop()).await.unwrap();
    assert_eq!(database.query("SELECT room FROM shelf".into()).await.unwrap().cells, [Value::Integer(10)]);
}
