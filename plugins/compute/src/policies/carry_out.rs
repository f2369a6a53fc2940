//! Takes the snapshots that are due, removes those whose time is over, and starts and stops instances.

use super::machines::{self, Schedules};
use super::schedule::Schedule;
use crate::disks::{self, MAKE};
use crate::snapshots;
use compute_api::operation::{self, Input};
use compute_api::path::{Path, Scope};
use compute_api::store::{self, Resource};
use fogbank_sdk::db::{self, Transaction, params};
use fogbank_sdk::{Code, Error, Result, context, id, log};
use serde_json::{Map, Value, json};

/// The field of a policy's row with the time of the last turn that was taken; not shown to clients.
pub const TAKEN: &str = "_taken_ms";
const DAY_MS: i64 = 86_400_000;

/// Looks at every schedule of the tenant.
///
/// Errors: the database's.
pub fn all() -> Result<()> {
    let rows = db::query("SELECT id FROM resource WHERE collection = $1 ORDER BY id", params!["resourcePolicies"])?;
    for row in rows {
        let Some(policy) = store::by_id(row.get("id")?)? else { continue };
        if let Err(error) = one(&policy) {
            log::warn!("{} is looked at again later: {}", policy.path, error.message());
        }
    }
    Ok(())
}

fn one(policy: &Resource) -> Result<()> {
    if let Some(schedules) = policy.body.get("instanceSchedulePolicy") {
        let last = Schedules::of(schedules)?.last(context::now().millis());
        return match last {
            Some((due, state)) => db::transaction(|tx| match begin(tx, &policy.path, due)? {
                Some(policy) => machines::turn(tx, &policy.path, state),
                None => Ok(()),
            }),
            None => Ok(()),
        };
    }
    let Some(snapshots) = policy.body.get("snapshotSchedulePolicy") else { return Ok(()) };
    let due = Schedule::of(&snapshots["schedule"])?.last(context::now().millis());
    db::transaction(|tx| take(tx, &policy.path, due))?;
    expire(policy, snapshots["retentionPolicy"]["maxRetentionDays"].as_i64())
}

/// One turn: a snapshot of each disk that has the policy, in the transaction that says the turn is taken.
fn take(tx: &Transaction, path: &Path, due: i64) -> Result<()> {
    let Some(policy) = begin(tx, path, due)? else { return Ok(()) };
    for disk in store::linked(tx, path, "disks")? {
        match snapshot(tx, &policy, &disk) {
            // A disk that is being made has nothing to keep yet.
            Err(error) if matches!(error.code(), Code::InvalidArgument | Code::AlreadyExists) => {
                log::warn!("no snapshot of {}: {}", disk.path, error.message());
            }
            other => other?,
        }
    }
    Ok(())
}

/// Notes that a turn is taken; gives the policy where it was not.
fn begin(tx: &Transaction, path: &Path, due: i64) -> Result<Option<Resource>> {
    let Some(mut policy) = store::find(tx, path)? else { return Ok(None) };
    let taken = policy.body.get(TAKEN).and_then(Value::as_i64).unwrap_or_else(|| policy.created.millis());
    if due <= taken {
        return Ok(None);
    }
    policy.set(TAKEN, due);
    store::save(tx, &policy)?;
    Ok(Some(policy))
}

fn snapshot(tx: &Transaction, policy: &Resource, disk: &Resource) -> Result<()> {
    let properties = &policy.body["snapshotSchedulePolicy"]["snapshotProperties"];
    let mut body = Map::new();
    body.insert("name".into(), json!(name(disk)?));
    body.insert("autoCreated".into(), json!(true));
    body.insert("sourceSnapshotSchedulePolicy".into(), json!(policy.path.marked()));
    body.insert("sourceSnapshotSchedulePolicyId".into(), json!(policy.id.to_string()));
    for field in ["labels", "guestFlush", "storageLocations", "chainName"] {
        if let Some(value) = properties.get(field).filter(|value| !value.is_null()) {
            body.insert(field.to_owned(), value.clone());
        }
    }
    let snapshot = snapshots::create_in(tx, disk, body)?;
    let payload = json!({"path": snapshot.path.to_string()});
    let input = Input { kind: "createSnapshot".into(), target: disk.path.to_string(), id: disk.id, payload };
    operation::begin(tx, MAKE, &disk.path.scope, &input, &disk.path).map(drop)
}

/// `DISK-ZONE-20261121040000-abcdefgh`, at most 62 characters.
fn name(disk: &Resource) -> Result<String> {
    let place = match &disk.path.scope {
        Scope::Zone(name) | Scope::Region(name) => name.as_str(),
        Scope::Global => "global",
    };
    let stamp: String = context::now().to_rfc3339().chars().filter(char::is_ascii_digit).take(14).collect();
    let tail: String = id::random::<8>()?.iter().map(|byte| char::from(b'a' + byte % 26)).collect();
    let front: String =
        disk.path.name.chars().take(62_usize.saturating_sub(place.len() + stamp.len() + tail.len() + 3)).collect();
    Ok(format!("{front}-{place}-{stamp}-{tail}"))
}

/// Removes a policy's snapshots that are older than it keeps them.
fn expire(policy: &Resource, days: Option<i64>) -> Result<()> {
    let Some(days) = days else { return Ok(()) };
    let oldest = context::now().millis() - days * DAY_MS;
    let snapshots = db::read(|tx| store::all(tx, &policy.path.project, "snapshots"))?;
    let own = policy.path.marked();
    let old = snapshots.iter().filter(|snapshot| {
        snapshot.text("sourceSnapshotSchedulePolicy") == Some(&own) && snapshot.created.millis() < oldest
    });
    for snapshot in old {
        disks::remove(&snapshot.path).or_else(|error: Error| {
            log::warn!("{} stays for now: {}", snapshot.path, error.message());
            Ok::<(), Error>(())
        })?;
    }
    Ok(())
}
