//! Statements without end, and transactions that nobody finishes.

use fogbank_sdk::db::{self, params};
use fogbank_sdk::{Request, Response, Result};
use std::time::Duration;

pub fn endless_query(_: Request) -> Result<Response> {
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT MAX(i) AS most FROM n";
    db::query(endless, params![])?;
    Ok(Response::no_content())
}

pub fn hold_transaction(_: Request) -> Result<Response> {
    db::transaction(|tx| {
        insert(tx, "held")?;
        std::thread::sleep(Duration::from_secs(3600));
        Ok(Response::no_content())
    })
}

pub fn trap_in_transaction(_: Request) -> Result<Response> {
    db::transaction(|tx| {
        insert(tx, "trapped")?;
        panic!("in a transaction")
    })
}

/// Writes a row and gives the number of all.
pub fn rows(_: Request) -> Result<Response> {
    let rows = db::transaction(|tx| {
        insert(tx, "kept")?;
        Ok(tx.query("SELECT said FROM row_of ORDER BY id", params![])?)
    })?;
    let said = rows.iter().map(|row| row.get::<String>("said")).collect::<db::Result<Vec<_>>>()?;
    Ok(Response::json(&said))
}

fn insert(tx: &db::Transaction, said: &str) -> db::Result<u64> {
    tx.execute("INSERT INTO row_of (id, said) SELECT COALESCE(MAX(id), 0) + 1, $1 FROM row_of", params![said])
}
