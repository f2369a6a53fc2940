//! Who uses disks.

use compute_api::path::Path;
use compute_api::store::Resource;
use fogbank_sdk::Result;
use fogbank_sdk::db::{self, Value};
use std::collections::BTreeMap;

/// Adds the instances that use disks to them.
///
/// Errors: the database's.
pub fn decorate(disks: &mut Vec<Resource>) -> Result<()> {
    if disks.is_empty() {
        return Ok(());
    }
    let marks: Vec<String> = (1..=disks.len()).map(|at| format!("${at}")).collect();
    let sql = format!("SELECT source, target FROM link WHERE target IN ({}) ORDER BY source", marks.join(", "));
    let paths: Vec<Value> = disks.iter().map(|disk| disk.path.to_string().into()).collect();
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in db::query(&sql, paths)? {
        let (source, target): (String, String) = (row.get("source")?, row.get("target")?);
        if let Some(path) = Path::parse(&source).filter(|path| path.collection == "instances") {
            users.entry(target).or_default().push(path.marked());
        }
    }
    for disk in disks {
        if let Some(users) = users.remove(&disk.path.to_string()) {
            disk.set("users", users);
        }
    }
    Ok(())
}
