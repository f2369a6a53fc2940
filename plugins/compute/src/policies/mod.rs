//! Resource policies, of which snapshot schedules and instance schedules are carried out.
//! <https://cloud.google.com/compute/docs/disks/scheduled-snapshots>

mod carry_out;
mod cron;
mod machines;
mod schedule;
mod zone;

pub use carry_out::all as carry_out;

use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::store::Resource;
use compute_api::{change, failure, list as lists};
use fogbank_sdk::{Reply, Request, Result, context};
use serde_json::{Value, json};

/// `POST .../resourcePolicies`
///
/// Errors: 400 without exactly one policy, or for a schedule that is none; 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let body = call.body(&mut request)?;
    change::insert(&call, body, |_, policy| {
        policy.set("status", "READY");
        check(policy)?;
        Ok(Then::Done)
    })
}

/// `PATCH .../resourcePolicies/NAME`
///
/// Errors: as [`insert`].
pub fn patch(mut request: Request) -> Result<Reply> {
    change::patch(&mut request, |_, _, policy| check(policy).map(|()| Then::Done))
}

/// `GET .../resourcePolicies/NAME`
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Reply> {
    lists::one(&request, decorate).map(Reply::from)
}

/// `GET .../resourcePolicies`
///
/// Errors: 400 for a filter that is none.
pub fn list(request: Request) -> Result<Reply> {
    lists::list(&request, decorate).map(Reply::from)
}

/// `GET .../aggregated/resourcePolicies`
///
/// Errors: as [`list`].
pub fn aggregated_list(request: Request) -> Result<Reply> {
    lists::aggregated(&request, decorate).map(Reply::from)
}

fn decorate(policies: &mut Vec<Resource>) -> Result<()> {
    let now = context::now().millis();
    for policy in policies {
        let taken = policy.body.get(carry_out::TAKEN).and_then(Value::as_i64);
        machines::show(policy, taken, now);
    }
    Ok(())
}

const KINDS: [&str; 5] = [
    "snapshotSchedulePolicy",
    "instanceSchedulePolicy",
    "groupPlacementPolicy",
    "diskConsistencyGroupPolicy",
    "workloadPolicy",
];

fn check(policy: &mut Resource) -> Result<()> {
    let count = KINDS.iter().filter(|kind| policy.body.contains_key(**kind)).count();
    if count != 1 {
        return Err(failure::invalid("resource", &policy.path.name, "A resource policy has one kind of policy."));
    }
    if let Some(schedules) = policy.body.get("instanceSchedulePolicy") {
        machines::Schedules::of(schedules)?;
    }
    let Some(snapshots) = policy.body.get_mut("snapshotSchedulePolicy") else { return Ok(()) };
    schedule::Schedule::of(&snapshots["schedule"])?;
    if let Some(retention) = snapshots.get_mut("retentionPolicy").and_then(|retention| retention.as_object_mut()) {
        let days = retention.get("maxRetentionDays").and_then(serde_json::Value::as_i64).unwrap_or_default();
        if days < 1 {
            let field = "resource.snapshotSchedulePolicy.retentionPolicy.maxRetentionDays";
            return Err(failure::invalid(field, days, "It has to be one day at least."));
        }
        retention.entry("onSourceDiskDelete").or_insert(json!("KEEP_AUTO_SNAPSHOTS"));
    }
    Ok(())
}
