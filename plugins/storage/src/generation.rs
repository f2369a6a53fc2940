//! Generation numbers: microseconds since 1970 on the tenant's clock, and always above every generation that the name
//! still has, so that the generations of a name are distinct and ordered even where the clock stands still.

use fogbank_sdk::Result;
use fogbank_sdk::db::{Transaction, params};
use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since 1970 on the tenant's clock.
pub fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The generation that a write at `now_us` gets, where `latest` is the highest that the name has.
pub fn after(now_us: i64, latest: Option<i64>) -> i64 {
    latest.map_or(now_us, |latest| now_us.max(latest + 1)).max(1)
}

/// The next generation of `name` in `bucket`, to be used in the same transaction.
pub fn next(tx: &Transaction, bucket: i64, name: &str) -> Result<i64> {
    let sql = "SELECT MAX(generation) AS latest FROM objects WHERE bucket = $1 AND name = $2";
    let row = tx.query_one(sql, params![bucket, name])?;
    let latest = row.map(|row| row.get::<Option<i64>>("latest")).transpose()?.flatten();
    Ok(after(now_us(), latest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f02_generations_grow_where_the_clock_does_not() {
        assert_eq!(after(1_000, None), 1_000);
        assert_eq!(after(1_000, Some(999)), 1_000);
        assert_eq!(after(1_000, Some(1_000)), 1_001);
        assert_eq!(after(500, Some(1_000)), 1_001);
        assert_eq!(after(0, None), 1);
    }
}
