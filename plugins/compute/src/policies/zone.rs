//! Time zones by their names in the IANA database, with the rules for summer time that hold today. All of the database is a megabyte,
//! which every instance of the service would begin with; these are the zones of Google's regions and of large cities.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Weekday};

const MINUTE_MS: i64 = 60_000;

/// A time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone {
    /// Minutes ahead of UTC in winter.
    offset: i64,
    summer: Summer,
}

/// When clocks are an hour ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Summer {
    Never,
    Europe,
    America,
    Australia,
    NewZealand,
}

use Summer::{America, Australia, Europe, Never, NewZealand};

const ZONES: [(i64, Summer, &str); 29] = [
    (-600, Never, "Pacific/Honolulu US/Hawaii"),
    (-540, America, "America/Anchorage US/Alaska"),
    (-480, America, "America/Los_Angeles America/Vancouver America/Tijuana US/Pacific PST8PDT"),
    (-420, America, "America/Denver America/Boise America/Edmonton US/Mountain MST7MDT"),
    (-420, Never, "America/Phoenix US/Arizona MST"),
    (-360, America, "America/Chicago America/Winnipeg US/Central CST6CDT"),
    (-360, Never, "America/Mexico_City America/Monterrey America/Guatemala America/Costa_Rica America/Regina"),
    (-300, America, "America/New_York America/Toronto America/Montreal America/Detroit US/Eastern EST5EDT"),
    (-300, Never, "America/Bogota America/Lima America/Panama America/Jamaica EST"),
    (-240, America, "America/Halifax Atlantic/Bermuda"),
    (-240, Never, "America/Caracas America/La_Paz America/Puerto_Rico America/Manaus"),
    (-180, Never, "America/Sao_Paulo America/Buenos_Aires America/Argentina/Buenos_Aires America/Montevideo"),
    (0, Never, "UTC Etc/UTC Etc/GMT GMT Zulu Etc/Zulu UCT Africa/Abidjan Africa/Accra Africa/Dakar Atlantic/Reykjavik"),
    (0, Europe, "Europe/London Europe/Dublin Europe/Lisbon GB WET"),
    (
        60,
        Europe,
        "Europe/Berlin Europe/Paris Europe/Madrid Europe/Rome Europe/Amsterdam Europe/Brussels Europe/Zurich Europe/Vienna \
         Europe/Stockholm Europe/Oslo Europe/Copenhagen Europe/Warsaw Europe/Prague Europe/Budapest Europe/Belgrade \
         Europe/Luxembourg Europe/Zagreb Europe/Ljubljana Europe/Bratislava Europe/Malta CET MET",
    ),
    (60, Never, "Africa/Lagos Africa/Algiers Africa/Tunis"),
    (
        120,
        Europe,
        "Europe/Helsinki Europe/Athens Europe/Kiev Europe/Kyiv Europe/Bucharest Europe/Sofia Europe/Riga Europe/Vilnius Europe/Tallinn EET",
    ),
    (120, Never, "Africa/Johannesburg Africa/Harare Africa/Maputo Africa/Tripoli Europe/Kaliningrad"),
    (
        180,
        Never,
        "Europe/Moscow Europe/Istanbul Europe/Minsk Asia/Riyadh Asia/Qatar Asia/Kuwait Asia/Baghdad Africa/Nairobi",
    ),
    (240, Never, "Asia/Dubai Asia/Baku Asia/Tbilisi Asia/Yerevan"),
    (300, Never, "Asia/Karachi Asia/Tashkent Asia/Yekaterinburg"),
    (330, Never, "Asia/Kolkata Asia/Calcutta Asia/Colombo"),
    (360, Never, "Asia/Dhaka Asia/Thimphu"),
    (420, Never, "Asia/Bangkok Asia/Jakarta Asia/Ho_Chi_Minh Asia/Saigon"),
    (
        480,
        Never,
        "Asia/Shanghai Asia/Hong_Kong Asia/Singapore Asia/Taipei Asia/Manila Asia/Kuala_Lumpur Australia/Perth",
    ),
    (540, Never, "Asia/Tokyo Asia/Seoul Japan"),
    (600, Never, "Australia/Brisbane"),
    (600, Australia, "Australia/Sydney Australia/Melbourne Australia/Hobart Australia/Canberra"),
    (720, NewZealand, "Pacific/Auckland NZ"),
];

// === impl Zone ===

impl Zone {
    /// The zone of a name, if it is one of those known.
    pub fn named(name: &str) -> Option<Self> {
        let found = ZONES.iter().find(|(_, _, names)| names.split_whitespace().any(|known| known == name));
        found.map(|(offset, summer, _)| Self { offset: *offset, summer: *summer })
    }

    /// What clocks show.
    pub fn local(&self, utc_ms: i64) -> Option<NaiveDateTime> {
        DateTime::from_timestamp_millis(utc_ms + self.ahead(utc_ms)).map(|time| time.naive_utc())
    }

    /// When clocks show a time, for the first time; never for one that they leave out.
    pub fn utc(&self, local: NaiveDateTime) -> Option<i64> {
        let local = local.and_utc().timestamp_millis();
        let offsets = [self.offset + 60, self.offset].map(|minutes| minutes * MINUTE_MS);
        offsets
            .into_iter()
            .map(|ahead| (local - ahead, ahead))
            .find(|(utc, ahead)| self.ahead(*utc) == *ahead)
            .map(|one| one.0)
    }

    /// How far clocks are ahead of UTC, in milliseconds.
    fn ahead(&self, utc_ms: i64) -> i64 {
        let winter = self.offset * MINUTE_MS;
        let year = DateTime::from_timestamp_millis(utc_ms).map(|time| time.year()).unwrap_or_default();
        let summer = match self.turns(year) {
            Some((begin, end)) if begin < end => (begin..end).contains(&utc_ms),
            Some((begin, end)) => !(end..begin).contains(&utc_ms),
            None => false,
        };
        if summer { winter + 60 * MINUTE_MS } else { winter }
    }

    /// When summer time begins and ends in a year, in UTC.
    fn turns(&self, year: i32) -> Option<(i64, i64)> {
        // The hour is that of clocks in winter, but in Europe, where all turn at once.
        let at = |(month, nth), hour: i64, offset: i64| {
            let midnight = sunday(year, month, nth)?.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis();
            Some(midnight + (hour * 60 - offset) * MINUTE_MS)
        };
        let (begin, end) = match self.summer {
            Never => return None,
            Europe => (at((3, 0), 1, 0), at((10, 0), 1, 0)),
            America => (at((3, 2), 2, self.offset), at((11, 1), 1, self.offset)),
            Australia => (at((10, 1), 2, self.offset), at((4, 1), 2, self.offset)),
            NewZealand => (at((9, 0), 2, self.offset), at((4, 1), 2, self.offset)),
        };
        Some((begin?, end?))
    }
}

/// A Sunday of a month: the first, the second; the last one for 0.
fn sunday(year: i32, month: u32, nth: u8) -> Option<NaiveDate> {
    match nth {
        0 => NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Sun, 5)
            .or_else(|| NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Sun, 4)),
        nth => NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Sun, nth),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Timelike;
    use fogbank_sdk::Timestamp;

    fn hour(zone: &str, utc: &str) -> String {
        let local = Zone::named(zone).unwrap().local(Timestamp::parse(utc).unwrap().millis()).unwrap();
        format!("{:02} {:02}:{:02}", local.day(), local.hour(), local.minute())
    }

    #[test]
    fn clocks_turn_where_they_do() {
        assert_eq!(hour("Europe/Berlin", "2026-03-29T00:59:00Z"), "29 01:59");
        assert_eq!(hour("Europe/Berlin", "2026-03-29T01:00:00Z"), "29 03:00");
        assert_eq!(hour("America/New_York", "2026-11-01T05:59:00Z"), "01 01:59");
        assert_eq!(hour("America/New_York", "2026-11-01T06:00:00Z"), "01 01:00");
        assert_eq!(hour("Australia/Sydney", "2026-01-01T00:00:00Z"), "01 11:00");
        assert_eq!(hour("Australia/Sydney", "2026-07-01T00:00:00Z"), "01 10:00");
        assert_eq!(hour("Pacific/Auckland", "2026-12-01T00:00:00Z"), "01 13:00");
        assert_eq!(hour("Asia/Kolkata", "2026-07-01T00:00:00Z"), "01 05:30");
    }

    #[test]
    fn a_time_that_clocks_leave_out_never_comes() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let at = |hour| NaiveDate::from_ymd_opt(2026, 3, 29).unwrap().and_hms_opt(hour, 30, 0).unwrap();
        assert_eq!(zone.utc(at(2)), None);
        let back = zone.utc(at(3)).map(|utc| Timestamp::from_millis(utc).to_rfc3339());
        assert_eq!(back.as_deref(), Some("2026-03-29T01:30:00.000Z"));
    }
}
