//! Instance schedules: instances that have one are started and stopped at its times.
//! <https://cloud.google.com/compute/docs/instances/schedule-instance-start-stop>

use super::cron::Cron;
use crate::instances::lifecycle;
use crate::instances::state::State;
use compute_api::failure;
use compute_api::path::Path;
use compute_api::store::{self, Resource};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Result, Timestamp};
use serde_json::{Value, json};

/// Starting and stopping, each with its times where it has any.
pub struct Schedules {
    start: Option<Cron>,
    stop: Option<Cron>,
    from: i64,
    until: i64,
}

// === impl Schedules ===

impl Schedules {
    /// Reads a policy's `instanceSchedulePolicy`.
    ///
    /// Errors: 400 for times or a time zone that are none, or neither kind of times.
    pub fn of(policy: &Value) -> Result<Self> {
        let zone = policy["timeZone"].as_str().unwrap_or_default();
        let read = |field: &str| {
            let text = policy[field]["schedule"].as_str().filter(|text| !text.is_empty());
            text.map(|text| Cron::of(&format!("{field}.schedule"), text, zone)).transpose()
        };
        let time = |field: &str, none: i64| {
            policy[field].as_str().map_or(Ok(none), |text| Timestamp::parse(text).map(Timestamp::millis))
        };
        let read = Self {
            start: read("vmStartSchedule")?,
            stop: read("vmStopSchedule")?,
            from: time("startTime", i64::MIN)?,
            until: time("expirationTime", i64::MAX)?,
        };
        match read.start.is_some() || read.stop.is_some() {
            true => Ok(read),
            false => {
                let why = "A vmStartSchedule or a vmStopSchedule is needed.";
                Err(failure::invalid("resource.instanceSchedulePolicy", "", why))
            }
        }
    }

    /// The last turn, not after `now`: when it was due, and what instances have been since.
    pub fn last(&self, now: i64) -> Option<(i64, State)> {
        let turn = |cron: &Option<Cron>, state| Some((cron.as_ref()?.last(now)?, state));
        let turns = [turn(&self.start, State::Running), turn(&self.stop, State::Terminated)];
        let counts = |turn: &(i64, State)| (self.from..=self.until).contains(&turn.0);
        turns.into_iter().flatten().filter(counts).max_by_key(|turn| turn.0)
    }

    /// When the next turn is due.
    pub fn next(&self, now: i64) -> Option<i64> {
        let next = [&self.start, &self.stop].into_iter().flatten().filter_map(|cron| cron.next(now.max(self.from)));
        next.min().filter(|next| *next <= self.until)
    }
}

/// Adds to a policy when it was carried out last, and when it is next.
pub fn show(policy: &mut Resource, taken: Option<i64>, now: i64) {
    let Some(schedules) = policy.body.get("instanceSchedulePolicy").and_then(|said| Schedules::of(said).ok()) else {
        return;
    };
    let mut status = json!({});
    for (field, time) in [("lastRunStartTime", taken), ("nextRunStartTime", schedules.next(now))] {
        if let Some(time) = time {
            status[field] = json!(Timestamp::from_millis(time).to_rfc3339_with_offset());
        }
    }
    policy.set("resourceStatus", json!({"instanceSchedulePolicy": status}));
}

/// Starts or stops the instances of a policy.
///
/// Errors: the database's.
pub fn turn(tx: &Transaction, policy: &Path, wanted: State) -> Result<()> {
    for instance in store::linked(tx, policy, "instances")? {
        match (State::of(&instance), wanted) {
            (State::Terminated, State::Running) => lifecycle::start_in(tx, instance)?,
            (State::Running, State::Terminated) => lifecycle::stop_in(tx, instance)?,
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(policy: Value, now: &str) -> Option<(String, State)> {
        let turn = Schedules::of(&policy).unwrap().last(Timestamp::parse(now).unwrap().millis())?;
        Some((Timestamp::from_millis(turn.0).to_rfc3339(), turn.1))
    }

    #[test]
    fn instances_are_what_the_last_turn_made_them() {
        let mut policy =
            json!({"vmStartSchedule": {"schedule": "0 8 * * *"}, "vmStopSchedule": {"schedule": "0 20 * * *"}});
        let (at, state) = last(policy.clone(), "2026-11-21T19:00:00Z").unwrap();
        assert_eq!((at.as_str(), state), ("2026-11-21T08:00:00.000Z", State::Running));
        assert_eq!(last(policy.clone(), "2026-11-21T21:00:00Z").unwrap().1, State::Terminated);
        policy["startTime"] = json!("2026-12-01T00:00:00Z");
        assert_eq!(last(policy, "2026-11-21T21:00:00Z"), None);
    }

    #[test]
    fn a_schedule_without_times_is_refused() {
        assert!(Schedules::of(&json!({"timeZone": "UTC"})).is_err());
    }
}
