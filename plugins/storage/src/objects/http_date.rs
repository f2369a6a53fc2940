//! Dates of HTTP headers (RFC 9110, section 5.6.7): whole seconds, always GMT.

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY_MS: i64 = 86_400_000;

/// `Sun, 06 Nov 1994 08:49:37 GMT` for milliseconds since 1970; parts of a second are cut off.
pub fn format(ms: i64) -> String {
    let days = ms.div_euclid(DAY_MS);
    let seconds = ms.rem_euclid(DAY_MS) / 1000;
    let (year, month, day) = civil(days);
    format!(
        "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        DAYS[days.rem_euclid(7) as usize],
        MONTHS[month as usize - 1],
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Milliseconds since 1970 of a date in any of the three forms that HTTP knows; none where it is not one, and the
/// header is then passed over.
pub fn parse(text: &str) -> Option<i64> {
    let fields: Vec<&str> = text.split([' ', ',', '-']).filter(|field| !field.is_empty()).collect();
    let (day, month, year, clock) = match fields[..] {
        [_, day, month, year, clock, "GMT"] => (day, month, year, clock),
        [_, month, day, clock, year] => (day, month, year, clock),
        _ => return None,
    };
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? as i64 + 1;
    let mut year: i64 = year.parse().ok()?;
    if year < 100 {
        year += if year < 70 { 2000 } else { 1900 };
    }
    let day: i64 = day.parse().ok()?;
    let mut clock = clock.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let sane = (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60 && (1..10_000).contains(&year);
    let positive = hour >= 0 && minute >= 0 && second >= 0 && clock.next().is_none();
    (sane && positive)
        .then(|| days_from_civil(year, month, day) * DAY_MS + (hour * 3600 + minute * 60 + second) * 1000)
}

/// Year, month and day of a number of days since 1970, in the Gregorian calendar: eras of 400 years that begin on
/// the first of March, so that the leap day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f38_the_three_forms_are_one_instant() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(parse(text), Some(784_111_777_000), "{text}");
        }
        assert_eq!(format(784_111_777_999), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn f38_dates_survive_leap_years_and_centuries() {
        for ms in [0, 951_782_400_000, 1_709_164_800_000, 4_107_542_400_000, 1_795_248_000_000] {
            assert_eq!(parse(&format(ms)), Some(ms), "{}", format(ms));
        }
        assert_eq!(format(951_782_400_000), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(format(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn f35_what_is_not_a_date_is_none() {
        for text in ["", "yesterday", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 8:-1:0 GMT"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
