//! How a managed group goes over to another version: `updatePolicy`.

use super::{manager, versions};
use compute_api::failure;
use compute_api::path::Scope;
use compute_api::store::Resource;
use fogbank_sdk::Result;
use serde_json::{Value, json};

/// What is done to an instance that goes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Disruption {
    /// Nothing.
    None,
    /// It is told its labels and its metadata.
    Refresh,
    /// It is stopped and started.
    Restart,
    /// It is made anew.
    Replace,
}

// === impl Disruption ===

impl Disruption {
    /// As the API says it; [`Self::None`] for what it does not say.
    pub fn of(text: &Value) -> Self {
        match text.as_str() {
            Some("REFRESH") => Self::Refresh,
            Some("RESTART") => Self::Restart,
            Some("REPLACE") => Self::Replace,
            _ => Self::None,
        }
    }
}

/// What a group's update policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Whether instances go over by themselves.
    pub proactive: bool,
    /// What is done at least.
    pub least: Disruption,
    /// Whether what is made anew keeps its name.
    pub keeps_names: bool,
    /// So many instances may be there beyond the size meanwhile.
    pub surge: usize,
    /// So many may not run meanwhile.
    pub unavailable: usize,
}

/// The policy of a group.
pub fn of(manager: &Resource) -> Policy {
    let policy = manager.body.get("updatePolicy").unwrap_or(&Value::Null);
    let keeps_names = policy["replacementMethod"] == "RECREATE";
    let surge = if keeps_names { 0 } else { number(manager, &policy["maxSurge"], true) };
    let unavailable = number(manager, &policy["maxUnavailable"], false);
    Policy {
        proactive: policy["type"] == "PROACTIVE",
        least: Disruption::of(&policy["minimalAction"]),
        keeps_names,
        surge,
        // Something has to give way.
        unavailable: if surge == 0 { unavailable.max(1) } else { unavailable },
    }
}

/// A number of instances: fixed, or a part of them in percent.
fn number(manager: &Resource, value: &Value, up: bool) -> usize {
    let size = versions::size(manager);
    match (value["fixed"].as_u64(), value["percent"].as_u64()) {
        (Some(fixed), _) => fixed as usize,
        (None, Some(percent)) if up => (size * percent as usize).div_ceil(100),
        (None, Some(percent)) => size * percent as usize / 100,
        (None, None) => manager::zones(manager).len(),
    }
}

/// Completes the policy of a group. `before` is what it was: a number that comes in percent takes the place of one that does not.
///
/// Errors: 400 where nothing may surge and nothing be unavailable.
pub fn settle(before: Option<&Resource>, manager: &mut Resource) -> Result<()> {
    let zones = manager::zones(manager).len();
    let regional = matches!(manager.path.scope, Scope::Region(_));
    let was = before.and_then(|before| before.body.get("updatePolicy")).cloned().unwrap_or_default();
    let policy = manager.body.entry("updatePolicy").or_insert_with(|| json!({}));
    for field in ["maxSurge", "maxUnavailable"] {
        let Some(value) = policy[field].as_object_mut() else { continue };
        value.remove("calculated");
        if value.contains_key("fixed") && value.contains_key("percent") {
            let old = if was[field].get("fixed").is_some() { "fixed" } else { "percent" };
            value.remove(old);
        }
    }
    let keeps_names = policy["replacementMethod"] == "RECREATE";
    let surge = if keeps_names { 0 } else { zones };
    let Some(fields) = policy.as_object_mut() else { return Ok(()) };
    fields.retain(|_, value| !value.is_null());
    for (field, value) in [
        ("type", json!("OPPORTUNISTIC")),
        ("minimalAction", json!("REPLACE")),
        ("replacementMethod", json!("SUBSTITUTE")),
        ("maxSurge", json!({"fixed": surge})),
        ("maxUnavailable", json!({"fixed": zones})),
    ] {
        fields.entry(field).or_insert(value);
    }
    if regional {
        fields.entry("instanceRedistributionType").or_insert(json!("PROACTIVE"));
    }
    let nothing = |value: &Value| value["fixed"] == 0 || value["percent"] == 0;
    let refused = |field: &str, why: &str| Err(failure::invalid(&format!("resource.updatePolicy.{field}"), 0, why));
    match (nothing(&policy["maxSurge"]), nothing(&policy["maxUnavailable"])) {
        (true, true) => refused("maxUnavailable", "maxSurge and maxUnavailable cannot both be 0."),
        (false, _) if keeps_names => refused("maxSurge", "maxSurge has to be 0 where instances are recreated."),
        _ => Ok(()),
    }
}

/// Adds to the policy what its numbers come to.
pub fn show(manager: &mut Resource) {
    for (field, up) in [("maxSurge", true), ("maxUnavailable", false)] {
        let Some(value) = manager.body.get("updatePolicy").map(|policy| policy[field].clone()) else { return };
        let calculated = number(manager, &value, up);
        if let Some(value) = manager.body.get_mut("updatePolicy").and_then(|policy| policy.get_mut(field)) {
            value["calculated"] = json!(calculated);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use compute_api::path::Path;

    fn group(policy: Value) -> Resource {
        let path = Path::parse("projects/p/zones/us-central1-a/instanceGroupManagers/g").unwrap();
        let body = json!({"targetSize": 5, "updatePolicy": policy});
        Resource::new(path, body.as_object().unwrap().clone()).unwrap()
    }

    #[test]
    fn parts_in_percent_are_rounded_to_the_safe_side() {
        let policy = of(&group(json!({"maxSurge": {"percent": 30}, "maxUnavailable": {"percent": 30}})));
        assert_eq!((policy.surge, policy.unavailable), (2, 1));
    }

    #[test]
    fn a_number_in_percent_takes_the_place_of_a_fixed_one() {
        let before = group(json!({"maxSurge": {"fixed": 1}}));
        let mut after = group(json!({"maxSurge": {"fixed": 1, "percent": 50}}));
        settle(Some(&before), &mut after).unwrap();
        assert_eq!(after.body["updatePolicy"]["maxSurge"], json!({"percent": 50}));
    }

    #[test]
    fn something_has_to_give_way() {
        let still = json!({"maxSurge": {"fixed": 0}, "maxUnavailable": {"fixed": 0}});
        assert_eq!(settle(None, &mut group(still)).unwrap_err().http_status(), 400);
    }
}
