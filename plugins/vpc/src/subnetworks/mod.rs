//! Subnetworks. <https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks>
//!
//! | module | what it is |
//! |---|---|
//! | [`change`] | insert, patch, growth, access, delete |
//! | [`space`] | which ranges a network's subnetworks have, and what does not go beside them |
//! | [`usable`] | the list of subnetworks that machines may be in |

pub mod change;
pub mod space;
pub mod usable;

use crate::range::Range;
use crate::reference;
use compute_api::{failure, generic, list as lists, show};
use fogbank_sdk::{Reply, Request, Response, Result};
use serde_json::{Map, Value, json};

pub use change::{delete, expand_ip_cidr_range, insert, patch, set_private_ip_google_access};
pub use generic::{get_iam_policy, set_iam_policy, test_iam_permissions};
pub use space::ranges_of;
pub use usable::list_usable;

/// `GET .../subnetworks/S`
///
/// Errors: 404.
pub fn get(request: Request) -> Result<Reply> {
    let call = compute_api::call::Call::of(&request)?;
    let subnetwork = compute_api::store::get(&call.target(&request)?)?;
    Ok(Response::json(&show::resource(&subnetwork, &call.base)?).into())
}

/// `GET .../subnetworks`
pub fn list(request: Request) -> Result<Reply> {
    lists::list(&request, |_| Ok(())).map(Reply::from)
}

/// `GET .../aggregated/subnetworks`
pub fn aggregated_list(request: Request) -> Result<Reply> {
    lists::aggregated(&request, |_| Ok(())).map(Reply::from)
}

/// What a subnetwork of a range has where nothing else is said.
pub fn defaults(body: &mut Map<String, Value>, range: Range) {
    body.insert("gatewayAddress".to_owned(), range.gateway().into());
    reference::default(body, "purpose", "PRIVATE");
    reference::default(body, "stackType", "IPV4_ONLY");
    reference::default(body, "privateIpGoogleAccess", false);
    reference::default(body, "privateIpv6GoogleAccess", "DISABLE_GOOGLE_ACCESS");
}

/// Checks and completes what has to do with flow logs: the switch stands in two places.
pub fn flow_logs(body: &mut Map<String, Value>) -> Result<()> {
    let mut log = match body.remove("logConfig") {
        Some(Value::Object(log)) => log,
        _ => Map::new(),
    };
    if log.is_empty() && !body.contains_key("enableFlowLogs") {
        return Ok(());
    }
    let enabled =
        match (log.get("enable").and_then(Value::as_bool), body.get("enableFlowLogs").and_then(Value::as_bool)) {
            (Some(enabled), _) => enabled,
            (None, Some(enabled)) => enabled,
            (None, None) => false,
        };
    log.insert("enable".to_owned(), enabled.into());
    body.insert("enableFlowLogs".to_owned(), enabled.into());
    if enabled {
        reference::default(&mut log, "aggregationInterval", "INTERVAL_5_SEC");
        reference::default(&mut log, "flowSampling", json!(0.5));
        reference::default(&mut log, "metadata", "EXCLUDE_ALL_METADATA");
        let sampling = log["flowSampling"].as_f64().unwrap_or(-1.0);
        if !(0.0..=1.0).contains(&sampling) {
            let why = "It has to be from 0 to 1.";
            return Err(failure::invalid("resource.logConfig.flowSampling", sampling, why));
        }
        if log.contains_key("metadataFields") && log["metadata"] != "CUSTOM_METADATA" {
            let why = "They go with CUSTOM_METADATA only.";
            return Err(failure::invalid("resource.logConfig.metadataFields", "", why));
        }
    }
    body.insert("logConfig".to_owned(), Value::Object(log));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_logs(body: Value) -> Result<Value> {
        let Value::Object(mut body) = body else { panic!("no object") };
        flow_logs(&mut body).map(|()| Value::Object(body))
    }

    #[test]
    fn flow_logs_have_two_switches_that_agree() {
        assert_eq!(with_logs(json!({})).unwrap(), json!({}));
        let on = json!({"enableFlowLogs": true, "logConfig": {"enable": true, "aggregationInterval": "INTERVAL_5_SEC",
            "flowSampling": 0.5, "metadata": "EXCLUDE_ALL_METADATA"}});
        assert_eq!(with_logs(json!({"enableFlowLogs": true})).unwrap(), on);
        assert_eq!(with_logs(json!({"logConfig": {"enable": true}})).unwrap(), on);
        assert_eq!(with_logs(json!({"logConfig": {"enable": false}})).unwrap()["enableFlowLogs"], false);
        assert!(with_logs(json!({"logConfig": {"enable": true, "flowSampling": 1.5}})).is_err());
    }

    #[test]
    fn a_subnetwork_has_the_documented_defaults() {
        let mut body = Map::new();
        defaults(&mut body, Range::of([10, 0, 0, 0], 24));
        assert_eq!(
            (&body["gatewayAddress"], &body["purpose"], &body["stackType"]),
            (&json!("10.0.0.1"), &json!("PRIVATE"), &json!("IPV4_ONLY"))
        );
    }
}
