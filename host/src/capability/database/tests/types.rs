//! Values are the same on the way in and out, and the same on both backends.

use super::super::{Backend, Error, Statement, Value};
use super::{Bed, on_both};

on_both! {
    values_come_back_as_they_went_in
    nulls_need_no_type
    text_is_ordered_by_its_bytes
    like_tells_letters_apart
    a_write_is_read_by_the_next_query
    affected_rows_and_returned_rows_are_told
    answers_have_limits
    one_text_serves_parameters_of_several_types
    what_only_one_backend_could_store_is_refused
}

const INSERT: &str = "INSERT INTO thing (id, shelf, price, note, data, sold) VALUES ($1, $2, $3, $4, $5, $6)";
const SELECT: &str = "SELECT id, shelf, price, note, data, sold FROM thing WHERE id = $1";

async fn values_come_back_as_they_went_in(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    let rows: Vec<Vec<Value>> = vec![
        vec![1.into(), "top".into(), 2.5.into(), "grüße 🌫 ; -- '".into(), vec![0u8, 255, 0].into(), true.into()],
        vec![i64::MIN.into(), Value::Null, f64::MAX.into(), "".into(), Vec::new().into(), false.into()],
        vec![i64::MAX.into(), Value::Null, Value::Null, Value::Null, Value::Null, false.into()],
    ];
    for row in &rows {
        shop.execute(vec![Statement { sql: INSERT.into(), params: row.clone() }]).await.unwrap();
    }
    for row in rows {
        let found = shop.query(Statement::new(SELECT).bind(row[0].clone())).await.unwrap();
        assert_eq!(found.columns, ["id", "shelf", "price", "note", "data", "sold"]);
        assert_eq!(found.cells, row);
    }
}

async fn nulls_need_no_type(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    let params = vec![7.into(), Value::Null, Value::Null, Value::Null, Value::Null, false.into()];
    shop.execute(vec![Statement { sql: INSERT.into(), params }]).await.unwrap();
    let sold = Statement::new("UPDATE thing SET note = $1, price = $2 WHERE id = $3 RETURNING id");
    for (note, price) in [(Value::Null, Value::from(1.0)), ("x".into(), Value::Null), (Value::Null, Value::Null)] {
        let done = shop.execute(vec![sold.clone().bind_all([note, price, 7.into()])]).await.unwrap();
        assert_eq!(done[0].rows.cells, [Value::Integer(7)]);
    }
}

impl Statement {
    fn bind_all<const N: usize>(mut self, params: [Value; N]) -> Self {
        self.params.extend(params);
        self
    }
}

async fn text_is_ordered_by_its_bytes(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    let mut names: Vec<String> =
        ["b", "B", "a/", "a", "a!", "é", "z", "Z", "~", "\u{1F32B}", "\u{FFFD}", "_", "10", "9"]
            .map(str::to_owned)
            .into();
    for name in &names {
        let insert = Statement::new("INSERT INTO shelf (name, room) VALUES ($1, 1)").bind(name.as_str());
        shop.execute(vec![insert]).await.unwrap();
    }
    names.push("top".into());
    names.sort();
    let found = shop.query("SELECT name FROM shelf ORDER BY name".into()).await.unwrap();
    assert_eq!(found.cells, names.iter().map(|name| Value::from(name.as_str())).collect::<Vec<_>>());
    let after = Statement::new("SELECT count(*) FROM shelf WHERE name > $1").bind("a");
    let count = names.iter().filter(|name| name.as_str() > "a").count() as i64;
    assert_eq!(shop.query(after).await.unwrap().cells, [Value::Integer(count)]);
}

async fn like_tells_letters_apart(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    for (pattern, count) in [("to%", 1), ("TO%", 0), ("t_p", 1)] {
        let found = shop.query(Statement::new("SELECT count(*) FROM shelf WHERE name LIKE $1").bind(pattern)).await;
        assert_eq!(found.unwrap().cells, [Value::Integer(count)], "{pattern}");
    }
}

async fn a_write_is_read_by_the_next_query(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    for room in 0..50 {
        shop.execute(vec![Statement::new("UPDATE shelf SET room = $1").bind(room)]).await.unwrap();
        let found = shop.query("SELECT room FROM shelf".into()).await.unwrap();
        assert_eq!(found.cells, [Value::Integer(room)]);
    }
}

async fn affected_rows_and_returned_rows_are_told(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    let batch = vec![
        "INSERT INTO shelf VALUES ('a', 1), ('b', 2)".into(),
        "SELECT name FROM shelf ORDER BY name".into(),
        "UPDATE shelf SET room = 0 WHERE name > 'z'".into(),
        "DELETE FROM shelf WHERE name = 'a' RETURNING name, room".into(),
    ];
    let done = shop.execute(batch).await.unwrap();
    assert_eq!(done.iter().map(|one| one.affected).collect::<Vec<_>>(), [2, 0, 0, 1]);
    assert_eq!(done.iter().map(|one| one.rows.len()).collect::<Vec<_>>(), [0, 3, 0, 1]);
    assert_eq!(done[3].rows.cells, [Value::from("a"), Value::Integer(1)]);
}

async fn answers_have_limits(backend: Backend) {
    let bed = Bed::with(backend, super::Limits { rows: 100, bytes: 20_000, ..super::limits() });
    let shop = bed.shop().await;
    let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT i FROM n";
    assert_eq!(shop.query(many.into()).await, Err(Error::TooManyRows(100)));
    let large = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90)
        SELECT i, CAST($1 AS TEXT) FROM n";
    let large = Statement::new(large).bind("x".repeat(1000));
    assert_eq!(shop.query(large).await, Err(Error::TooManyBytes(20_000)));
    super::until_quiet(&shop).await;
    assert_eq!(shop.query("SELECT room FROM shelf".into()).await.unwrap().len(), 1);
}

async fn one_text_serves_parameters_of_several_types(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    let sql = "SELECT count(*) FROM shelf WHERE room >= $1";
    for param in [Value::Integer(1), Value::Double(1.5), Value::Null, Value::Integer(2)] {
        let found = shop.query(Statement::new(sql).bind(param.clone())).await.unwrap();
        assert_eq!(found.cells, [Value::Integer(i64::from(param != Value::Null))], "{param:?}");
    }
}

async fn what_only_one_backend_could_store_is_refused(backend: Backend) {
    let bed = Bed::new(backend);
    let shop = bed.shop().await;
    for value in [Value::from("a\0b"), Value::Double(f64::NAN)] {
        let statement = Statement::new("UPDATE thing SET note = $1").bind(value);
        assert!(matches!(shop.execute(vec![statement]).await, Err(Error::Invalid(_))));
    }
}
