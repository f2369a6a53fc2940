//! `AbortIncompleteMultipartUpload`: uploads in parts that nobody completed.

use super::decide;
use crate::model::bucket::Bucket;
use crate::model::config::{Condition, Rule};
use crate::xml::multipart::record;
use fogbank_sdk::db::{self, params};
use fogbank_sdk::{Result, Timestamp, context};

const PAGE: usize = 500;

/// Aborts the uploads that a rule meets, with their parts.
pub(super) fn abort(bucket: &Bucket, rules: &[Rule]) -> Result<()> {
    let rules = rules.iter().filter(|rule| rule.action.r#type == "AbortIncompleteMultipartUpload");
    let conditions: Vec<_> = rules.map(|rule| &rule.condition).collect();
    if conditions.is_empty() {
        return Ok(());
    }
    let mut after = String::new();
    loop {
        let sql =
            "SELECT id, name, created_ms FROM multipart_uploads WHERE bucket = $1 AND id > $2 ORDER BY id LIMIT $3";
        let rows = db::query(sql, params![bucket.id, &after, PAGE])?;
        for row in &rows {
            after = row.get("id")?;
            let (name, created): (String, i64) = (row.get("name")?, row.get("created_ms")?);
            let created = Timestamp::from_millis(created);
            if conditions.iter().any(|condition| meets(condition, &name, created, context::now())) {
                record::abort(&after)?;
            }
        }
        if rows.len() < PAGE {
            return Ok(());
        }
    }
}

fn meets(condition: &Condition, name: &str, created: Timestamp, now: Timestamp) -> bool {
    condition.age.is_none_or(|days| created.plus_days(days.0.into()) <= now) && decide::names(condition, name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_upload_is_aborted_when_it_is_old_enough() {
        let condition: Condition = serde_json::from_value(json!({"age": 7, "matchesPrefix": ["tmp/"]})).unwrap();
        let begun = Timestamp::from_millis(0);
        let week = begun.plus_days(7);
        assert!(!meets(&condition, "tmp/a", begun, week.plus_millis(-1)));
        assert!(meets(&condition, "tmp/a", begun, week));
        assert!(!meets(&condition, "a", begun, week));
    }
}
