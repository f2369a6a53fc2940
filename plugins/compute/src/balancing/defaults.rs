//! What the API fills in where a body says nothing: what clients read back.
//! <https://cloud.google.com/compute/docs/reference/rest/v1/healthChecks> and its like

use compute_api::call::Call;
use compute_api::change::{self, done};
use fogbank_sdk::{Reply, Request, Result};
use serde_json::{Map, Value, json};

/// How often and how long is asked, and how often in a row an answer counts.
const INTERVALS: [(&str, i64); 4] =
    [("checkIntervalSec", 5), ("timeoutSec", 5), ("healthyThreshold", 2), ("unhealthyThreshold", 2)];

/// `POST` of a collection that is kept as it is sent, with its defaults.
///
/// Errors: 400, 404 for a link to what is not there, 409.
pub fn insert(mut request: Request) -> Result<Reply> {
    let call = Call::of(&request)?;
    let mut body = call.body(&mut request)?;
    complete(call.collection.name, &mut body);
    change::insert(&call, body, done)
}

/// `PUT` of a resource of such a collection.
///
/// Errors: as [`compute_api::generic::update`].
pub fn update(request: Request) -> Result<Reply> {
    let collection = Call::of(&request)?.collection.name;
    compute_api::generic::update_with(request, |body| complete(collection, body))
}

/// Fills in what a body of a collection does not say.
pub fn complete(collection: &str, body: &mut Map<String, Value>) {
    match collection {
        "healthChecks" => health_check(body),
        "httpHealthChecks" => legacy_check(body, 80),
        "httpsHealthChecks" => legacy_check(body, 443),
        "backendServices" => backend_service(body),
        "forwardingRules" => forwarding_rule(body),
        "targetHttpsProxies" => fill(body, &json!({"quicOverride": "NONE"})),
        "sslPolicies" => fill(body, &json!({"profile": "COMPATIBLE", "minTlsVersion": "TLS_1_0"})),
        "targetPools" => fill(body, &json!({"sessionAffinity": "NONE"})),
        "backendBuckets" => fill(body, &json!({"enableCdn": false})),
        "nodeTemplates" => fill(body, &json!({"status": "READY"})),
        // The other end never answers, for nothing is sent there.
        "vpnTunnels" => fill(
            body,
            &json!({"status": "NO_INCOMING_PACKETS", "ikeVersion": 2,
            "detailedStatus": "No incoming packets from peer"}),
        ),
        "vpnGateways" => fill(body, &json!({"stackType": "IPV4_ONLY"})),
        _ => {}
    }
}

/// Puts the fields of `defaults` where there are none.
fn fill(body: &mut Map<String, Value>, defaults: &Value) {
    for (name, value) in defaults.as_object().into_iter().flatten() {
        body.entry(name.clone()).or_insert_with(|| value.clone());
    }
}

fn fill_in(value: &mut Value, defaults: &Value) {
    if let Some(body) = value.as_object_mut() {
        fill(body, defaults);
    }
}

fn intervals(body: &mut Map<String, Value>) {
    for (name, value) in INTERVALS {
        body.entry(name).or_insert(json!(value));
    }
}

fn legacy_check(body: &mut Map<String, Value>, port: u16) {
    intervals(body);
    fill(body, &json!({"port": port, "requestPath": "/"}));
}

fn health_check(body: &mut Map<String, Value>) {
    intervals(body);
    let (field, port, http) = match body.get("type").and_then(Value::as_str) {
        Some("HTTP") => ("httpHealthCheck", Some(80), true),
        Some("HTTPS") => ("httpsHealthCheck", Some(443), true),
        Some("HTTP2") => ("http2HealthCheck", Some(443), true),
        Some("TCP") => ("tcpHealthCheck", None, false),
        Some("SSL") => ("sslHealthCheck", None, false),
        _ => return,
    };
    let check = body.entry(field).or_insert_with(|| json!({}));
    fill_in(check, &json!({"proxyHeader": "NONE"}));
    if http {
        fill_in(check, &json!({"requestPath": "/"}));
    }
    let named = ["portName", "portSpecification"].iter().any(|field| check.get(*field).is_some());
    if let (Some(port), false) = (port, named) {
        fill_in(check, &json!({"port": port}));
    }
}

fn backend_service(body: &mut Map<String, Value>) {
    fill(body, &json!({"loadBalancingScheme": "EXTERNAL"}));
    let internal = body["loadBalancingScheme"] == "INTERNAL";
    fill(
        body,
        &json!({
            "protocol": if internal { "TCP" } else { "HTTP" },
            "timeoutSec": 30,
            "sessionAffinity": "NONE",
            "affinityCookieTtlSec": 0,
            "connectionDraining": {"drainingTimeoutSec": 0},
            "enableCDN": false,
        }),
    );
    if !internal {
        fill(body, &json!({"port": 80, "portName": "http"}));
    }
    for backend in body.get_mut("backends").and_then(Value::as_array_mut).into_iter().flatten() {
        fill_in(backend, &json!({"balancingMode": if internal { "CONNECTION" } else { "UTILIZATION" }}));
        if backend["balancingMode"] == "UTILIZATION" {
            fill_in(backend, &json!({"maxUtilization": 0.8}));
        }
        if !internal {
            fill_in(backend, &json!({"capacityScaler": 1.0}));
        }
    }
}

fn forwarding_rule(body: &mut Map<String, Value>) {
    fill(body, &json!({"IPProtocol": "TCP", "loadBalancingScheme": "EXTERNAL", "networkTier": "PREMIUM"}));
    if let Some(Value::String(range)) = body.get_mut("portRange")
        && !range.is_empty()
        && !range.contains('-')
    {
        *range = format!("{range}-{range}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(collection: &str, body: Value) -> Value {
        let mut body = body.as_object().cloned().unwrap();
        complete(collection, &mut body);
        Value::Object(body)
    }

    #[test]
    fn what_is_said_stays_and_the_rest_is_filled_in() {
        let check = completed(
            "healthChecks",
            json!({"type": "HTTP", "timeoutSec": 3, "httpHealthCheck": {"requestPath": "/ready"}}),
        );
        assert_eq!((&check["timeoutSec"], &check["checkIntervalSec"]), (&json!(3), &json!(5)));
        assert_eq!(check["httpHealthCheck"], json!({"requestPath": "/ready", "proxyHeader": "NONE", "port": 80}));
        let named = completed("healthChecks", json!({"type": "HTTP", "httpHealthCheck": {"portName": "web"}}));
        assert!(named["httpHealthCheck"].get("port").is_none());
    }

    #[test]
    fn a_backend_says_how_it_is_balanced() {
        let external = completed("backendServices", json!({"backends": [{"group": "g"}]}));
        assert_eq!(external["backends"][0]["balancingMode"], "UTILIZATION");
        assert_eq!((&external["port"], &external["protocol"]), (&json!(80), &json!("HTTP")));
        let internal =
            completed("backendServices", json!({"loadBalancingScheme": "INTERNAL", "backends": [{"group": "g"}]}));
        assert_eq!(
            (&internal["backends"][0]["balancingMode"], &internal["protocol"]),
            (&json!("CONNECTION"), &json!("TCP"))
        );
        assert!(internal.get("port").is_none());
    }

    #[test]
    fn one_port_is_a_range() {
        assert_eq!(completed("forwardingRules", json!({"portRange": "80"}))["portRange"], "80-80");
        assert_eq!(completed("forwardingRules", json!({"portRange": "80-90"}))["portRange"], "80-90");
    }
}
