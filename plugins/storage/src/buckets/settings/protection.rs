//! What keeps objects: the bucket's retention policy and its lock, retention of single objects, soft delete.
//! <https://cloud.google.com/storage/docs/bucket-lock>, <https://cloud.google.com/storage/docs/soft-delete>

use super::Subject;
use crate::model::config::{Config, RetentionPolicy, SoftDeletePolicy};
use crate::model::number::Int64;
use fogbank_sdk::{Error, Result};

const DAY: i64 = 86_400;
/// Less than a hundred years.
const LONGEST_RETENTION: i64 = 36_525 * DAY;
const DEFAULT_SOFT_DELETE: Int64 = Int64(7 * DAY);

pub(super) fn settle(wanted: &mut Config, subject: &Subject) -> Result<()> {
    retention(wanted, subject)?;
    object_retention(wanted, subject)?;
    soft_delete(wanted, subject)?;
    Ok(())
}

fn retention(wanted: &mut Config, subject: &Subject) -> Result<()> {
    let before = subject.old.and_then(|old| old.retention_policy.as_ref());
    let locked = before.filter(|policy| policy.is_locked);
    wanted.retention_policy.take_if(|policy| policy.retention_period.0 == 0 && locked.is_none());
    let Some(policy) = &mut wanted.retention_policy else {
        return match locked {
            Some(_) => Err(frozen("remove", subject.name)),
            None => Ok(()),
        };
    };
    check_period(policy, locked, subject.name)?;
    let same = before.filter(|before| before.retention_period == policy.retention_period);
    policy.is_locked = locked.is_some();
    policy.effective_time = same.map_or_else(|| Some(subject.now.to_rfc3339()), |same| same.effective_time.clone());
    Ok(())
}

fn check_period(policy: &RetentionPolicy, locked: Option<&RetentionPolicy>, bucket: &str) -> Result<()> {
    let seconds = policy.retention_period.0;
    if !(1..LONGEST_RETENTION).contains(&seconds) {
        return Err(Error::invalid("Retention period must be greater than zero and less than 100 years."));
    }
    match locked {
        Some(locked) if seconds < locked.retention_period.0 => Err(frozen("reduce retention duration of", bucket)),
        _ => Ok(()),
    }
}

fn frozen(what: &str, bucket: &str) -> Error {
    Error::forbidden(format!("Cannot {what} a locked Retention Policy for bucket '{bucket}'."))
}

/// Retention of objects is switched on when a bucket is made (`enableObjectRetention`) and stays on.
fn object_retention(wanted: &mut Config, subject: &Subject) -> Result<()> {
    if let Some(old) = subject.old {
        wanted.object_retention.clone_from(&old.object_retention);
    }
    match wanted.object_retention.as_ref().map(|retention| retention.mode.as_str()) {
        None | Some("Enabled") => Ok(()),
        Some(_) => Err(Error::invalid("objectRetention.mode can only be Enabled.")),
    }
}

/// Off, or between 7 and 90 days; 7 days where nobody says. Effective from the last change.
fn soft_delete(wanted: &mut Config, subject: &Subject) -> Result<()> {
    let policy = wanted.soft_delete_policy.get_or_insert_default();
    let seconds = *policy.retention_duration_seconds.get_or_insert(DEFAULT_SOFT_DELETE);
    if seconds.0 != 0 && !(7 * DAY..=90 * DAY).contains(&seconds.0) {
        let message = "Soft delete retention duration must be 0 or between 7 and 90 days (604800 to 7776000 seconds).";
        return Err(Error::invalid(message));
    }
    let before = subject.old.and_then(|old| old.soft_delete_policy.as_ref());
    policy.effective_time = Some(effective(before, seconds).unwrap_or_else(|| subject.now.to_rfc3339()));
    if let Some(pause) = &mut policy.hard_delete_pause {
        let before = before.and_then(|before| before.hard_delete_pause.as_ref());
        let same = before.filter(|before| before.enabled == pause.enabled);
        pause.effective_time = same.map_or_else(|| Some(subject.now.to_rfc3339()), |same| same.effective_time.clone());
    }
    Ok(())
}

fn effective(before: Option<&SoftDeletePolicy>, seconds: Int64) -> Option<String> {
    before.filter(|before| before.retention_duration_seconds == Some(seconds))?.effective_time.clone()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, at, refusal, settled};
    use super::*;
    use serde_json::{Value, json};

    fn period(seconds: i64) -> Value {
        json!({"retentionPolicy": {"retentionPeriod": seconds.to_string(), "isLocked": true, "effectiveTime": "2000-01-01T00:00:00Z"}})
    }

    fn locked(seconds: i64) -> Config {
        let mut config = settled(None, period(seconds)).unwrap();
        config.retention_policy.as_mut().unwrap().is_locked = true;
        config
    }

    #[test]
    fn a_client_does_not_lock_by_writing() {
        let policy = settled(None, period(3600)).unwrap().retention_policy.unwrap();
        assert!(!policy.is_locked);
        assert_ne!(policy.effective_time.unwrap(), "2000-01-01T00:00:00Z");
    }

    #[test]
    fn a_policy_is_effective_from_its_last_change() {
        let first = at(NOW, None, period(60)).unwrap();
        let same = at(NOW + 9000, Some(&first), period(60)).unwrap();
        let longer = at(NOW + 9000, Some(&first), period(61)).unwrap();
        assert_eq!(same.retention_policy, first.retention_policy);
        assert_ne!(longer.retention_policy.unwrap().effective_time, first.retention_policy.unwrap().effective_time);
    }

    #[test]
    fn an_unlocked_policy_can_be_shortened_and_removed() {
        let old = settled(None, period(3600)).unwrap();
        assert_eq!(settled(Some(&old), period(60)).unwrap().retention_ms(), Some(60_000));
        assert_eq!(settled(Some(&old), json!({})).unwrap().retention_policy, None);
        assert_eq!(settled(Some(&old), period(0)).unwrap().retention_policy, None);
    }

    #[test]
    fn a_locked_policy_can_only_grow() {
        let old = locked(3600);
        assert_eq!(refusal(settled(Some(&old), period(3599))).0, 403);
        assert_eq!(refusal(settled(Some(&old), json!({}))).0, 403);
        let grown = settled(Some(&old), period(7200)).unwrap().retention_policy.unwrap();
        assert!(grown.is_locked);
    }

    #[test]
    fn retention_is_shorter_than_a_century() {
        assert_eq!(refusal(settled(None, period(-1))).0, 400);
        assert_eq!(refusal(settled(None, period(LONGEST_RETENTION))).0, 400);
        assert!(settled(None, period(LONGEST_RETENTION - 1)).is_ok());
    }

    #[test]
    fn soft_delete_is_a_week_where_nobody_says() {
        let config = settled(None, json!({})).unwrap();
        assert_eq!(config.soft_delete_ms(), Some(604_800_000));
        assert!(config.soft_delete_policy.unwrap().effective_time.is_some());
    }

    #[test]
    fn soft_delete_is_off_or_between_7_and_90_days() {
        let seconds = |seconds: i64| settled(None, json!({"softDeletePolicy": {"retentionDurationSeconds": seconds}}));
        assert_eq!(seconds(0).unwrap().soft_delete_ms(), None);
        assert!(seconds(7 * DAY).is_ok() && seconds(90 * DAY).is_ok());
        assert_eq!(refusal(seconds(7 * DAY - 1)).0, 400);
        assert_eq!(refusal(seconds(90 * DAY + 1)).0, 400);
    }

    #[test]
    fn object_retention_is_decided_when_a_bucket_is_made() {
        let with = settled(None, json!({"objectRetention": {"mode": "Enabled"}})).unwrap();
        let without = settled(None, json!({})).unwrap();
        assert!(settled(Some(&with), json!({})).unwrap().allows_object_retention());
        assert!(
            !settled(Some(&without), json!({"objectRetention": {"mode": "Enabled"}}))
                .unwrap()
                .allows_object_retention()
        );
    }
}
