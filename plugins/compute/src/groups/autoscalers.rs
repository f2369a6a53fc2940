//! Autoscalers: they keep a group's size between their limits; there is no load here that they could follow.
//! <https://cloud.google.com/compute/docs/reference/rest/v1/autoscalers>

use super::reconcile;
use compute_api::call::Call;
use compute_api::operation::Then;
use compute_api::store::{self, Resource};
use compute_api::{change, failure};
use fogbank_sdk::db::Transaction;
use fogbank_sdk::{Error, Reply, Request, Result};
use serde_json::{Value, json};

/// `POST .../autoscalers`
///
/// Errors: 400 for limits that are none, or a group that has an autoscaler; 404 for a group that is not there; 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let body = call.body(&mut request)?;
    change::insert(&call, body, settle)
}

/// `PATCH .../autoscalers?autoscaler=NAME`
///
/// Errors: as [`insert`].
pub fn patch(mut request: Request) -> Result<Reply> {
    change::patch(&mut request, |tx, _, autoscaler| settle(tx, autoscaler))
}

/// `PUT .../autoscalers?autoscaler=NAME`
///
/// Errors: as [`insert`].
pub fn update(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let mut body = call.body(&mut request)?;
    let path = match request.query("autoscaler").filter(|name| !name.is_empty()) {
        Some(name) => call.path(name),
        None => call.path(body.get("name").and_then(Value::as_str).ok_or_else(|| failure::required("autoscaler"))?),
    };
    body.remove("name");
    change::change(&call, &path, |tx, autoscaler| {
        change::replace(autoscaler, body.clone())?;
        settle(tx, autoscaler)
    })
}

fn settle(tx: &Transaction, autoscaler: &mut Resource) -> Result<Then> {
    let target = autoscaler.link("target").filter(|target| target.collection == "instanceGroupManagers");
    let target = target.ok_or_else(|| {
        failure::invalid(
            "resource.target",
            autoscaler.text("target").unwrap_or_default(),
            "It has to be a managed instance group.",
        )
    })?;
    if target.scope != autoscaler.path.scope {
        return Err(failure::invalid(
            "resource.target",
            target,
            "The group has to be in the zone or region of the autoscaler.",
        ));
    }
    let mut manager = store::load(tx, &target)?;
    let others = store::linked(tx, &target, "autoscalers")?;
    if let Some(other) = others.iter().find(|other| other.path != autoscaler.path) {
        let message = format!("The instance group manager '{target}' is already being autoscaled by '{}'.", other.path);
        return Err(Error::already_exists(message));
    }
    let size = manager.body.get("targetSize").and_then(Value::as_u64).unwrap_or_default();
    let wanted = wanted(autoscaler, size)?;
    autoscaler.set("status", "ACTIVE");
    autoscaler.set("recommendedSize", wanted);
    if wanted != size {
        manager.set("targetSize", wanted);
        store::save(tx, &manager)?;
        reconcile::wake(tx, &manager)?;
    }
    Ok(Then::Done)
}

/// The size between the limits that is next to `size`, and completes the policy with what the API says by itself.
fn wanted(autoscaler: &mut Resource, size: u64) -> Result<u64> {
    let Some(policy) = autoscaler.body.get_mut("autoscalingPolicy").and_then(Value::as_object_mut) else {
        return Err(failure::required("resource.autoscalingPolicy"));
    };
    let most = policy.get("maxNumReplicas").and_then(Value::as_u64);
    let most = most.ok_or_else(|| failure::required("resource.autoscalingPolicy.maxNumReplicas"))?;
    let least = policy.get("minNumReplicas").and_then(Value::as_u64).unwrap_or(2.min(most));
    if least > most {
        let why = "The minimum must be less than or equal to the maximum number of replicas.";
        return Err(failure::invalid("resource.autoscalingPolicy.minNumReplicas", least, why));
    }
    for (field, value) in [("minNumReplicas", json!(least)), ("coolDownPeriodSec", json!(60)), ("mode", json!("ON"))] {
        policy.entry(field).or_insert(value);
    }
    if !["cpuUtilization", "loadBalancingUtilization", "customMetricUtilizations", "scalingSchedules"]
        .iter()
        .any(|signal| policy.contains_key(*signal))
    {
        policy.insert("cpuUtilization".into(), json!({"utilizationTarget": 0.6, "predictiveMethod": "NONE"}));
    }
    Ok(match policy.get("mode").and_then(Value::as_str) {
        Some("OFF") => size,
        Some("ONLY_UP" | "ONLY_SCALE_OUT") => size.max(least),
        _ => size.clamp(least, most),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use compute_api::path::Path;

    fn want(policy: Value, size: u64) -> Result<u64> {
        let path = Path::parse("projects/p/zones/us-central1-a/autoscalers/a").unwrap();
        let mut autoscaler = Resource::new(path, serde_json::Map::new()).unwrap();
        autoscaler.set("autoscalingPolicy", policy);
        wanted(&mut autoscaler, size)
    }

    #[test]
    fn a_group_is_kept_between_the_limits() {
        assert_eq!(want(json!({"maxNumReplicas": 5}), 9).unwrap(), 5);
        assert_eq!(want(json!({"maxNumReplicas": 5, "minNumReplicas": 3}), 1).unwrap(), 3);
        assert_eq!(want(json!({"maxNumReplicas": 5, "mode": "OFF"}), 9).unwrap(), 9);
        assert!(want(json!({"maxNumReplicas": 2, "minNumReplicas": 3}), 1).is_err() && want(json!({}), 1).is_err());
    }
}
