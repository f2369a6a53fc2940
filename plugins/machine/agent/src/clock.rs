//! Dates without a library: the console's time stamps, and the time at which an SSH key expires. All in UTC.

use std::time::{SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Seconds since 1970. A clock set before that counts as 1970.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs() as i64)
}

/// Days since 1970 of a date of the Gregorian calendar; years are counted from March, so that the leap day comes last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Month (0 to 11) and day of the month of a day since 1970.
fn month_and_day(days: i64) -> (usize, i64) {
    let day_of_era = (days + 719_468).rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    (((month + 2) % 12) as usize, day_of_year - (153 * month + 2) / 5 + 1)
}

/// A time as syslog writes it: `Nov  1 15:03:46`.
pub fn stamp(unix: i64) -> String {
    let (month, day) = month_and_day(unix.div_euclid(86_400));
    let second = unix.rem_euclid(86_400);
    format!("{} {day:>2} {:02}:{:02}:{:02}", MONTHS[month], second / 3600, second / 60 % 60, second % 60)
}

/// Reads a time such as `2026-11-21T15:03:46+0000`, `...46.5Z` or `...46-08:00`; `None` if it is not one.
pub fn parse(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let zone_at = rest.find(['Z', '+', '-'])?;
    let (time, zone) = rest.split_at(zone_at);
    let time = time.split('.').next()?;
    let mut time = time.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let sane = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..61).contains(&second);
    sane.then_some(())?;
    Some(days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset(zone)?)
}

/// Seconds that a zone (`Z`, `+0100`, `-08:00`) is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits = zone.get(1..)?.replace(':', "");
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at(2);
    Some(sign * (hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_syslogs() {
        assert_eq!(stamp(0), "Jan  1 00:00:00");
        assert_eq!(stamp(951_782_399), "Feb 28 23:59:59");
        assert_eq!(stamp(951_782_400), "Feb 29 00:00:00");
        assert_eq!(stamp(1_795_273_426), "Nov 21 15:03:46");
    }

    #[test]
    fn times_are_read_with_their_zones() {
        assert_eq!(parse("1970-01-01T00:00:00+0000"), Some(0));
        assert_eq!(parse("2026-11-21T15:03:46Z"), Some(1_795_273_426));
        assert_eq!(parse("2026-11-21T15:03:46.25Z"), Some(1_795_273_426));
        assert_eq!(parse("2026-11-21T07:03:46-08:00"), Some(1_795_273_426));
        assert_eq!(parse("2026-11-21T16:03:46+0100"), Some(1_795_273_426));
        assert_eq!(parse("2000-02-29T00:00:00Z"), Some(951_782_400));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "tomorrow", "2026-13-01T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00+1"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
