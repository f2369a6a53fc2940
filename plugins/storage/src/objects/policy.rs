//! IAM policies of objects that are gone. The host keeps a policy by the object's name; it is forgotten when the last generation of
//! that name has gone: at once where the name comes again, and by a schedule otherwise.

use super::iam::resource_name;
use fogbank_sdk::db::{self, Row, Statement, Transaction, params, stmt};
use fogbank_sdk::{Error, Result, identity};

/// How many objects one run looks at.
const BATCH: usize = 200;

/// Notes that an object is about to get a policy.
pub fn note(bucket: i64, name: &str) -> Result<()> {
    let sql = "INSERT INTO object_policies (bucket, name) VALUES ($1, $2) ON CONFLICT (bucket, name) DO NOTHING";
    db::execute(vec![stmt(sql, params![bucket, name])])?;
    Ok(())
}

/// Forgets the policy of a name that comes again, in the transaction that makes the object. Gives the statement that ends the note.
///
/// Errors: 503 where the policy cannot be forgotten: then there is no new object either.
pub fn forget(bucket: i64, bucket_name: &str, name: &str) -> Result<Statement> {
    identity::forget(&resource_name(bucket_name, name))?;
    Ok(stmt("DELETE FROM object_policies WHERE bucket = $1 AND name = $2", params![bucket, name]))
}

/// One run over names of which no generation is left. Gives whether there may be more.
pub fn sweep() -> Result<bool> {
    let found = db::query(&gone(), params![])?;
    if found.is_empty() {
        return Ok(false);
    }
    db::transaction(|tx| {
        let rows = tx.query(&gone(), params![])?;
        rows.into_iter().try_for_each(|row| drop_one(tx, row))
    })?;
    Ok(found.len() == BATCH)
}

fn gone() -> String {
    format!(
        "SELECT p.bucket AS bucket, p.name AS name, b.name AS bucket_name FROM object_policies p \
         JOIN buckets b ON b.id = p.bucket \
         WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.bucket = p.bucket AND o.name = p.name) LIMIT {BATCH}"
    )
}

fn drop_one(tx: &Transaction, mut row: Row) -> Result<()> {
    let (bucket, name, bucket_name): (i64, String, String) =
        (row.get("bucket")?, row.take("name")?, row.take("bucket_name")?);
    tx.execute_all(vec![forget(bucket, &bucket_name, &name)?]).map_err(Error::from)?;
    Ok(())
}
