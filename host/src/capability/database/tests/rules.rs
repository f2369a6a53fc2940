//! What a schema and a transaction promise holds.

use super::super::{Backend, Constraint, Error, Mode, Statement, Value};
use super::{Bed, on_both};

on_both! {
    f14_rows_cannot_refer_to_what_does_not_exist
    broken_rules_have_a_kind
    a_batch_is_all_or_nothing
    a_transaction_is_seen_after_its_commit
    a_failed_statement_ends_the_transaction
    reading_transactions_see_one_state
    write_skew_is_refused_with_busy
    batches_that_meet_are_run_again
    a_query_does_not_write
}

async fn f14_rows_cannot_refer_to_what_does_not_exist(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    let orphan = "INSERT INTO thing (id, shelf) VALUES (1, 'nowhere')";
    let refused = Err(Error::Constraint(Constraint::ForeignKey));
    assert_eq!(shop.execute(vec![orphan.into()]).await, refused);
    shop.execute(vec!["INSERT INTO thing (id, shelf) VALUES (1, 'top')".into()]).await.unwrap();
    assert_eq!(shop.execute(vec!["DELETE FROM shelf".into()]).await, refused);
    assert_eq!(
        shop.execute(vec!["DELETE FROM thing".into(), "DELETE FROM shelf".into()]).await.unwrap()[1].affected,
        1
    );
}

async fn broken_rules_have_a_kind(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    for (sql, kind) in [
        ("INSERT INTO shelf VALUES ('top', 1)", Constraint::Unique),
        ("INSERT INTO shelf VALUES ('a', -1)", Constraint::Check),
        ("INSERT INTO shelf VALUES (NULL, 1)", Constraint::NotNull),
    ] {
        assert_eq!(shop.execute(vec![sql.into()]).await, Err(Error::Constraint(kind)), "{sql}");
    }
    assert!(matches!(shop.query("SELECT nothing FROM shelf".into()).await, Err(Error::Invalid(_))));
}

async fn a_batch_is_all_or_nothing(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    let batch = vec!["UPDATE shelf SET room = 3".into(), "INSERT INTO shelf VALUES ('top', 1)".into()];
    assert_eq!(shop.execute(batch).await, Err(Error::Constraint(Constraint::Unique)));
    assert_eq!(shop.query("SELECT room FROM shelf".into()).await.unwrap().cells, [Value::Integer(10)]);
}

async fn a_transaction_is_seen_after_its_commit(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    let room = || async { shop.query("SELECT room FROM shelf".into()).await.unwrap().cells };
    let mut transaction = shop.begin(Mode::Write).await.unwrap();
    transaction.execute(vec!["UPDATE shelf SET room = 3".into()]).await.unwrap();
    let own = transaction.query("SELECT room FROM shelf".into()).await.unwrap();
    assert_eq!(own.cells, [Value::Integer(3)]);
    assert_eq!(room().await, [Value::Integer(10)]);
    transaction.commit().await.unwrap();
    assert_eq!(room().await, [Value::Integer(3)]);
    let mut transaction = shop.begin(Mode::Write).await.unwrap();
    transaction.execute(vec!["UPDATE shelf SET room = 4".into()]).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(room().await, [Value::Integer(3)]);
}

async fn a_failed_statement_ends_the_transaction(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    let mut transaction = shop.begin(Mode::Write).await.unwrap();
    transaction.execute(vec!["UPDATE shelf SET room = 3".into()]).await.unwrap();
    let failed = transaction.execute(vec!["INSERT INTO shelf VALUES ('top', 1)".into()]).await;
    assert_eq!(failed, Err(Error::Constraint(Constraint::Unique)));
    assert!(matches!(transaction.query("SELECT 1".into()).await, Err(Error::Invalid(_))));
    assert!(matches!(transaction.commit().await, Err(Error::Invalid(_))));
    super::until_quiet(&shop).await;
    assert_eq!(shop.query("SELECT room FROM shelf".into()).await.unwrap().cells, [Value::Integer(10)]);
}

async fn reading_transactions_see_one_state(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    let mut reader = shop.begin(Mode::Read).await.unwrap();
    let first = reader.query("SELECT room FROM shelf".into()).await.unwrap();
    shop.execute(vec!["UPDATE shelf SET room = 5".into()]).await.unwrap();
    assert_eq!(reader.query("SELECT room FROM shelf".into()).await.unwrap(), first);
    let write = reader.execute(vec!["UPDATE shelf SET room = 6".into()]).await;
    assert!(matches!(write, Err(Error::Invalid(_))), "{write:?}");
}

/// Two transactions each read what the other writes. Whoever comes second is told to try again, and the rule that
/// both relied on, that one shelf has room, holds.
async fn write_skew_is_refused_with_busy(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    shop.execute(vec!["INSERT INTO shelf VALUES ('low', 1)".into()]).await.unwrap();
    let close = |name: &'static str| {
        let shop = shop.clone();
        async move {
            let mut transaction = shop.begin(Mode::Write).await?;
            let open = transaction.query("SELECT count(*) FROM shelf WHERE room > 0".into()).await?;
            tokio::time::sleep(std::time::Duration::from_millis(1000)).await;
            if open.cells == [Value::Integer(2)] {
                let update = Statement::new("UPDATE shelf SET room = 0 WHERE name = $1").bind(name);
                transaction.execute(vec![update]).await?;
            }
            transaction.commit().await
        }
    };
    let (one, two) = tokio::join!(close("top"), close("low"));
    let mut results = [one, two];
    results.sort_by_key(Result::is_err);
    assert_eq!(results, [Ok(()), Err(Error::Busy)]);
    super::until_quiet(&shop).await;
    let open = shop.query("SELECT count(*) FROM shelf WHERE room > 0".into()).await.unwrap();
    assert_eq!(open.cells, [Value::Integer(1)]);
}

async fn batches_that_meet_are_run_again(backend: Backend) {
    let bed = Bed::with(backend, super::Limits { wait: std::time::Duration::from_secs(20), ..super::limits() });
    let shop = bed.shop().await;
    let adders = (0..8).map(|_| {
        let shop = shop.clone();
        tokio::spawn(async move {
            for _ in 0..5 {
                let batch = vec!["UPDATE shelf SET room = room + 1".into(), "SELECT room FROM shelf".into()];
                shop.execute(batch).await.unwrap();
            }
        })
    });
    for adder in adders.collect::<Vec<_>>() {
        adder.await.unwrap();
    }
    assert_eq!(shop.query("SELECT room FROM shelf".into()).await.unwrap().cells, [Value::Integer(50)]);
}

async fn a_query_does_not_write(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    for sql in ["UPDATE shelf SET room = 0", "DELETE FROM shelf RETURNING name", "INSERT INTO shelf VALUES ('a', 1)"] {
        let refused = shop.query(sql.into()).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{sql}: {refused:?}");
    }
    assert_eq!(shop.query("SELECT room FROM shelf".into()).await.unwrap().cells, [Value::Integer(10)]);
}
