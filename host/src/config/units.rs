//! Sizes and times as people write them in manifests and configuration: `128MiB`, `5TiB`, `250ms`, `10m`.

use std::time::Duration;

const SIZES: [(&str, u64); 6] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1), ("", 1)];

const TIMES: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Bytes of a whole number with a binary unit (`B`, `KiB`, `MiB`, `GiB`, `TiB`) or none.
pub fn size(text: &str) -> Result<u64, String> {
    quantity(text, &SIZES)
        .ok_or_else(|| format!("`{text}` is no size: write a whole number with B, KiB, MiB, GiB or TiB"))
}

/// The time that a whole number with a unit (`ms`, `s`, `m`, `h`, `d`) says.
pub fn time(text: &str) -> Result<Duration, String> {
    quantity(text, &TIMES)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("`{text}` is no time: write a whole number with ms, s, m, h or d"))
}

fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = units.iter().find(|(name, _)| *name == unit.trim_start())?.1;
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_read() {
        assert_eq!(size("128MiB"), Ok(128 << 20));
        assert_eq!(size("5 TiB"), Ok(5 << 40));
        assert_eq!(size("17"), Ok(17));
        assert_eq!(time("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(time("10m"), Ok(Duration::from_secs(600)));
    }

    #[test]
    fn what_has_no_unit_or_overflows_is_refused() {
        for text in ["", "MiB", "-1B", "1.5GiB", "5 parsecs", "99999999TiB"] {
            assert!(size(text).is_err(), "{text}");
        }
        for text in ["", "5", "1 day", "s"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
