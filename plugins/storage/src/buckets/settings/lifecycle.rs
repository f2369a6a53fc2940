//! Lifecycle rules: what may stand in them, and their normal form.
//! <https://cloud.google.com/storage/docs/lifecycle>

use crate::model::config::{Action, Condition, Config, Rule};
use crate::model::storage_class;
use fogbank_sdk::{Error, Result, Timestamp};

const MOST_RULES: usize = 100;

pub(super) fn settle(wanted: &mut Config) -> Result<()> {
    let Some(lifecycle) = &mut wanted.lifecycle else { return Ok(()) };
    if lifecycle.rule.len() > MOST_RULES {
        return Err(Error::invalid(format!("A lifecycle configuration can have at most {MOST_RULES} rules.")));
    }
    lifecycle.rule.iter_mut().try_for_each(rule)?;
    if lifecycle.rule.is_empty() {
        wanted.lifecycle = None;
    }
    Ok(())
}

fn rule(rule: &mut Rule) -> Result<()> {
    tidy(&mut rule.condition);
    numbers(&rule.condition)?;
    dates(&rule.condition)?;
    classes(&mut rule.condition)?;
    action(&mut rule.action)?;
    fits(rule)
}

/// Empty lists say nothing.
fn tidy(condition: &mut Condition) {
    condition.matches_prefix.take_if(|list| list.is_empty());
    condition.matches_suffix.take_if(|list| list.is_empty());
    condition.matches_storage_class.take_if(|list| list.is_empty());
}

fn numbers(condition: &Condition) -> Result<()> {
    let days = [
        condition.age,
        condition.days_since_custom_time,
        condition.days_since_noncurrent_time,
        condition.num_newer_versions,
    ];
    let sizes = [condition.size_above_bytes, condition.size_below_bytes];
    if days.into_iter().flatten().any(|days| days.0 < 0) || sizes.into_iter().flatten().any(|size| size.0 < 0) {
        return Err(Error::invalid("Numbers in a lifecycle condition cannot be negative."));
    }
    if condition.matches_pattern.is_some() {
        return Err(Error::invalid("The lifecycle condition matchesPattern is not available."));
    }
    Ok(())
}

fn dates(condition: &Condition) -> Result<()> {
    let dates = [&condition.created_before, &condition.custom_time_before, &condition.noncurrent_time_before];
    for date in dates.into_iter().flatten() {
        if midnight(date).is_none() {
            return Err(Error::invalid(format!("Invalid date in a lifecycle condition: {date}")));
        }
    }
    Ok(())
}

/// The instant at which `date` (`YYYY-MM-DD`) begins in UTC.
pub fn midnight(date: &str) -> Option<Timestamp> {
    Timestamp::parse_date(date).ok()
}

fn classes(condition: &mut Condition) -> Result<()> {
    for class in condition.matches_storage_class.iter_mut().flatten() {
        *class = known(class)?.to_owned();
    }
    Ok(())
}

fn known(class: &str) -> Result<&'static str> {
    storage_class::canonical(class).ok_or_else(|| Error::invalid(format!("Invalid storage class: {class}")))
}

fn action(action: &mut Action) -> Result<()> {
    match action.r#type.as_str() {
        "Delete" | "AbortIncompleteMultipartUpload" => action.storage_class = None,
        "SetStorageClass" => {
            let class = action.storage_class.as_deref().filter(|class| !class.is_empty());
            let class = class.ok_or_else(|| Error::invalid("SetStorageClass needs a storageClass."))?;
            action.storage_class = Some(known(class)?.to_owned());
        }
        other => return Err(Error::invalid(format!("Invalid lifecycle action: {other:?}"))),
    }
    Ok(())
}

/// A rule has a condition, and a rule about uploads only those that uploads can meet.
fn fits(rule: &Rule) -> Result<()> {
    let condition = &rule.condition;
    if *condition == Condition::default() {
        return Err(Error::invalid("A lifecycle rule must have at least one condition."));
    }
    let rest = Condition { age: None, matches_prefix: None, matches_suffix: None, ..condition.clone() };
    if rule.action.r#type == "AbortIncompleteMultipartUpload" && rest != Condition::default() {
        let message = "AbortIncompleteMultipartUpload allows only the conditions age, matchesPrefix and matchesSuffix.";
        return Err(Error::invalid(message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{refusal, settled};
    use serde_json::{Value, json};

    fn with(rule: Value) -> fogbank_sdk::Result<Value> {
        let config = settled(None, json!({"lifecycle": {"rule": [rule]}}))?;
        Ok(serde_json::to_value(config.lifecycle).unwrap()["rule"][0].clone())
    }

    #[test]
    fn rules_come_back_in_normal_form() {
        let rule = with(json!({"action": {"type": "SetStorageClass", "storageClass": "nearline"},
                               "condition": {"age": "30", "matchesPrefix": [], "matchesStorageClass": ["standard"]}}));
        let normal = json!({"action": {"type": "SetStorageClass", "storageClass": "NEARLINE"},
                            "condition": {"age": 30, "matchesStorageClass": ["STANDARD"]}});
        assert_eq!(rule.unwrap(), normal);
    }

    #[test]
    fn no_rules_is_no_lifecycle() {
        assert_eq!(settled(None, json!({"lifecycle": {}})).unwrap().lifecycle, None);
        assert_eq!(settled(None, json!({"lifecycle": {"rule": []}})).unwrap().lifecycle, None);
    }

    #[test]
    fn rules_that_mean_nothing_are_refused() {
        let delete = json!({"type": "Delete"});
        let bad = [
            json!({"action": delete, "condition": {}}),
            json!({"action": delete, "condition": {"age": -1}}),
            json!({"action": delete, "condition": {"createdBefore": "2026-13-01"}}),
            json!({"action": delete, "condition": {"createdBefore": "yesterday"}}),
            json!({"action": delete, "condition": {"matchesStorageClass": ["FRIDGE"]}}),
            json!({"action": delete, "condition": {"age": 1, "matchesPattern": ".*"}}),
            json!({"action": {"type": "Shred"}, "condition": {"age": 1}}),
            json!({"action": {"type": "SetStorageClass"}, "condition": {"age": 1}}),
            json!({"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"isLive": true}}),
        ];
        for rule in bad {
            assert_eq!(refusal(settled(None, json!({"lifecycle": {"rule": [rule]}}))).0, 400, "{rule}");
        }
    }
}
