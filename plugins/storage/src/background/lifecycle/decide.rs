//! What lifecycle rules say about one generation of an object. Nothing here looks at the database.
//! <https://cloud.google.com/storage/docs/lifecycle>

use crate::buckets::settings::midnight;
use crate::model::config::{Condition, Rule};
use crate::model::storage_class;
use crate::objects::record::{Object, State};
use fogbank_sdk::Timestamp;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Keep,
    Delete,
    /// Into this storage class.
    Move(String),
}

/// The action of the rules that `object` meets. Deletion goes before a change of class, and of several classes the
/// coldest counts. `newer` is the number of newer generations of the name.
pub fn decide(rules: &[Rule], object: &Object, newer: i64, now: Timestamp) -> Decision {
    let met = || rules.iter().filter(|rule| meets(&rule.condition, object, newer, now));
    if met().any(|rule| rule.action.r#type == "Delete") {
        return Decision::Delete;
    }
    let classes = met().filter(|rule| rule.action.r#type == "SetStorageClass");
    let classes = classes.filter_map(|rule| rule.action.storage_class.as_deref());
    let allowed = classes.filter(|class| storage_class::may_become(&object.storage_class, class));
    let coldest = allowed.reduce(|best, class| if storage_class::may_become(best, class) { class } else { best });
    coldest.map_or(Decision::Keep, |class| Decision::Move(class.to_owned()))
}

/// Whether all conditions that are there hold.
pub fn meets(condition: &Condition, object: &Object, newer: i64, now: Timestamp) -> bool {
    in_time(condition, object, now)
        && versions(condition, object, newer)
        && names(condition, &object.name)
        && condition.matches_storage_class.as_ref().is_none_or(|classes| classes.contains(&object.storage_class))
        && condition.size_above_bytes.is_none_or(|size| object.size > size.0.unsigned_abs())
        && condition.size_below_bytes.is_none_or(|size| object.size < size.0.unsigned_abs())
}

fn in_time(condition: &Condition, object: &Object, now: Timestamp) -> bool {
    let days = |days: Option<crate::model::number::Int32>, since: Option<Timestamp>| {
        days.is_none_or(|days| since.is_some_and(|since| since.plus_days(days.0.into()) <= now))
    };
    let before = |date: &Option<String>, time: Option<Timestamp>| {
        date.as_deref().is_none_or(|date| midnight(date).zip(time).is_some_and(|(midnight, time)| time < midnight))
    };
    let noncurrent = object.noncurrent.filter(|_| object.state == State::Noncurrent);
    days(condition.age, Some(object.created))
        && days(condition.days_since_custom_time, object.custom_time)
        && days(condition.days_since_noncurrent_time, noncurrent)
        && before(&condition.created_before, Some(object.created))
        && before(&condition.custom_time_before, object.custom_time)
        && before(&condition.noncurrent_time_before, noncurrent)
}

fn versions(condition: &Condition, object: &Object, newer: i64) -> bool {
    condition.is_live.is_none_or(|live| live == (object.state == State::Live))
        && condition.num_newer_versions.is_none_or(|least| newer >= least.0.into())
}

/// The conditions on a name, which uploads in parts have as well.
pub fn names(condition: &Condition, name: &str) -> bool {
    let any = |list: &Option<Vec<String>>, fits: fn(&str, &str) -> bool| {
        list.as_ref().is_none_or(|list| list.iter().any(|text| fits(name, text)))
    };
    any(&condition.matches_prefix, |name, prefix| name.starts_with(prefix))
        && any(&condition.matches_suffix, |name, suffix| name.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const DAY: i64 = 86_400_000;

    /// 2026-06-15T12:00:00Z
    fn noon() -> Timestamp {
        Timestamp::parse("2026-06-15T12:00:00Z").unwrap()
    }

    fn object() -> Object {
        Object {
            name: "logs/a.txt".into(),
            storage_class: "STANDARD".into(),
            created: noon(),
            size: 10,
            ..Object::default()
        }
    }

    fn holds(condition: Value, object: &Object, newer: i64, now: Timestamp) -> bool {
        meets(&serde_json::from_value(condition).unwrap(), object, newer, now)
    }

    fn at(date: &str, object: &Object, condition: Value) -> bool {
        holds(condition, object, 0, Timestamp::parse(date).unwrap())
    }

    #[test]
    fn age_counts_whole_days_from_creation() {
        assert!(!holds(json!({"age": 30}), &object(), 0, noon().plus_millis(30 * DAY - 1)));
        assert!(holds(json!({"age": 30}), &object(), 0, noon().plus_days(30)));
        assert!(holds(json!({"age": 0}), &object(), 0, noon()));
    }

    #[test]
    fn created_before_is_midnight_of_its_date() {
        assert!(!at("2027-01-01T00:00:00Z", &object(), json!({"createdBefore": "2026-06-15"})));
        assert!(at("2027-01-01T00:00:00Z", &object(), json!({"createdBefore": "2026-06-16"})));
    }

    #[test]
    fn custom_time_counts_only_where_it_is_set() {
        let with = Object { custom_time: Some(noon()), ..object() };
        assert!(!holds(json!({"daysSinceCustomTime": 2}), &with, 0, noon().plus_millis(2 * DAY - 1)));
        assert!(holds(json!({"daysSinceCustomTime": 2}), &with, 0, noon().plus_days(2)));
        assert!(!holds(json!({"daysSinceCustomTime": 0}), &object(), 0, noon().plus_days(2)));
        assert!(!holds(json!({"customTimeBefore": "2026-06-15"}), &with, 0, noon()));
        assert!(holds(json!({"customTimeBefore": "2026-06-16"}), &with, 0, noon()));
        assert!(!holds(json!({"customTimeBefore": "2026-06-16"}), &object(), 0, noon()));
    }

    fn noncurrent() -> Object {
        Object { state: State::Noncurrent, noncurrent: Some(noon()), created: noon().plus_days(-100), ..object() }
    }

    #[test]
    fn noncurrent_time_counts_only_for_noncurrent_generations() {
        let days = json!({"daysSinceNoncurrentTime": 3});
        assert!(!holds(days.clone(), &noncurrent(), 1, noon().plus_millis(3 * DAY - 1)));
        assert!(holds(days.clone(), &noncurrent(), 1, noon().plus_days(3)));
        assert!(!holds(days, &object(), 0, noon().plus_days(300)));
        assert!(!holds(json!({"noncurrentTimeBefore": "2026-06-15"}), &noncurrent(), 1, noon()));
        assert!(holds(json!({"noncurrentTimeBefore": "2026-06-16"}), &noncurrent(), 1, noon()));
        assert!(!holds(json!({"noncurrentTimeBefore": "2030-01-01"}), &object(), 0, noon()));
    }

    #[test]
    fn is_live_tells_the_live_generation_from_the_others() {
        assert!(holds(json!({"isLive": true}), &object(), 0, noon()));
        assert!(!holds(json!({"isLive": false}), &object(), 0, noon()));
        assert!(holds(json!({"isLive": false}), &noncurrent(), 1, noon()));
        assert!(!holds(json!({"isLive": true}), &noncurrent(), 1, noon()));
    }

    #[test]
    fn newer_versions_are_counted() {
        assert!(!holds(json!({"numNewerVersions": 2}), &noncurrent(), 1, noon()));
        assert!(holds(json!({"numNewerVersions": 2}), &noncurrent(), 2, noon()));
    }

    #[test]
    fn classes_sizes_and_names_are_compared() {
        assert!(holds(json!({"matchesStorageClass": ["NEARLINE", "STANDARD"]}), &object(), 0, noon()));
        assert!(!holds(json!({"matchesStorageClass": ["NEARLINE"]}), &object(), 0, noon()));
        assert!(holds(json!({"matchesPrefix": ["x/", "logs/"]}), &object(), 0, noon()));
        assert!(!holds(json!({"matchesPrefix": ["log/"]}), &object(), 0, noon()));
        assert!(holds(json!({"matchesSuffix": [".txt"]}), &object(), 0, noon()));
        assert!(!holds(json!({"matchesSuffix": [".csv"]}), &object(), 0, noon()));
        assert!(holds(json!({"sizeAboveBytes": "9", "sizeBelowBytes": "11"}), &object(), 0, noon()));
        assert!(!holds(json!({"sizeAboveBytes": "10"}), &object(), 0, noon()));
        assert!(!holds(json!({"sizeBelowBytes": "10"}), &object(), 0, noon()));
    }

    #[test]
    fn all_conditions_of_a_rule_have_to_hold() {
        let both = json!({"age": 1, "matchesPrefix": ["logs/"]});
        assert!(!holds(both.clone(), &object(), 0, noon()));
        assert!(holds(both.clone(), &object(), 0, noon().plus_days(1)));
        assert!(!holds(both, &Object { name: "x".into(), ..object() }, 0, noon().plus_days(1)));
    }

    fn decision(rules: Value, object: &Object) -> Decision {
        let rules: Vec<Rule> = serde_json::from_value(rules).unwrap();
        decide(&rules, object, 0, noon().plus_days(1))
    }

    fn rule(kind: &str, class: Option<&str>, age: i64) -> Value {
        json!({"action": {"type": kind, "storageClass": class}, "condition": {"age": age}})
    }

    #[test]
    fn nothing_is_done_before_its_time() {
        assert_eq!(decision(json!([rule("Delete", None, 2)]), &object()), Decision::Keep);
        assert_eq!(decision(json!([rule("Delete", None, 1)]), &object()), Decision::Delete);
        assert_eq!(decision(json!([rule("SetStorageClass", Some("NEARLINE"), 2)]), &object()), Decision::Keep);
        let moved = Decision::Move("NEARLINE".into());
        assert_eq!(decision(json!([rule("SetStorageClass", Some("NEARLINE"), 1)]), &object()), moved);
    }

    #[test]
    fn deletion_goes_before_a_change_of_class() {
        let rules = json!([rule("SetStorageClass", Some("NEARLINE"), 1), rule("Delete", None, 1)]);
        assert_eq!(decision(rules, &object()), Decision::Delete);
    }

    #[test]
    fn the_coldest_class_counts_and_nothing_gets_warmer() {
        let two = json!([rule("SetStorageClass", Some("ARCHIVE"), 1), rule("SetStorageClass", Some("NEARLINE"), 1)]);
        assert_eq!(decision(two, &object()), Decision::Move("ARCHIVE".into()));
        let cold = Object { storage_class: "ARCHIVE".into(), ..object() };
        assert_eq!(decision(json!([rule("SetStorageClass", Some("NEARLINE"), 1)]), &cold), Decision::Keep);
    }

    #[test]
    fn rules_about_uploads_do_nothing_to_objects() {
        assert_eq!(decision(json!([rule("AbortIncompleteMultipartUpload", None, 0)]), &object()), Decision::Keep);
    }
}
