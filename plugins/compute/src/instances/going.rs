//! Disks that go with an instance.

use super::disks::{attached, source};
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use fogbank_sdk::Result;
use fogbank_sdk::db::{self, Transaction};
use serde_json::{Value, json};

/// Disks as they stand in an operation's payload, so that exactly these are removed later, and none made since of the same name.
pub fn noted<'a>(disks: impl IntoIterator<Item = &'a Resource>) -> Value {
    let noted = disks.into_iter().map(|disk| json!({"path": disk.path.to_string(), "id": disk.id.to_string()}));
    json!({"disks": noted.collect::<Vec<_>>()})
}

/// Those that go with an instance.
pub fn going(tx: &Transaction, instance: &Resource) -> Result<Value> {
    let mut going = Vec::new();
    for path in auto_deleted(instance) {
        going.extend(store::find(tx, &path)?);
    }
    Ok(noted(&going))
}

/// Removes the disks of a payload, save those that something else has by now.
///
/// Errors: the engine's.
pub fn discard(payload: &Value) -> Result<()> {
    for noted in payload["disks"].as_array().into_iter().flatten() {
        let Some(path) = noted["path"].as_str().and_then(Path::parse) else { continue };
        let there = db::transaction(|tx| store::find(tx, &path))?;
        if there.is_none_or(|disk| noted["id"] != json!(disk.id.to_string())) {
            continue;
        }
        match crate::disks::remove(&path) {
            Err(error) if error.reason() == "resourceInUseByAnotherResource" => {}
            other => other?,
        }
    }
    Ok(())
}

/// Those that are to go when the instance goes.
fn auto_deleted(instance: &Resource) -> Vec<Path> {
    attached(instance).iter().filter(|disk| disk["autoDelete"] == true).filter_map(source).collect()
}
