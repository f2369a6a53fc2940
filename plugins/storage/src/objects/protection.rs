//! What keeps an object from being deleted or replaced: holds, the bucket's retention policy, a retention of its own.
//!
//! <https://cloud.google.com/storage/docs/bucket-lock>, <https://cloud.google.com/storage/docs/object-lock>,
//! <https://cloud.google.com/storage/docs/object-holds>

use super::attributes::Attributes;
use super::record::{Object, Retention};
use crate::model::config::Config;
use fogbank_sdk::{Code, Error, Result, Timestamp};

/// When the object may be deleted at the earliest; none where nothing says so, or where an event-based hold keeps the
/// clock from starting.
pub fn expiration(object: &Object, config: &Config) -> Option<Timestamp> {
    let by_policy = config.retention_ms().filter(|_| !object.event_based_hold).map(|period| {
        let begins = object.hold_released.unwrap_or(object.created);
        begins.plus_millis(period)
    });
    by_policy.max(object.retention.as_ref().map(|retention| retention.until))
}

/// Refuses with 403 what would end this generation at `now`. Versioning lets a generation under retention become
/// noncurrent (`archives`), a hold does not.
pub fn require_removable(object: &Object, bucket: &str, config: &Config, archives: bool, now: Timestamp) -> Result<()> {
    let name = &object.name;
    let hold = match (object.temporary_hold, object.event_based_hold) {
        (true, _) => Some("Temporary"),
        (_, true) => Some("Event-Based"),
        _ => None,
    };
    if let Some(hold) = hold {
        return Err(refused(
            "objectUnderActiveHold",
            format!(
                "Object '{bucket}/{name}' is under active {hold} hold and cannot be deleted, overwritten or archived \
                 until hold is removed."
            ),
        ));
    }
    match expiration(object, config).filter(|until| *until > now && !archives) {
        None => Ok(()),
        Some(until) => Err(refused(
            "retentionPolicyNotMet",
            format!(
                "Object '{bucket}/{name}' is subject to bucket's retention policy or object retention and cannot be \
                 deleted or overwritten until {}",
                until.to_rfc3339()
            ),
        )),
    }
}

/// Writes holds, retention and custom time into `object`, which is being made or changed at `now`. `overrides` says
/// that an unlocked retention may be cut short (`overrideUnlockedRetention`).
pub fn write(wanted: &Attributes, object: &mut Object, config: &Config, overrides: bool, now: Timestamp) -> Result<()> {
    let held = object.event_based_hold;
    object.event_based_hold = wanted.event_based_hold.unwrap_or_default();
    object.temporary_hold = wanted.temporary_hold.unwrap_or_default();
    if held && !object.event_based_hold {
        object.hold_released = Some(now);
    }
    object.custom_time = later(object.custom_time, wanted.custom_time)?;
    let retention = match &wanted.retention {
        Some(retention) => retention.checked()?,
        None => None,
    };
    retain(object, retention, config, overrides, now)
}

/// A custom time can be set once and then only moved forward.
fn later(before: Option<Timestamp>, wanted: Option<Timestamp>) -> Result<Option<Timestamp>> {
    if before.is_some_and(|before| wanted.is_none_or(|wanted| wanted < before)) {
        return Err(Error::invalid("Custom time cannot be removed or set to an earlier time."));
    }
    Ok(wanted)
}

fn retain(
    object: &mut Object,
    wanted: Option<Retention>,
    config: &Config,
    overrides: bool,
    now: Timestamp,
) -> Result<()> {
    if object.retention == wanted {
        return Ok(());
    }
    if wanted.is_some() && !config.allows_object_retention() {
        return Err(Error::invalid("The bucket does not allow retention of single objects."));
    }
    if wanted.as_ref().is_some_and(|wanted| wanted.until <= now) {
        return Err(Error::invalid("Retain until time must be in the future."));
    }
    let shorter = object.retention.as_ref().is_some_and(|before| shortens(before, wanted.as_ref()));
    let locked = object.retention.as_ref().is_some_and(|before| before.locked && before.until > now);
    if shorter && locked {
        return Err(Error::forbidden("A locked retention can neither be shortened, unlocked nor removed."));
    }
    if shorter && !overrides {
        return Err(Error::forbidden(
            "An unlocked retention is shortened or removed only with overrideUnlockedRetention=true.",
        ));
    }
    object.retention = wanted;
    Ok(())
}

/// Whether a retention ends earlier, or is locked no longer.
pub fn shortens(before: &Retention, wanted: Option<&Retention>) -> bool {
    wanted.is_none_or(|wanted| wanted.until < before.until || (before.locked && !wanted.locked))
}

fn refused(reason: &str, message: String) -> Error {
    Error::new(Code::PermissionDenied, reason, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn config(value: Value) -> Config {
        serde_json::from_value(value).unwrap()
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn reason(object: &Object, config: &Config, archives: bool, now: i64) -> Option<String> {
        require_removable(object, "b", config, archives, at(now)).err().map(|error| error.reason().to_owned())
    }

    #[test]
    fn f38_retention_ends_at_its_instant() {
        let policy = config(json!({"retentionPolicy": {"retentionPeriod": "10"}}));
        let object = Object { created: at(1000), ..Object::default() };
        assert_eq!(expiration(&object, &policy), Some(at(11_000)));
        assert_eq!(reason(&object, &policy, false, 10_999).as_deref(), Some("retentionPolicyNotMet"));
        assert_eq!(reason(&object, &policy, true, 10_999), None);
        assert_eq!(reason(&object, &policy, false, 11_000), None);
        assert_eq!(reason(&object, &config(json!({})), false, 0), None);
    }

    #[test]
    fn holds_keep_whatever_the_time() {
        for object in [
            Object { temporary_hold: true, ..Object::default() },
            Object { event_based_hold: true, ..Object::default() },
        ] {
            assert_eq!(reason(&object, &config(json!({})), true, i64::MAX).as_deref(), Some("objectUnderActiveHold"));
        }
    }

    #[test]
    fn an_event_based_hold_starts_the_clock_when_it_is_released() {
        let policy = config(json!({"retentionPolicy": {"retentionPeriod": "10"}}));
        let mut object = Object { event_based_hold: true, created: at(0), ..Object::default() };
        assert_eq!(expiration(&object, &policy), None);
        let released = Attributes { event_based_hold: Some(false), ..Attributes::default() };
        write(&released, &mut object, &policy, false, at(5000)).unwrap();
        assert_eq!(expiration(&object, &policy), Some(at(15_000)));
    }

    fn retention(mode: &str, until: i64) -> Attributes {
        let wanted = json!({"retention": {"mode": mode, "retainUntilTime": at(until).to_rfc3339()}});
        serde_json::from_value(wanted).unwrap()
    }

    #[test]
    fn an_objects_retention_grows_and_shrinks_by_its_rules() {
        let allowed = config(json!({"objectRetention": {"mode": "Enabled"}}));
        let mut object = Object::default();
        let mut set = |wanted: Attributes, overrides| {
            write(&wanted, &mut object, &allowed, overrides, at(1000)).map_err(|error| error.http_status())
        };
        assert_eq!(set(retention("Unlocked", 500), false), Err(400));
        assert_eq!(set(retention("Unlocked", 5000), false), Ok(()));
        assert_eq!(set(retention("Unlocked", 4000), false), Err(403));
        assert_eq!(set(retention("Unlocked", 4000), true), Ok(()));
        assert_eq!(set(retention("Locked", 4000), false), Ok(()));
        assert_eq!(set(retention("Locked", 6000), false), Ok(()));
        assert_eq!(set(retention("Locked", 5999), true), Err(403));
        assert_eq!(set(retention("Unlocked", 7000), true), Err(403));
        assert_eq!(set(Attributes::default(), true), Err(403));
        let mut other = Object::default();
        let wanted = retention("Locked", 5000);
        assert!(write(&wanted, &mut other, &config(json!({})), false, at(0)).is_err());
    }

    #[test]
    fn f38_a_custom_time_only_moves_forward() {
        assert_eq!(later(None, Some(at(5))).unwrap(), Some(at(5)));
        assert_eq!(later(Some(at(5)), Some(at(6))).unwrap(), Some(at(6)));
        assert!(later(Some(at(5)), Some(at(4))).is_err());
        assert!(later(Some(at(5)), None).is_err());
    }
}
