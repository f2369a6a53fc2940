//! Moments in UTC, in the forms of RFC 3339 (JSON) and RFC 9110 section 5.6.7 (HTTP headers).

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};

const DAY: i64 = 86_400_000;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// Milliseconds since 1970-01-01T00:00:00Z. Compares as an instant, whatever offset it was read with.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A date and time of day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year of the proleptic Gregorian calendar.
    pub year: i64,
    /// 1 to 12
    pub month: u32,
    /// 1 to 31
    pub day: u32,
    /// 0 to 23
    pub hour: u32,
    /// 0 to 59
    pub minute: u32,
    /// 0 to 59
    pub second: u32,
    /// 0 to 999
    pub milli: u32,
}

impl Timestamp {
    /// From milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// That many milliseconds later (earlier where negative).
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// That many seconds later.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_millis(seconds.saturating_mul(1000))
    }

    /// That many days of 24 hours later.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        self.plus_millis(days.saturating_mul(DAY))
    }

    /// Milliseconds from `earlier` to this moment.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Midnight of that date; none where there is no such date.
    pub fn from_date(year: i64, month: u32, day: u32) -> Option<Self> {
        let valid = (0..=9999).contains(&year) && (1..=12).contains(&month) && day >= 1 && day <= days_in(year, month);
        valid.then(|| Self(days_from_civil(year, month, day) * DAY))
    }

    /// Reads RFC 3339: `2026-11-21T08:00:00.123+02:00`, any offset, any number of decimals (cut to milliseconds).
    ///
    /// Errors: 400 `invalid`.
    pub fn parse(text: &str) -> Result<Self> {
        parse_rfc3339(text).ok_or_else(|| Error::invalid(format!("'{text}' is not an RFC 3339 timestamp.")))
    }

    /// Reads a date `2026-11-21` as its midnight.
    ///
    /// Errors: 400 `invalid`.
    pub fn parse_date(text: &str) -> Result<Self> {
        let read = || {
            let mut scan = Scan(text.as_bytes());
            let date = scan.date()?;
            scan.0.is_empty().then_some(date)
        };
        read().ok_or_else(|| Error::invalid(format!("'{text}' is not a date.")))
    }

    /// Reads an HTTP date, `Sat, 21 Nov 2026 08:00:00 GMT`; none where it is not one, which HTTP says to ignore.
    pub fn parse_http(text: &str) -> Option<Self> {
        let (_, text) = text.split_once(", ")?;
        let mut words = text.split(' ');
        let day = words.next()?.parse().ok()?;
        let name = words.next()?;
        let month = MONTHS.iter().position(|month| *month == name)? as u32 + 1;
        let midnight = Self::from_date(words.next()?.parse().ok()?, month, day)?;
        let time = Scan(words.next()?.as_bytes()).time_of_day()?;
        (words.next() == Some("GMT")).then_some(Self(midnight.0 + time))
    }

    /// `2026-11-21T08:00:00.123Z`: always with three decimals, so that texts order as instants do.
    pub fn to_rfc3339(self) -> String {
        let Civil { year, month, day, hour, minute, second, milli } = self.civil();
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }

    /// `2026-11-21T08:00:00.123+00:00`: as Compute Engine writes times, whose clients cut the offset off by its length.
    pub fn to_rfc3339_with_offset(self) -> String {
        self.to_rfc3339().replace('Z', "+00:00")
    }

    /// `2026-11-21`.
    pub fn to_date(self) -> String {
        let Civil { year, month, day, .. } = self.civil();
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// `Sat, 21 Nov 2026 08:00:00 GMT`.
    pub fn to_http(self) -> String {
        let Civil { year, month, day, hour, minute, second, .. } = self.civil();
        let weekday = WEEKDAYS[self.0.div_euclid(DAY).rem_euclid(7) as usize];
        let month = MONTHS[month as usize - 1];
        format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
    }

    /// Date and time of day in UTC.
    pub fn civil(self) -> Civil {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY));
        let rest = self.0.rem_euclid(DAY) as u32;
        Civil {
            year,
            month,
            day,
            hour: rest / 3_600_000,
            minute: rest / 60_000 % 60,
            second: rest / 1000 % 60,
            milli: rest % 1000,
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|error| serde::de::Error::custom(error.message()))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.to_rfc3339())
    }
}

fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let mut scan = Scan(text.as_bytes());
    let midnight = scan.date()?;
    scan.one_of(b"Tt ")?;
    let time = scan.time_of_day()?;
    let milli = scan.fraction()?;
    let offset = scan.offset()?;
    scan.0.is_empty().then_some(Timestamp(midnight.0 + time + milli - offset))
}

/// Reads fixed forms from the front of a text.
struct Scan<'t>(&'t [u8]);

impl Scan<'_> {
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (head, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        head.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
    }

    fn one_of(&mut self, allowed: &[u8]) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        allowed.contains(&byte).then_some(byte)
    }

    fn date(&mut self) -> Option<Timestamp> {
        let year = self.number(4)?;
        self.one_of(b"-")?;
        let month = self.number(2)?;
        self.one_of(b"-")?;
        Timestamp::from_date(year, month as u32, self.number(2)? as u32)
    }

    /// Milliseconds since midnight. A leap second counts as the second after it.
    fn time_of_day(&mut self) -> Option<i64> {
        let hour = self.number(2)?;
        self.one_of(b":")?;
        let minute = self.number(2)?;
        self.one_of(b":")?;
        let second = self.number(2)?;
        (hour < 24 && minute < 60 && second <= 60).then_some(((hour * 60 + minute) * 60 + second) * 1000)
    }

    /// Milliseconds of an optional fraction; further digits are dropped.
    fn fraction(&mut self) -> Option<i64> {
        let Some((b'.', rest)) = self.0.split_first() else {
            return Some(0);
        };
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (fraction, rest) = rest.split_at(digits);
        self.0 = rest;
        let digit = |at: usize| fraction.get(at).map_or(0, |byte| i64::from(byte - b'0'));
        (digits > 0).then(|| digit(0) * 100 + digit(1) * 10 + digit(2))
    }

    /// Milliseconds east of UTC.
    fn offset(&mut self) -> Option<i64> {
        let sign = match self.one_of(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let hours = self.number(2)?;
        self.one_of(b":")?;
        let minutes = self.number(2)?;
        (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000)
    }
}

fn days_in(year: i64, month: u32) -> u32 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

// Both directions count years from March, so that the leap day is the last of its year, in eras of 400 years (146,097 days).

fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = i64::from((153 * ((month + 9) % 12) + 2) / 5 + day - 1);
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted + 2) / 5 + 1) as u32;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 } as u32;
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f38_offsets_are_instants() {
        let utc = Timestamp::parse("2026-11-21T08:00:00.123Z").unwrap();
        assert_eq!(utc.millis(), 1_795_248_000_123);
        assert_eq!(Timestamp::parse("2026-11-21T10:00:00.1239+02:00").unwrap(), utc);
        assert_eq!(Timestamp::parse("2026-11-20T22:30:00.123-09:30").unwrap(), utc);
        assert_eq!(utc.to_rfc3339(), "2026-11-21T08:00:00.123Z");
        assert_eq!(utc.to_rfc3339_with_offset(), "2026-11-21T08:00:00.123+00:00");
        assert_eq!(Timestamp::parse("2026-11-21t08:00:00z").unwrap().to_rfc3339(), "2026-11-21T08:00:00.000Z");
    }

    #[test]
    fn f35_what_is_no_timestamp_is_400() {
        let bad = [
            "",
            "2026-11-21",
            "2026-11-21T08:00:00",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T08:00:00.Z",
            "2026-11-21T08:00:00+0200",
            "2026-11-21T08:00:00Zx",
            "+026-11-21T08:00:00Z",
            "2026-11-21T08:00:00€",
        ];
        for text in bad {
            assert_eq!(Timestamp::parse(text).unwrap_err().http_status(), 400, "{text}");
        }
    }

    #[test]
    fn every_day_of_a_thousand_years_reads_back() {
        let mut day = Timestamp::from_date(1600, 1, 1).unwrap();
        for _ in 0..366_000 {
            let civil = day.civil();
            assert_eq!(Timestamp::from_date(civil.year, civil.month, civil.day), Some(day));
            day = day.plus_days(1);
        }
        assert_eq!(Timestamp::from_millis(-1).to_rfc3339(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn http_dates_read_back() {
        let moment = Timestamp::from_millis(1_795_248_000_000);
        assert_eq!(moment.to_http(), "Sat, 21 Nov 2026 08:00:00 GMT");
        assert_eq!(Timestamp::parse_http("Sat, 21 Nov 2026 08:00:00 GMT"), Some(moment));
        assert_eq!(Timestamp::parse_http("yesterday"), None);
        assert_eq!(Timestamp::parse_http("Sat, 21 Nov 2026 08:00:00 CET"), None);
    }

    #[test]
    fn json_is_rfc3339() {
        let json = serde_json::to_string(&Timestamp::from_millis(5)).unwrap();
        assert_eq!(json, "\"1970-01-01T00:00:00.005Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap().millis(), 5);
        assert_eq!(Timestamp::parse_date("1970-01-02").unwrap().millis(), DAY);
    }
}
