//! F24: connections always return to the pool, and never with anything left on them.

use super::super::{Backend, Database, Error, Limits, Mode, Statement, Value};
use super::{Bed, limits, on_both, until_quiet};
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

on_both! {
    f24_a_query_that_is_dropped_returns_its_connection
    f24_a_transaction_that_is_dropped_is_rolled_back
    f24_a_transaction_dropped_in_mid_statement_is_rolled_back
    f24_a_batch_that_is_dropped_is_rolled_back
    f24_errors_return_their_connection
    f24_a_statement_out_of_time_ends
    f24_a_transaction_out_of_time_ends
    f24_deadlocks_are_busy
    f24_a_held_write_lock_is_busy
    f24_a_storm_of_cancellations_leaves_the_pool_full
}

/// Runs for as long as it may.
const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

const ENDLESS_WRITE: &str = "UPDATE shelf SET room =
    (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n)";

/// Polls `work` for a while and drops it.
async fn drop_after(time: Duration, work: impl Future) {
    let _ = tokio::time::timeout(time, work).await;
}

/// Every connection works, sees the state from the beginning, and is not in a transaction.
async fn assert_intact(shop: &Arc<Database>) {
    until_quiet(shop).await;
    let reads = (0..8).map(|_| {
        let shop = Arc::clone(shop);
        tokio::spawn(async move { shop.query("SELECT room FROM shelf WHERE name = 'top'".into()).await })
    });
    for read in reads.collect::<Vec<_>>() {
        assert_eq!(read.await.unwrap().unwrap().cells, [Value::Integer(10)]);
    }
    let both = vec!["UPDATE shelf SET room = 11".into(), "UPDATE shelf SET room = 10 WHERE name = 'top'".into()];
    shop.execute(both).await.unwrap();
    until_quiet(shop).await;
}

async fn f24_a_query_that_is_dropped_returns_its_connection(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    for _ in 0..12 {
        drop_after(Duration::from_millis(40), shop.query(ENDLESS.into())).await;
    }
    let began = Instant::now();
    assert_intact(&shop).await;
    assert!(began.elapsed() < Duration::from_secs(2), "the statements were ended, not waited for");
}

async fn f24_a_transaction_that_is_dropped_is_rolled_back(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    for mode in [Mode::Write, Mode::Read] {
        let mut transaction = shop.begin(mode).await.unwrap();
        transaction.query("SELECT room FROM shelf".into()).await.unwrap();
        if mode == Mode::Write {
            transaction.execute(vec!["UPDATE shelf SET room = 0".into()]).await.unwrap();
        }
        drop(transaction);
    }
    assert_intact(&shop).await;
}

async fn f24_a_transaction_dropped_in_mid_statement_is_rolled_back(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    for sql in [ENDLESS, ENDLESS_WRITE] {
        let mut transaction = shop.begin(Mode::Write).await.unwrap();
        transaction.execute(vec!["UPDATE shelf SET room = 0".into()]).await.unwrap();
        drop_after(Duration::from_millis(60), transaction.execute(vec![sql.into()])).await;
        assert!(matches!(transaction.query("SELECT 1".into()).await, Err(Error::Invalid(_))));
        drop(transaction);
        assert_intact(&shop).await;
    }
}

async fn f24_a_batch_that_is_dropped_is_rolled_back(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    let batch = vec!["UPDATE shelf SET room = 0".into(), ENDLESS_WRITE.into()];
    drop_after(Duration::from_millis(60), shop.execute(batch)).await;
    drop_after(Duration::from_millis(60), shop.execute(vec![ENDLESS_WRITE.into()])).await;
    assert_intact(&shop).await;
}

async fn f24_errors_return_their_connection(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    for _ in 0..20 {
        shop.query("SELECT nothing".into()).await.unwrap_err();
        shop.execute(vec!["INSERT INTO shelf VALUES ('top', 1)".into()]).await.unwrap_err();
        let batch = vec!["UPDATE shelf SET room = 0".into(), "INSERT INTO shelf VALUES ('top', 1)".into()];
        shop.execute(batch).await.unwrap_err();
        shop.execute(vec!["DROP TABLE shelf".into()]).await.unwrap_err();
    }
    assert_intact(&shop).await;
}

async fn f24_a_statement_out_of_time_ends(backend: Backend) {
    let bed = Bed::with(backend, Limits { statement: Duration::from_millis(300), ..limits() });
    let shop = bed.shop().await;
    let began = Instant::now();
    assert_eq!(shop.query(ENDLESS.into()).await, Err(Error::Timeout));
    assert_eq!(shop.execute(vec![ENDLESS_WRITE.into()]).await, Err(Error::Timeout));
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
    assert_intact(&shop).await;
}

async fn f24_a_transaction_out_of_time_ends(backend: Backend) {
    let bed = Bed::with(backend, Limits { transaction: Duration::from_millis(300), ..limits() });
    let shop = bed.shop().await;
    let mut idle = shop.begin(Mode::Write).await.unwrap();
    idle.execute(vec!["UPDATE shelf SET room = 0".into()]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_intact(&shop).await;
    assert_eq!(idle.query("SELECT 1".into()).await, Err(Error::Timeout));
    let mut busy = shop.begin(Mode::Write).await.unwrap();
    assert_eq!(busy.execute(vec![ENDLESS_WRITE.into()]).await, Err(Error::Timeout));
    assert_intact(&shop).await;
}

async fn f24_deadlocks_are_busy(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    shop.execute(vec!["INSERT INTO shelf VALUES ('low', 1)".into()]).await.unwrap();
    let cross = |first: &'static str, second: &'static str| {
        let shop = Arc::clone(&shop);
        async move {
            let update = |name: &str| Statement::new("UPDATE shelf SET room = 10 WHERE name = $1").bind(name);
            let mut transaction = shop.begin(Mode::Write).await?;
            transaction.execute(vec![update(first)]).await?;
            tokio::time::sleep(Duration::from_millis(900)).await;
            transaction.execute(vec![update(second)]).await?;
            transaction.commit().await
        }
    };
    let (one, two) = tokio::join!(cross("top", "low"), cross("low", "top"));
    assert!(one.is_ok() != two.is_ok() || backend == Backend::Postgres, "{one:?} {two:?}");
    assert!([one, two].contains(&Err(Error::Busy)));
    assert_intact(&shop).await;
}

async fn f24_a_held_write_lock_is_busy(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    let mut holder = shop.begin(Mode::Write).await.unwrap();
    holder.execute(vec!["UPDATE shelf SET room = 0".into()]).await.unwrap();
    let began = Instant::now();
    assert_eq!(shop.execute(vec!["UPDATE shelf SET room = 1".into()]).await, Err(Error::Busy));
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
    drop(holder);
    assert_intact(&shop).await;
}

/// A server that was restarted, or ended its connections, costs no request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f24_connections_that_the_server_ended_are_replaced() {
    use sqlx::Connection as _;
    let Some(url) = super::super::testing::postgres_url() else { return };
    let bed = Bed::new(Backend::Postgres);
    let shop = bed.shop().await;
    assert_intact(&shop).await;
    let user = shop.query_as_host("SELECT current_user::text".into()).await.unwrap();
    let Value::Text(user) = &user.cells[0] else { panic!("no user") };
    let mut owner = sqlx::PgConnection::connect(&url).await.unwrap();
    let end = sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1").bind(user);
    end.execute(&mut owner).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_intact(&shop).await;
}

/// More databases than the server has connections for: those that are idle are closed for those that are not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f24_a_servers_connections_are_shared() {
    if super::super::testing::postgres_url().is_none() {
        return;
    }
    let bed = Arc::new(Bed::with(Backend::Postgres, Limits { server_connections: 3, ..limits() }));
    for round in 0..2 {
        for number in 0..5 {
            let shop = bed.databases.open(&bed.tenant, &format!("shop{number}"), &super::shop()).await.unwrap();
            let found = shop.query("SELECT room FROM shelf".into()).await;
            assert_eq!(found.unwrap().cells, [Value::Integer(10)], "{round}");
        }
    }
    let requests = (0..40).map(|number| {
        let bed = Arc::clone(&bed);
        tokio::spawn(async move {
            let name = format!("shop{}", number % 5);
            let shop = bed.databases.open(&bed.tenant, &name, &super::shop()).await.unwrap();
            shop.query("SELECT room FROM shelf".into()).await.map(|rows| rows.len())
        })
    });
    for request in requests.collect::<Vec<_>>() {
        assert_eq!(request.await.unwrap(), Ok(1));
    }
}

async fn f24_a_storm_of_cancellations_leaves_the_pool_full(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    let storm = (0..60u64).map(|number| {
        let shop = Arc::clone(&shop);
        tokio::spawn(async move {
            let time = Duration::from_micros(number * 331 % 20_000);
            let batch = vec!["UPDATE shelf SET room = 0".into(), "UPDATE shelf SET nothing = 0".into()];
            match number % 4 {
                0 => drop_after(time, shop.query(ENDLESS.into())).await,
                1 => drop_after(time, shop.execute(batch)).await,
                2 => drop_after(time, shop.query("SELECT name FROM shelf".into())).await,
                _ => {
                    let held = async {
                        let mut transaction = shop.begin(Mode::Write).await.ok()?;
                        transaction.execute(vec!["UPDATE shelf SET room = 0".into()]).await.ok()?;
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        Some(transaction)
                    };
                    drop_after(time, held).await;
                }
            }
        })
    });
    for one in storm.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    assert_intact(&shop).await;
}
