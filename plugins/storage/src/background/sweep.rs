//! Files without a row. A write commits its file before its row, so a crash between the two leaves a file that nothing
//! refers to. Only files that are older than the host's process are looked at: younger ones may be about to get a row.

use fogbank_sdk::db::{self, Value};
use fogbank_sdk::{Error, Result, files, log};
use std::collections::HashSet;

/// How many files one look-up covers.
const BATCH: u32 = 500;

/// Removes every leftover file that no row names, and counts them in the log.
pub fn run() -> Result<bool> {
    let mut after: Option<String> = None;
    let mut removed = 0;
    loop {
        let entries = files::list(after.as_deref(), BATCH, true).map_err(Error::from)?;
        let ids: Vec<String> = entries.into_iter().map(|entry| entry.id).collect();
        let Some(last) = ids.last().cloned() else { break };
        let orphans = orphans(&ids, &known(&ids)?);
        let failed = files::remove(&orphans);
        removed += orphans.len() - failed.len();
        after = Some(last);
    }
    if removed > 0 {
        log::info!("{removed} files that a crash left behind are removed");
    }
    Ok(false)
}

/// Those of `ids` that some row names.
fn known(ids: &[String]) -> Result<HashSet<String>> {
    let holes: Vec<String> = (1..=ids.len()).map(|number| format!("${number}")).collect();
    let holes = holes.join(", ");
    let sql = format!(
        "SELECT file_id FROM objects WHERE file_id IN ({holes}) \
         UNION SELECT file_id FROM multipart_parts WHERE file_id IN ({holes})"
    );
    let values: Vec<Value> = ids.iter().map(Value::from).collect();
    let rows = db::query(&sql, values)?;
    rows.iter().map(|row| row.get("file_id").map_err(Error::from)).collect()
}

fn orphans(ids: &[String], known: &HashSet<String>) -> Vec<String> {
    ids.iter().filter(|id| !known.contains(*id)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f15_only_files_without_a_row_are_orphans() {
        let ids = ["a", "b", "c"].map(str::to_owned);
        let known = HashSet::from(["b".to_owned()]);
        assert_eq!(orphans(&ids, &known), ["a", "c"]);
    }
}
