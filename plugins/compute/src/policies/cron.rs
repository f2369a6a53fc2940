//! Times of a schedule in the form of cron(5), in a time zone: what instance schedules are said in.

use super::zone::Zone;
use chrono::{Datelike, Days, NaiveDate};
use compute_api::failure;
use fogbank_sdk::{Error, Result};

/// A date that comes but once in four years, or in eight around 2100, is found within so many days.
const FARTHEST: u64 = 8 * 366;
const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Minutes, hours, days of the month, months and days of the week at which something is due; a bit each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether both kinds of days are restricted: either will do then.
    either: bool,
    zone: Zone,
}

// === impl Cron ===

impl Cron {
    /// Reads `0 8 * * MON-FRI`. `zone` is a name of the IANA time zone database; empty is UTC.
    ///
    /// Errors: 400 for what is none; unimplemented for a time zone that is not known.
    pub fn of(field: &str, text: &str, zone: &str) -> Result<Self> {
        let name = if zone.is_empty() { "UTC" } else { zone };
        let unknown = || Error::unimplemented(&format!("The time zone '{name}' of an instance schedule"));
        let zone = Zone::named(name).ok_or_else(unknown)?;
        let wrong =
            || failure::invalid(&format!("resource.instanceSchedulePolicy.{field}"), text, "It is no schedule.");
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = parts[..] else { return Err(wrong()) };
        let read = |part: &str, least, most, names: &[&str]| set(part, least, most, names).ok_or_else(wrong);
        let weekday_set = read(weekdays, 0, 7, &DAYS)?;
        Ok(Self {
            minutes: read(minutes, 0, 59, &[])?,
            hours: read(hours, 0, 23, &[])?,
            days: read(days, 1, 31, &[])?,
            months: read(months, 1, 12, &MONTHS)?,
            // Sunday is 0 and 7.
            weekdays: weekday_set | (weekday_set >> 7),
            either: !days.starts_with('*') && !weekdays.starts_with('*'),
            zone,
        })
    }

    /// The last time, not after `now`, at which it was due; both in milliseconds since 1970.
    pub fn last(&self, now: i64) -> Option<i64> {
        let today = self.zone.local(now)?.date();
        let mut dates = (0..FARTHEST).filter_map(|back| today.checked_sub_days(Days::new(back)));
        dates.find_map(|date| self.last_of(date, now))
    }

    /// The next time after `now`.
    pub fn next(&self, now: i64) -> Option<i64> {
        let today = self.zone.local(now)?.date();
        let mut dates = (0..FARTHEST).filter_map(|ahead| today.checked_add_days(Days::new(ahead)));
        dates.find_map(|date| self.times(date).into_iter().find(|time| *time > now))
    }

    fn last_of(&self, date: NaiveDate, now: i64) -> Option<i64> {
        self.times(date).into_iter().rev().find(|time| *time <= now)
    }

    /// When it is due on a date. What a clock leaves out in spring is not due that day.
    fn times(&self, date: NaiveDate) -> Vec<i64> {
        let has = |set: u64, at: u32| set & (1 << at) != 0;
        let (day, weekday) = (has(self.days, date.day()), has(self.weekdays, date.weekday().num_days_from_sunday()));
        let fits = if self.either { day || weekday } else { day && weekday };
        if !(fits && has(self.months, date.month())) {
            return Vec::new();
        }
        let hours = (0..24).filter(|hour| has(self.hours, *hour));
        let times = hours.flat_map(|hour| (0..60).filter(|at| has(self.minutes, *at)).map(move |at| (hour, at)));
        let local = times.filter_map(|(hour, minute)| date.and_hms_opt(hour, minute, 0));
        local.filter_map(|time| self.zone.utc(time)).collect()
    }
}

/// The values of a part: `*`, `5`, `1-5`, `*/15`, `1-30/2`, `MON,WED`.
fn set(part: &str, least: u32, most: u32, names: &[&str]) -> Option<u64> {
    let value = |text: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text)).map(|at| at as u32);
        // Months are counted from one, days of the week from none.
        let value = named.map(|at| at + least).or_else(|| text.parse().ok())?;
        (least..=most).contains(&value).then_some(value)
    };
    let mut set = 0;
    for one in part.split(',') {
        let (range, step) = match one.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0)?),
            None => (one, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (value(from)?, value(to)?),
            None if one.contains('/') => (value(range)?, most),
            None => (value(range)?, value(range)?),
        };
        if from > to {
            return None;
        }
        (from..=to).step_by(step).for_each(|at| set |= 1 << at);
    }
    Some(set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fogbank_sdk::Timestamp;

    fn around(text: &str, zone: &str, now: &str) -> (String, String) {
        let cron = Cron::of("vmStartSchedule.schedule", text, zone).unwrap();
        let now = Timestamp::parse(now).unwrap().millis();
        let shown = |time: Option<i64>| Timestamp::from_millis(time.unwrap()).to_rfc3339();
        (shown(cron.last(now)), shown(cron.next(now)))
    }

    #[test]
    fn a_schedule_is_due_at_its_times() {
        let (last, next) = around("0 8 * * *", "", "2026-11-21T07:59:00Z");
        assert_eq!((last.as_str(), next.as_str()), ("2026-11-20T08:00:00.000Z", "2026-11-21T08:00:00.000Z"));
        // 2026-11-21 is a Saturday.
        let (last, next) = around("*/30 9-17 * * MON-FRI", "UTC", "2026-11-21T12:00:00Z");
        assert_eq!((last.as_str(), next.as_str()), ("2026-11-20T17:30:00.000Z", "2026-11-23T09:00:00.000Z"));
        assert_eq!(around("0 0 29 2 *", "", "2026-11-21T12:00:00Z").1, "2028-02-29T00:00:00.000Z");
        // Either kind of day will do where both are restricted.
        assert_eq!(around("0 0 1 * 0", "", "2026-11-21T12:00:00Z").1, "2026-11-22T00:00:00.000Z");
    }

    #[test]
    fn a_schedule_follows_the_clocks_of_its_zone() {
        assert_eq!(around("0 8 * * *", "Europe/Berlin", "2026-07-01T00:00:00Z").1, "2026-07-01T06:00:00.000Z");
        assert_eq!(around("0 8 * * *", "Europe/Berlin", "2026-12-01T00:00:00Z").1, "2026-12-01T07:00:00.000Z");
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in ["", "0 8 * *", "60 8 * * *", "0 8 * * MUN", "5-1 * * * *", "*/0 * * * *"] {
            assert_eq!(Cron::of("vmStartSchedule.schedule", text, "").unwrap_err().http_status(), 400, "{text}");
        }
        assert!(Cron::of("vmStartSchedule.schedule", "0 8 * * *", "Europe/Nowhere").is_err());
    }
}
