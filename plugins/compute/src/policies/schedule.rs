//! When snapshots of a schedule are due: every so many hours, every day, or on days of the week; in UTC.

use compute_api::failure;
use fogbank_sdk::Result;
use serde_json::Value;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const DAYS: [&str; 7] = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// Every so many hours, from a time of the day on; milliseconds.
    Hourly { every: i64, start: i64 },
    /// Every day at a time.
    Daily { start: i64 },
    /// On days of the week (0 is Monday), each at its time.
    Weekly(Vec<(i64, i64)>),
}

// === impl Schedule ===

impl Schedule {
    /// Reads a policy's `schedule`.
    ///
    /// Errors: 400 for what is none.
    pub fn of(schedule: &Value) -> Result<Self> {
        let wrong = |why: &str| failure::invalid("resource.snapshotSchedulePolicy.schedule", "", why);
        if let Some(hourly) = schedule.get("hourlySchedule") {
            let hours = hourly["hoursInCycle"].as_i64().filter(|hours| (1..=23).contains(hours));
            let hours = hours.ok_or_else(|| wrong("hoursInCycle has to be between 1 and 23."))?;
            return Ok(Self::Hourly { every: hours * HOUR_MS, start: start(hourly).ok_or_else(|| wrong(TIME))? });
        }
        if let Some(daily) = schedule.get("dailySchedule") {
            if daily["daysInCycle"].as_i64() != Some(1) {
                return Err(wrong("daysInCycle has to be 1."));
            }
            return Ok(Self::Daily { start: start(daily).ok_or_else(|| wrong(TIME))? });
        }
        let days = schedule["weeklySchedule"]["dayOfWeeks"].as_array().filter(|days| !days.is_empty());
        let days = days.ok_or_else(|| wrong("An hourly, daily or weekly schedule is needed."))?;
        let read = |day: &Value| {
            let at = DAYS
                .iter()
                .position(|name| day["day"] == *name)
                .ok_or_else(|| wrong("A day of the week is needed."))?;
            Ok((at as i64, start(day).ok_or_else(|| wrong(TIME))?))
        };
        Ok(Self::Weekly(days.iter().map(read).collect::<Result<_>>()?))
    }

    /// The last time, not after `now`, when a snapshot was due; milliseconds since 1970.
    pub fn last(&self, now: i64) -> i64 {
        let day = now.div_euclid(DAY_MS);
        match self {
            Self::Daily { start } => latest(&[day * DAY_MS + start, (day - 1) * DAY_MS + start], now),
            // The cycle begins anew every day.
            Self::Hourly { every, start } => {
                let times: Vec<i64> = [day - 1, day]
                    .into_iter()
                    .flat_map(|day| (0..DAY_MS / every).map(move |turn| day * DAY_MS + start + turn * every))
                    .collect();
                latest(&times, now)
            }
            Self::Weekly(days) => {
                let times: Vec<i64> = (day - 7..=day)
                    .flat_map(|day| {
                        // 1970 began on a Thursday.
                        let weekday = (day + 3).rem_euclid(7);
                        days.iter().filter(move |(at, _)| *at == weekday).map(move |(_, start)| day * DAY_MS + start)
                    })
                    .collect();
                latest(&times, now)
            }
        }
    }
}

const TIME: &str = "startTime has to have the form HH:MM, on the hour.";

fn latest(times: &[i64], now: i64) -> i64 {
    times.iter().copied().filter(|time| *time <= now).max().unwrap_or(i64::MIN)
}

fn start(schedule: &Value) -> Option<i64> {
    let (hours, minutes) = schedule["startTime"].as_str()?.split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..24).contains(&hours) && minutes == 0).then_some(hours * HOUR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogbank_sdk::Timestamp;
    use serde_json::json;

    fn last(schedule: Value, now: &str) -> String {
        let now = Timestamp::parse(now).unwrap().millis();
        Timestamp::from_millis(Schedule::of(&schedule).unwrap().last(now)).to_rfc3339()
    }

    #[test]
    fn snapshots_are_due_at_their_times() {
        let daily = json!({"dailySchedule": {"daysInCycle": 1, "startTime": "04:00"}});
        assert_eq!(last(daily.clone(), "2026-11-21T05:00:00Z"), "2026-11-21T04:00:00.000Z");
        assert_eq!(last(daily, "2026-11-21T03:59:00Z"), "2026-11-20T04:00:00.000Z");
        let hourly = json!({"hourlySchedule": {"hoursInCycle": 6, "startTime": "01:00"}});
        assert_eq!(last(hourly, "2026-11-21T14:00:00Z"), "2026-11-21T13:00:00.000Z");
        // 2026-11-21 is a Saturday.
        let weekly = json!({"weeklySchedule": {"dayOfWeeks": [{"day": "FRIDAY", "startTime": "10:00"}]}});
        assert_eq!(last(weekly, "2026-11-21T14:00:00Z"), "2026-11-20T10:00:00.000Z");
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for wrong in [
            json!({}),
            json!({"dailySchedule": {"daysInCycle": 2, "startTime": "04:00"}}),
            json!({"dailySchedule": {"daysInCycle": 1, "startTime": "04:30"}}),
            json!({"hourlySchedule": {"hoursInCycle": 24, "startTime": "04:00"}}),
            json!({"weeklySchedule": {"dayOfWeeks": [{"day": "NODAY", "startTime": "04:00"}]}}),
        ] {
            assert_eq!(Schedule::of(&wrong).unwrap_err().http_status(), 400, "{wrong}");
        }
    }
}
