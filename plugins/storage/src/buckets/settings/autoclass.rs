//! Autoclass: storage classes that follow use. <https://cloud.google.com/storage/docs/autoclass>

use super::Subject;
use crate::model::config::{Autoclass, Config};
use fogbank_sdk::{Error, Result};

pub(super) fn settle(wanted: &mut Config, subject: &Subject) -> Result<()> {
    let before = subject.old.and_then(|old| old.autoclass.clone());
    let mut autoclass = wanted.autoclass.take().unwrap_or_default();
    if !autoclass.enabled && before.is_none() {
        return Ok(());
    }
    let now = subject.now.to_rfc3339();
    let before = before.unwrap_or_default();
    autoclass.toggle_time =
        if before.enabled == autoclass.enabled { before.toggle_time.clone() } else { Some(now.clone()) };
    if autoclass.enabled {
        check_class(wanted)?;
        terminal(&mut autoclass, &before, now)?;
    } else {
        autoclass.terminal_storage_class = None;
        autoclass.terminal_storage_class_update_time = None;
    }
    wanted.autoclass = Some(autoclass);
    Ok(())
}

/// With autoclass the class of new objects is STANDARD, and no rule sets another.
fn check_class(wanted: &Config) -> Result<()> {
    if wanted.storage_class != "STANDARD" {
        return Err(Error::invalid("The default storage class of a bucket with Autoclass must be STANDARD."));
    }
    let rules = wanted.lifecycle.iter().flat_map(|lifecycle| &lifecycle.rule);
    if rules.into_iter().any(|rule| rule.action.r#type == "SetStorageClass") {
        return Err(Error::invalid("SetStorageClass lifecycle rules are not allowed in a bucket with Autoclass."));
    }
    Ok(())
}

fn terminal(autoclass: &mut Autoclass, before: &Autoclass, now: String) -> Result<()> {
    let class = autoclass.terminal_storage_class.get_or_insert_with(|| "NEARLINE".to_owned());
    class.make_ascii_uppercase();
    if !["NEARLINE", "ARCHIVE"].contains(&class.as_str()) {
        return Err(Error::invalid(format!("Invalid terminal storage class: {class}")));
    }
    let same = before.terminal_storage_class == autoclass.terminal_storage_class;
    autoclass.terminal_storage_class_update_time =
        if same { before.terminal_storage_class_update_time.clone() } else { Some(now) };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, at, refusal, settled};
    use serde_json::json;

    #[test]
    fn it_is_absent_until_it_is_switched_on() {
        assert_eq!(settled(None, json!({"autoclass": {"enabled": false}})).unwrap().autoclass, None);
        let on = settled(None, json!({"autoclass": {"enabled": true}})).unwrap().autoclass.unwrap();
        assert_eq!(on.terminal_storage_class.as_deref(), Some("NEARLINE"));
        assert!(on.toggle_time.is_some());
    }

    #[test]
    fn the_toggle_time_is_that_of_the_last_toggle() {
        let on = at(NOW, None, json!({"autoclass": {"enabled": true}})).unwrap();
        let still =
            at(NOW + 5, Some(&on), json!({"autoclass": {"enabled": true, "toggleTime": "2000-01-01T00:00:00Z"}}))
                .unwrap();
        let off = at(NOW + 5, Some(&on), json!({"autoclass": {"enabled": false}})).unwrap();
        assert_eq!(still.autoclass, on.autoclass);
        assert_ne!(off.autoclass.unwrap().toggle_time, on.autoclass.unwrap().toggle_time);
    }

    #[test]
    fn it_goes_with_standard_storage_only() {
        assert_eq!(refusal(settled(None, json!({"autoclass": {"enabled": true}, "storageClass": "NEARLINE"}))).0, 400);
        assert_eq!(
            refusal(settled(None, json!({"autoclass": {"enabled": true, "terminalStorageClass": "COLDLINE"}}))).0,
            400
        );
    }
}
